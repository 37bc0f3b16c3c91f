"""What the audit log says of each kind of change."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

WORDS = {
    "agreements_imported": _l("Agreements imported"),
    "answered_for_customer": _l("Answered for customer"),
    "delegated": _l("Delegated"),
    "delegation_withdrawn": _l("Delegation withdrawn"),
    "department_added": _l("Department added"),
    "department_changed": _l("Department changed"),
    "department_member_put": _l("Department member put"),
    "department_member_removed": _l("Department member removed"),
    "effect_retried": _l("Effect retried"),
    "effect_skipped": _l("Effect skipped"),
    "file_refused": _l("File refused"),
    "flow_switched": _l("Flow switched"),
    "invitation_accepted": _l("Invitation accepted"),
    "invitation_withdrawn": _l("Invitation withdrawn"),
    "invited": _l("Invited"),
    "mails_turned_off": _l("Mails turned off"),
    "member_removed": _l("Member removed"),
    "notice_choices_changed": _l("Notice choices changed"),
    "onboarding_not_started": _l("Onboarding not started"),
    "organisation_added": _l("Organisation added"),
    "organisation_changed": _l("Organisation changed"),
    "password_set": _l("Password set"),
    "payment_paid_back": _l("Payment paid back"),
    "payment_refund_asked": _l("Payment refund asked"),
    "person_added": _l("Person added"),
    "person_deactivated": _l("Person deactivated"),
    "person_reactivated": _l("Person reactivated"),
    "product_added": _l("Product added"),
    "product_changed": _l("Product changed"),
    "profile_changed": _l("Profile changed"),
    "refresh_token_reused": _l("Refresh token reused"),
    "reply_changed": _l("Reply changed"),
    "reply_removed": _l("Reply removed"),
    "reply_shared": _l("Reply shared"),
    "role_added": _l("Role added"),
    "role_changed": _l("Role changed"),
    "role_given": _l("Role given"),
    "roles_given": _l("Roles given"),
    "second_factor_begun": _l("Second factor begun"),
    "second_factor_confirmed": _l("Second factor confirmed"),
    "second_factor_reset": _l("Second factor reset"),
    "sensitive_answer_read": _l("Sensitive answer read"),
    "sensitive_file_opened": _l("Sensitive file opened"),
    "sign_in_code_sent": _l("Sign in code sent"),
    "signed_in": _l("Signed in"),
    "signed_out": _l("Signed out"),
    "signed_out_by_staff": _l("Signed out by staff"),
    "signed_out_everywhere": _l("Signed out everywhere"),
    "view_removed": _l("View removed"),
    "view_shared": _l("View shared"),
    "view_unshared": _l("View no longer shared"),
}


def words_of(kind: str) -> str:
    """In words; what a plugin notes is said by its own name."""
    return WORDS[kind] if kind in WORDS else kind.replace("_", " ").capitalize()

"""Accounts: signing in and out, second factors, passwords, invitations, people. One import for every door.

Verbs of signing in run in `unit_of_work(NOBODY)` and return `SignedIn | Denied`: a denial is an answer, not an error,
because the counted try must be kept. Too many tries raise `Busy`. Moments here are real time, never the moved clock.
"""

from flows.actions.accounts.app_tokens import AppTokens, issue_app_tokens, refresh_app_tokens, revoke_app_tokens
from flows.actions.accounts.codes import (
    WRONG_LINK,
    person_of_link,
    send_code,
    sign_in_with_code,
    sign_in_with_link,
    sign_in_with_password,
)
from flows.actions.accounts.factors import begin_totp, check_totp, confirm_totp, enrol, reset_totp, totp_address
from flows.actions.accounts.inviting import accept_invitation, invitation_of, invite, withdraw_invitation
from flows.actions.accounts.passwords import hash_password, is_fresh, set_password
from flows.actions.accounts.people import (
    add_customer_organisation,
    add_person,
    change_profile,
    deactivate_user,
    own_organisation,
    reactivate_user,
    remove_member,
    slug_of,
)
from flows.actions.accounts.sessions import (
    CUSTOMER_IDLE,
    NOBODY,
    SEEN_EVERY,
    Denied,
    Device,
    SignedIn,
    actor_for_token,
    actor_of,
    find_sign_in,
    is_due_to_be_seen,
    open_sign_in,
    see,
    sign_out,
    sign_out_everywhere,
)
from flows.actions.accounts.tallies import count_try

__all__ = [
    "CUSTOMER_IDLE",
    "NOBODY",
    "SEEN_EVERY",
    "WRONG_LINK",
    "AppTokens",
    "Denied",
    "Device",
    "SignedIn",
    "accept_invitation",
    "actor_for_token",
    "actor_of",
    "add_customer_organisation",
    "add_person",
    "begin_totp",
    "change_profile",
    "check_totp",
    "confirm_totp",
    "count_try",
    "deactivate_user",
    "enrol",
    "find_sign_in",
    "hash_password",
    "invitation_of",
    "invite",
    "is_due_to_be_seen",
    "is_fresh",
    "issue_app_tokens",
    "open_sign_in",
    "own_organisation",
    "person_of_link",
    "reactivate_user",
    "refresh_app_tokens",
    "remove_member",
    "reset_totp",
    "revoke_app_tokens",
    "see",
    "send_code",
    "set_password",
    "sign_in_with_code",
    "sign_in_with_link",
    "sign_in_with_password",
    "sign_out",
    "sign_out_everywhere",
    "slug_of",
    "totp_address",
    "withdraw_invitation",
]

"""Accepting an invitation: name, password if wanted, language and time zone; then one is in (X27)."""

from __future__ import annotations

from flask import Blueprint, flash, g, render_template, request, session
from sqlalchemy import select
from werkzeug.wrappers import Response

from flows import catalogue
from flows.access import read_as
from flows.actions import accounts
from flows.actions.accounts import Denied
from flows.catalogue import FlowDefinition
from flows.models import Invitation, Organisation, User
from flows.rules.actors import SYSTEM
from flows.rules.errors import Invalid, Refused
from flows.words import LANGUAGES
from flows.words import gettext as _
from flows.work import unit_of_work
from portal.forms import text
from portal.may import may
from portal.pages.profile import zones
from portal.pages.sign_in import finish
from portal.web import device, time_zone
from portal.wording import flow_of

pages = Blueprint("invite", __name__)


@pages.get("/invite/<token>")
@may("public")
def form(token: str) -> str:
    return _form(token, {"name": _name_of(token), "time_zone": time_zone(), "language": "en"})


@pages.post("/invite/<token>")
@may("public")
def accept(token: str) -> Response | tuple[str, int]:
    try:
        with unit_of_work(accounts.NOBODY) as work:
            outcome = accounts.accept_invitation(
                work,
                token,
                device(),
                name=text("name"),
                password=request.form.get("password", ""),
                time_zone=text("time_zone"),
                language=text("language") or "en",
            )
    except Invalid as invalid:
        return _form(token, request.form, invalid.by_field()), 422
    if isinstance(outcome, Denied):
        raise Refused(outcome.detail, code="link-expired")
    _leave_earlier_session()
    begun = outcome.begun.reference if outcome.begun is not None else ""
    joined = finish(outcome, keep=True, then=f"/tasks/{begun}" if begun else "")
    # only now: signing in empties the session
    flash(
        _("Welcome. This is what we need from you, step by step. You can stop at any time and come back later.")
        if begun
        else _("Welcome. You have joined.")
    )
    return joined


def _leave_earlier_session() -> None:
    """Who was signed in as somebody else in this browser is not any more."""
    if g.actor is not None and "token" in session:
        with unit_of_work(g.actor) as work:
            accounts.sign_out(work)


def _flow_of(invitation: Invitation) -> FlowDefinition | None:
    """The flow that begins when it is accepted; None when it is for joining alone."""
    loaded = catalogue.current().flows.get(str(invitation.begins["flow"])) if invitation.begins else None
    return flow_of(loaded) if loaded is not None else None


def _name_of(token: str) -> str:
    """What staff called a new tenant: their household has their name (3.3.7: what is known is not asked again)."""
    reading = read_as(SYSTEM)
    invitation = accounts.invitation_of(reading, token)
    household = reading.get(Organisation, invitation.organisation_id) if invitation.organisation_id else None
    return household.name if household is not None and household.kind == "household" else ""


def _form(token: str, values: object, problems: dict[str, str] | None = None) -> str:
    reading = read_as(SYSTEM)
    invitation = accounts.invitation_of(reading, token)
    organisation = reading.get(Organisation, invitation.organisation_id) if invitation.organisation_id else None
    known = reading.scalar(select(User).where(User.email == invitation.email))
    return render_template(
        "sign_in/invite.html",
        invitation=invitation,
        organisation=organisation,
        inviter=reading.get(User, invitation.invited_by_id) if invitation.invited_by_id else None,
        flow=_flow_of(invitation),
        known=known,
        values=values,
        problems=problems or {},
        zones=zones(),
        languages=LANGUAGES,
    )

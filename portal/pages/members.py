"""People in an organisation: its owners see, invite and remove them (X28)."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from flask import Blueprint, abort, flash, g, redirect, render_template, request
from werkzeug.wrappers import Response

from flows.actions import accounts
from flows.models import Organisation
from flows.queries import people
from flows.rules.errors import Invalid
from flows.words import gettext as _
from flows.work import unit_of_work
from portal.forms import once, text
from portal.may import may

pages = Blueprint("members", __name__, url_prefix="/settings/members")


@pages.get("")
@may("customer")
def first() -> str | Response:
    """The members of one's own organisation, or a choice when one owns several."""
    owned = people.owned_organisations(g.actor)
    if len(owned) == 1:
        return _page(owned[0])
    return render_template("settings/organisations.html", organisations=owned)


@pages.get("/<organisation>")
@may("customer")
def show(organisation: str) -> str:
    return _page(_owned(organisation))


@pages.post("/<organisation>/invite")
@may("customer")
def invite(organisation: str) -> Response | tuple[str, int]:
    owned = _owned(organisation)
    try:
        with unit_of_work(g.actor) as work:
            row = work.session.get_one(Organisation, owned.id)

            def send() -> str:
                accounts.invite(work, text("email"), "customer", row, text("role") or "member")
                return f"/settings/members/{organisation}"

            then = once(work, send)
    except Invalid as invalid:
        return _page(_owned(organisation), request.form, invalid.by_field()), 422
    flash(_("The invitation is on its way."), "ok")
    return redirect(then, 303)


@pages.get("/<organisation>/<person>/remove")
@may("customer")
def ask_to_remove(organisation: str, person: str) -> str:
    owned = _owned(organisation)
    member = next((member for member in people.members_of(g.actor, owned) if member.user.uid == person), None)
    if member is None:
        abort(404)
    return render_template("settings/remove_member.html", organisation=owned, member=member)


@pages.post("/<organisation>/<person>/remove")
@may("customer")
def remove(organisation: str, person: str) -> Response:
    owned = _owned(organisation)
    with unit_of_work(g.actor) as work:
        accounts.remove_member(work, work.session.get_one(Organisation, owned.id), person)
    flash(_("The person was removed."), "ok")
    return redirect("/settings/members", 303)


@pages.post("/<organisation>/invitations/<int:invitation_id>/withdraw")
@may("customer")
def withdraw(organisation: str, invitation_id: int) -> Response:
    owned = _owned(organisation)
    with unit_of_work(g.actor) as work:
        accounts.withdraw_invitation(work, invitation_id, work.session.get_one(Organisation, owned.id))
    flash(_("The invitation does not work any more."), "ok")
    return redirect(f"/settings/members/{organisation}", 303)


def _owned(uid: str) -> Organisation:
    """An organisation that this person owns or resells to; anything else is not there."""
    found = next((row for row in people.owned_organisations(g.actor, with_customers=True) if row.uid == uid), None)
    if found is None:
        abort(404)
    return found


def _page(organisation: Organisation, values: object = None, problems: dict[str, str] | None = None) -> str:
    return render_template(
        "settings/members.html",
        organisation=organisation,
        members=people.members_of(g.actor, organisation),
        invitations=people.open_invitations(g.actor, organisation),
        values=values or {"role": "member"},
        problems=problems or {},
        zone=ZoneInfo(g.actor.time_zone),
    )

"""Customers: companies, those they resell to, and households, with their people; turned off and never deleted."""

from __future__ import annotations

from typing import Any

from flask import g
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Query
from werkzeug.wrappers import Response

from admin.asking import Field, Question, ask
from admin.guard import door
from admin.sheets import BY_NAME, Narrowing, Sheet
from admin.showing import Tag, show
from flows.actions import accounts, organisations
from flows.actions.changing import fingerprint, locked, values_of
from flows.models import Organisation
from flows.queries import people, staff
from flows.rules.errors import Refused
from flows.words import gettext as _
from flows.work import Work

KINDS = {"company": _l("Company"), "household": _l("Household")}
ROLES = {"owner": _l("Owner"), "member": _l("Member")}

LABELS = {
    "name": _l("Name"), "kind": _l("Type"), "address": _l("Address"), "created_at": _l("Since"),
    "is_active": _l("State"),
}  # fmt: skip
NARROWINGS = {
    "kind": Narrowing(_l("Type"), KINDS, lambda word: Organisation.kind == word),
    "active": Narrowing(
        _l("State"),
        {"yes": _l("Active"), "no": _l("Turned off")},
        lambda word: Organisation.is_active.is_(word == "yes"),
    ),
}


class Organisations(Sheet):
    name, slug, needs = _l("Customers"), "organisations", "view"
    table = Organisation
    new_words = _l("New customer")
    search_words = _l("Name or address")
    column_list = ("name", "kind", "address", "created_at", "is_active")
    column_labels = LABELS
    column_sortable_list = ("name", "created_at")
    column_searchable_list = ("name", "address")
    column_default_sort = BY_NAME
    narrowings = NARROWINGS

    def get_query(self) -> Query[Any]:
        return super().get_query().filter(Organisation.is_customer)

    def cell(self, row: Organisation, column: str) -> Any:
        match column:
            case "kind":
                return KINDS[row.kind]
            case "is_active":
                return Tag(_("Active"), "ok") if row.is_active else Tag(_("Turned off"), "plain")
        return super().cell(row, column)

    @door("/new", needs="users", methods=("GET", "POST"))
    def add(self) -> Response:
        question = Question(
            _("New customer"),
            f"{self.url}/",
            _("Add customer"),
            fields=_fields(None, None),
            done=_("The customer is there."),
        )

        def act(work: Work, typed: Any) -> str:
            return f"{self.url}/{organisations.add(work, typed).uid}"

        return ask(self, question, act)

    @door("/<uid>", needs="view")
    def one(self, uid: str) -> Response:
        customer = staff.customer(g.actor, uid)
        return show(
            self,
            "customer.html",
            customer=customer,
            organisation=customer.organisation,
            kinds=KINDS,
            roles=ROLES,
            members=people.members_of(g.actor, customer.organisation),
            invitations=people.open_invitations(g.actor, customer.organisation),
        )

    @door("/<uid>/edit", needs="users", methods=("GET", "POST"))
    def edit(self, uid: str) -> Response:
        customer = staff.customer(g.actor, uid)
        row = customer.organisation
        question = Question(
            _("Change %(name)s", name=row.name),
            f"{self.url}/{row.uid}",
            _("Save"),
            fields=_fields(row, customer.parent),
            done=_("Saved."),
            text=_("Orders and tasks that there are keep the name they began with."),
            seen=fingerprint(values_of(row, organisations.FIELDS)),
        )

        def act(work: Work, typed: Any) -> None:
            organisations.amend(work, uid, typed, typed["seen"])

        return ask(self, question, act)

    @door("/<uid>/turn-off", needs="users", methods=("GET", "POST"))
    def turn_off(self, uid: str) -> Response:
        customer = staff.customer(g.actor, uid)
        question = Question(
            _("Turn %(name)s off?", name=customer.organisation.name),
            f"{self.url}/{uid}",
            _("Turn off"),
            tone="bad",
            done=_("The customer is turned off."),
            text=_("Nothing more can be ordered for it. Its orders, tasks and people stay; it can be turned on again."),
            facts=((_("Open orders"), str(customer.open_orders)), (_("Open tasks"), str(customer.open_tasks))),
        )
        return ask(self, question, lambda work, _typed: _turn(work, uid, False))

    @door("/<uid>/turn-on", needs="users", methods=("GET", "POST"))
    def turn_on(self, uid: str) -> Response:
        customer = staff.customer(g.actor, uid)
        question = Question(
            _("Turn %(name)s on again?", name=customer.organisation.name),
            f"{self.url}/{uid}",
            _("Turn on"),
            done=_("The customer is turned on."),
        )
        return ask(self, question, lambda work, _typed: _turn(work, uid, True))

    @door("/<uid>/invite", needs="users", methods=("GET", "POST"))
    def invite(self, uid: str) -> Response:
        row = staff.customer(g.actor, uid).organisation
        question = Question(
            _("Invite somebody to %(name)s", name=row.name),
            f"{self.url}/{uid}",
            _("Send invitation"),
            done=_("The invitation is on its way."),
            fields=(
                Field("email", _("Email"), "email"),
                Field("role", _("Role"), "radios", "member", _("Owners invite and remove people"), ROLES),
            ),
        )

        def act(work: Work, typed: Any) -> None:
            accounts.invite(
                work, typed["email"], "customer", locked(work, Organisation, uid, "customer"), typed["role"]
            )

        return ask(self, question, act)

    @door("/<uid>/people/<person>/remove", needs="users", methods=("GET", "POST"))
    def remove(self, uid: str, person: str) -> Response:
        row = staff.customer(g.actor, uid).organisation
        member = next((one for one in people.members_of(g.actor, row) if one.user.uid == person), None)
        if member is None:
            raise Refused(_("No such member"))
        question = Question(
            _("Remove %(name)s from %(customer)s?", name=member.user.name, customer=row.name),
            f"{self.url}/{uid}",
            _("Remove"),
            tone="bad",
            done=_("The person was removed."),
            text=_("They no longer see anything of this customer. What they did stays."),
            facts=((_("Email"), member.user.email),),
        )

        def act(work: Work, _typed: Any) -> None:
            accounts.remove_member(work, locked(work, Organisation, uid, "customer"), person)

        return ask(self, question, act)

    @door("/<uid>/invitations/<int:invitation>/withdraw", needs="users", methods=("GET", "POST"))
    def withdraw(self, uid: str, invitation: int) -> Response:
        row = staff.customer(g.actor, uid).organisation
        found = next((one for one in people.open_invitations(g.actor, row) if one.id == invitation), None)
        if found is None:
            raise Refused(_("No such invitation"))
        question = Question(
            _("Withdraw the invitation of %(email)s?", email=found.email),
            f"{self.url}/{uid}",
            _("Withdraw"),
            tone="bad",
            done=_("The link works no more."),
        )

        def act(work: Work, _typed: Any) -> None:
            accounts.withdraw_invitation(work, invitation, locked(work, Organisation, uid, "customer"))

        return ask(self, question, act)


def _turn(work: Work, uid: str, on: bool) -> None:
    organisations.turn(work, uid, on)


def _fields(row: Organisation | None, parent: Organisation | None) -> tuple[Field, ...]:
    return (
        Field("name", _("Name"), value=row.name if row else ""),
        Field("kind", _("Type"), "radios", row.kind if row else "company", options=KINDS),
        Field(
            "parent",
            _("Reseller"),
            value=parent.name if parent else "",
            optional=True,
            hint=_("The exact name of the company whose people see and order for this customer too"),
        ),
        Field("address", _("Address"), "textarea", row.address if row else "", optional=True),
        Field("time_zone", _("Time zone"), value=row.time_zone if row else "Europe/London", width="w-m"),
    )

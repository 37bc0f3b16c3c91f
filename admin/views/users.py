"""People: customers and colleagues, what they belong to, and buttons to help them or keep them out (A11)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import g
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Query, selectinload
from werkzeug.wrappers import Response

from admin.asking import Field, Question, ask
from admin.guard import door
from admin.sheets import BY_NAME, Narrowing, Sheet
from admin.showing import Tag, show
from flows.actions import roles, staffing
from flows.models import Role, User
from flows.queries import staff
from flows.rules.errors import Refused
from flows.words import gettext as _
from flows.work import Work

MEMBER_ROLES = {"owner": _l("owner"), "member": _l("member")}
KINDS = {"customer": _l("Customer"), "staff": _l("Staff")}

LABELS = {
    "name": _l("Name"),
    "email": _l("Email"),
    "roles": _l("Roles"),
    "kind": _l("Type"),
    "last_seen_at": _l("Last seen"),
    "totp_confirmed_at": _l("Second factor"),
    "is_active": _l("State"),
}
NARROWINGS = {
    "kind": Narrowing(_l("Type"), KINDS, lambda word: User.kind == word),
    "active": Narrowing(
        _l("State"), {"yes": _l("Active"), "no": _l("Locked")}, lambda word: User.is_active.is_(word == "yes")
    ),
}


class Users(Sheet):
    name, slug, needs = _l("Users"), "users", "users"
    table = User
    new_words = _l("Invite a colleague")
    search_words = _l("Name or email")
    column_list = ("name", "email", "kind", "roles", "last_seen_at", "totp_confirmed_at", "is_active")
    column_labels = LABELS
    column_sortable_list = ("name", "email", "last_seen_at")
    column_searchable_list = ("name", "email")
    column_default_sort = BY_NAME
    column_export_list = ("name", "email", "kind", "roles", "last_seen_at", "is_active")
    narrowings = NARROWINGS

    def get_query(self) -> Query[Any]:
        return super().get_query().options(selectinload(User.roles))

    def cell(self, row: User, column: str) -> Any:
        match column:
            case "kind":
                return KINDS[row.kind]
            case "roles":
                return ", ".join(sorted(role.name for role in row.roles)) or None
            case "totp_confirmed_at":
                return _("Set up") if row.totp_confirmed_at else None
            case "is_active":
                return Tag(_("Active"), "ok") if row.is_active else Tag(_("Locked"), "bad")
        return super().cell(row, column)

    @door("/new", needs="users", methods=("GET", "POST"))
    def add(self) -> Response:
        question = Question(
            _("Invite a colleague"),
            f"{self.url}/",
            _("Send invitation"),
            done=_("The invitation is on its way."),
            text=_("Customers are invited on the page of their organisation."),
            fields=(
                Field("email", _("Email"), "email"),
                Field("name", _("Name")),
                Field("roles", _("Roles"), "checks", [], options=_role_options(staff.roles(g.actor))),
            ),
        )

        def act(work: Work, typed: Any) -> str:
            return (
                f"{self.url}/{staffing.invite_colleague(work, typed['email'], typed['name'], _ids(typed['roles'])).uid}"
            )

        return ask(self, question, act)

    @door("/<uid>", needs="users")
    def one(self, uid: str) -> Response:
        person = staff.person(g.actor, uid)
        return show(self, "person.html", person=person, user=person.user, kinds=KINDS, member_roles=MEMBER_ROLES)

    @door("/<uid>/roles", needs="users", methods=("GET", "POST"))
    def give_roles(self, uid: str) -> Response:
        user = staff.person(g.actor, uid).user
        question = Question(
            _("Roles of %(name)s", name=user.name),
            f"{self.url}/{uid}",
            _("Save"),
            done=_("Saved."),
            fields=(
                Field(
                    "roles",
                    _("Roles"),
                    "checks",
                    [str(role.id) for role in user.roles],
                    options=_role_options(staff.roles(g.actor)),
                ),
            ),
        )

        def act(work: Work, typed: Any) -> None:
            roles.give(work, staffing.person_to_change(work, uid), _ids(typed["roles"]))

        return ask(self, question, act)

    @door(
        "/<uid>/<any('lock', 'unlock', 'send-code', 'sign-out', 'reset-second-factor'):what>",
        needs="users",
        methods=("GET", "POST"),
    )
    def help(self, uid: str, what: str) -> Response:
        """The buttons of a person: what they do is said before it is done."""
        user = staff.person(g.actor, uid).user
        title, button, text, tone, verb = HELP[what]
        question = Question(
            title.format(name=user.name),
            f"{self.url}/{uid}",
            button,
            text=text,
            tone=tone,
            facts=((_("Email"), user.email),),
        )
        if user.id == g.actor.user_id and what == "lock":
            raise Refused(_("You cannot lock your own account"), known=True)

        def act(work: Work, _typed: Any) -> None:
            verb(work, uid)

        return ask(self, question, act)


HELP: dict[str, tuple[str, str, str, str, Callable[[Work, str], User]]] = {
    "lock": (
        _l("Lock {name} out?"),
        _l("Lock"),
        _l("They cannot sign in any more, and every session of theirs ends now."),
        "bad",
        staffing.lock_out,
    ),
    "unlock": (
        _l("Let {name} in again?"),
        _l("Unlock"),
        _l("They can sign in again with what they had."),
        "go",
        staffing.let_in_again,
    ),
    "send-code": (
        _l("Mail {name} a sign-in code?"),
        _l("Send code"),
        _l("The code works for 15 minutes; only they can read it."),
        "go",
        staffing.send_code_to,
    ),
    "sign-out": (
        _l("Sign {name} out everywhere?"),
        _l("Sign out"),
        _l("Every browser and phone of theirs has to sign in again."),
        "bad",
        staffing.sign_out_person,
    ),
    "reset-second-factor": (
        _l("Reset the second factor of {name}?"),
        _l("Reset"),
        _l("They set up a new authenticator when they sign in. Be sure that it is they who ask."),
        "bad",
        staffing.reset_second_factor,
    ),
}
"""Title, button, what it does, tone, verb."""


def _role_options(rows: Any) -> dict[str, str]:
    found: list[Role] = list(rows)
    return {str(role.id): role.name for role in found}


def _ids(given: list[str]) -> list[int]:
    return [int(one) for one in given if one.isascii() and one.isdigit() and len(one) < 10]

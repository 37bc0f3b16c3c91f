"""Who is meant by the words of a flow: staff, customer, creator, assignee, manager, department, role.<name>."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from flows.rules.actors import Actor
from flows.rules.words import listed
from flows.words import gettext as _

NOBODY = "-"
"""No role has this name."""


@dataclass(frozen=True)
class Standing:
    """Where people stand in one instance; ids of users and of the department it is in."""

    creator_id: int | None = None
    assignee_id: int | None = None
    department_id: int | None = None


def is_among(actor: Actor, people: Iterable[str], standing: Standing, covering: Collection[str] = ()) -> bool:
    """Whether an actor is one of these people. `covering` are roles of colleagues for whom they stand in today (X6)."""
    return any(_is(actor, who, standing, covering) for who in people)


def among_both(these: Collection[str], those: Collection[str]) -> list[str]:
    """Words for people who are among both; empty, as everywhere, means everybody, and "-" is nobody."""
    if not these or not those:
        return [*(these or those)]
    return [who for who in dict.fromkeys((*these, *those)) if _named(who, these) and _named(who, those)] or [NOBODY]


def _named(who: str, people: Collection[str]) -> bool:
    of_staff = who in ("manager", "department") or who.startswith("role.")
    return who in people or (of_staff and "staff" in people)


def _is(actor: Actor, who: str, standing: Standing, covering: Collection[str]) -> bool:
    match who:
        case "customer":
            return actor.kind == "customer"
        case "staff":
            return actor.is_staff
        case "creator":
            return actor.user_id is not None and actor.user_id == standing.creator_id
        case "assignee":
            return actor.user_id is not None and actor.user_id == standing.assignee_id
        case "manager":
            return standing.department_id is not None and standing.department_id in actor.manages
        case "department":
            return standing.department_id is not None and standing.department_id in actor.departments
    role = who.removeprefix("role.")
    return actor.is_staff and (role in actor.roles or role in covering)


def in_words(people: Iterable[str]) -> str:
    """`("role.lettings", "manager")` as "lettings or the department's manager"."""
    said = {
        "customer": _("the customer"), "creator": _("whoever created it"), "assignee": _("whoever it is assigned to"),
        "manager": _("the department's manager"), "department": _("its department"), "staff": _("staff"),
    }  # fmt: skip
    return listed([said.get(who, who.removeprefix("role.").replace("_", " ")) for who in people], "or")

"""Instances that belong together, carried out: a child starts, a parent hears how it is, a child ends with its parent.

Each takes the lock of one instance alone (docs/adr/0018). What cannot be done is a PermanentFault for people to read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from flows import catalogue
from flows.actions import answering, closing, kinship, sealing, staging, starting, submitting, versions
from flows.actions.assigning_by_rule import department_named, user_named
from flows.actions.scope import roots
from flows.catalogue import LoadedFlow
from flows.events import ChildEnded, ChildStarted, EffectSkipped
from flows.lookups import Place
from flows.models import Effect, Instance, Organisation, User
from flows.plugin import PermanentFault
from flows.rules import answers, moves, stages
from flows.rules.errors import BatonError, Invalid
from flows.words import N_
from flows.work import Work

PARENT_ENDED = N_("what it was a part of had ended already")
DEEPEST = 12
"""How many may stand in one line of children: a flow that starts itself again and again comes to an end here."""


def start(work: Work, effect: Effect, parent: Instance) -> None:
    """Start what a flow owes below this instance, once: the key of the effect is the key of the child.

    One that would have ended with its parent does not start after the parent has ended.
    """
    owed = effect.payload
    if _is_too_late(work, effect, parent):
        work.record(parent, EffectSkipped(f"start {owed['name']}", PARENT_ENDED))
        return
    loaded = catalogue.current().flows.get(owed["name"])
    if loaded is None:
        raise PermanentFault(f"No flow is called {owed['name']}; install its plugin, then retry")
    if (deep := _depth(work.session, parent)) >= DEEPEST:
        line = f"{parent.reference} is number {deep} of a line of tasks that start each other"
        raise PermanentFault(f"{line}; give the effect that starts {owed['name']} an `if` that ends it")
    once_key = owed["once"] or effect.key
    try:
        if starting.exists(work, owed["name"], once_key):
            return
        child = _started(work, loaded, parent, owed, once_key)
    except BatonError as refusal:
        raise PermanentFault(f"{owed['name']} cannot be started: {refusal}") from None
    except sealing.KeyLost:
        raise PermanentFault(f"{owed['name']} cannot be started: {sealing.KEY_LOST}") from None
    work.session.flush()
    work.record(parent, ChildStarted(child.reference, child.title))
    _look_anew(work, parent)


def _is_too_late(work: Work, effect: Effect, parent: Instance) -> bool:
    """It was owed before the parent ended without being completed; what is owed for that end itself starts."""
    if not kinship.has_failed(parent) or parent.closed_at is None or effect.created_at >= parent.closed_at:
        return False
    return effect.payload["name"] in versions.definition_of(work.session, parent).ends_with_it


def hear(work: Work, effect: Effect, parent: Instance) -> None:
    """A child of it is somewhere else now: conditions that speak of it may hold."""
    owed = effect.payload
    if owed["ended"]:
        work.record(parent, ChildEnded(owed["name"], owed["title"], owed["ended"]))
    _look_anew(work, parent)


def end(work: Work, effect: Effect, child: Instance) -> None:
    """Its parent ended without being completed, and its flow said that this one ends with it."""
    if not child.is_open:
        return
    definition = versions.definition_of(work.session, child)
    reason = f"{effect.payload['parent']}, which this was a part of, has ended"
    if child.state is None:
        closing.cancel(work, child, definition, reason)
        return
    cancelled = stages.state_of_column(definition, "cancelled")
    if cancelled is None:
        raise PermanentFault(
            f"{child.flow} has no state that `is: cancelled`; end {child.reference} by its own actions"
        )
    staging.enter(work, child, definition, cancelled, reason)
    staging.follow_the_baton(work, child)


def _started(work: Work, loaded: LoadedFlow, parent: Instance, owed: Mapping[str, Any], once_key: str) -> Instance:
    family = _family(work, parent, owed)
    return starting.start(
        work,
        loaded,
        source="event",
        for_whom=family.organisation,
        person=family.person,
        assignee=user_named(work, owed["assign"]),
        department=department_named(work, owed["department"]),
        inputs=_answers(work, loaded, owed, family.zone),
        once_key=once_key,
        parent=parent,
        is_internal=owed["internal"] or parent.is_internal,
        creator_id=owed["by"],
    )


@dataclass(frozen=True)
class _Family:
    organisation: Organisation
    person: User | None
    zone: str


def _family(work: Work, parent: Instance, owed: Mapping[str, Any]) -> _Family:
    """Whom the child is for: the customer of the parent, unless the effect names another one."""
    if owed["for"]:
        named = starting.one_named(work, owed["for"], {})
        organisation = named if isinstance(named, Organisation) else starting.home_of(work, named)
        return _Family(organisation, named if isinstance(named, User) else None, organisation.time_zone)
    organisation = work.session.get_one(Organisation, parent.organisation_id)
    person = work.session.get(User, parent.customer_id) if parent.customer_id is not None else None
    return _Family(organisation, person, parent.time_zone)


def _answers(work: Work, loaded: LoadedFlow, owed: Mapping[str, Any], zone: str) -> dict[str, Any]:
    """What the flow asks at its start, answered by `with` and checked as if a person had given it; files are not."""
    questions = {name: one for name, one in loaded.definition.start.questions.items() if one.type != "file"}
    given = {name: _uid_of(work, questions.get(name), value) for name, value in owed["with"].items()}
    if strangers := [name for name in given if name not in questions]:
        raise Invalid(f"it asks for no {', '.join(strangers)}; mend `with`")
    checked = answers.check(questions, given, answering.choosing(work.session, Place(work.now, zone)))
    if checked.problems:
        raise Invalid(checked.problems)
    return checked.values


def _uid_of(work: Work, question: Any, value: Any) -> Any:
    """A department may be called by its name: authors know no ids."""
    opened = sealing.unsealed(value)
    if question is None or question.type != "department" or not isinstance(opened, str):
        return opened
    department = department_named(work, opened)
    return department.uid if department is not None else opened


def _look_anew(work: Work, parent: Instance) -> None:
    """Only where a condition of its steps speaks of a child: everything else stays as its people left it."""
    definition = versions.definition_of(work.session, parent)
    if parent.is_running(work.now) and "child" in roots(moves.names_in_conditions(definition)):
        submitting.settle_to_the_end(work, parent, definition)


def _depth(session: Session, instance: Instance) -> int:
    """How many there are from the first of its line to this one."""
    line = select(Instance.id, Instance.parent_id).where(Instance.id == instance.id).cte(recursive=True)
    above = aliased(Instance)
    line = line.union_all(select(above.id, above.parent_id).join(line, above.id == line.c.parent_id))
    return session.scalar(select(func.count()).select_from(line)) or 0


CARRIERS = {"start": start, "hear": hear, "end": end}
"""By the kind of the effect."""

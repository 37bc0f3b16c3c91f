"""What moving an instance to another version of its flow would come to, before anybody does it; nothing is written."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from sqlalchemy import literal, select, union_all
from sqlalchemy.orm import Session

from flows.actions import planning, sealing, versions
from flows.actions.scope import roots, scope_of
from flows.actions.submitting import names_in_conditions
from flows.catalogue import FlowDefinition
from flows.catalogue.overlay import HISTORY, PRIVATE, kept, overlaid
from flows.models import Instance, Payment, Step, Timer
from flows.rules import migrations, moves, payments, timing
from flows.rules.errors import Unreadable
from flows.rules.migrations import Carried, Case, Clocks, Names, Plan, Reason
from flows.rules.migrations.clocks import UNCHANGED, other_timers
from flows.rules.migrations.names import fields_of
from flows.rules.moves import WITH_ACTOR
from flows.words import N_
from flows.words import gettext as _

UNDER_WAY = ("pending", "processing")


@dataclass(frozen=True)
class Around:
    """What hangs on an instance and is not on its own rows: timers still to come, how much is being paid for which
    steps, and which are paid.
    """

    paying: Mapping[str, int] = field(default_factory=dict)
    paid: frozenset[str] = frozenset()
    timers: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Prospect:
    """The plan for one instance, with everything that is needed to carry it out."""

    plan: Plan
    old: FlowDefinition
    new: FlowDefinition
    overlay: dict[str, Any]
    names: Names
    carried: Carried
    clocks: Clocks

    @cached_property
    def questions(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Every question of the old text and of the new one, by its name."""
        return fields_of(self.old), fields_of(self.new)


def around(session: Session, instances: Iterable[int]) -> dict[int, Around]:
    """What hangs on these instances, in one statement for however many."""
    ids = [*instances]
    money = (
        select(Payment.instance_id, Step.name, Payment.state, Payment.amount_minor)
        .join(Step, Step.id == Payment.step_id)
        .where(Payment.instance_id.in_(ids), Payment.state.in_((*UNDER_WAY, "paid")))
    )
    coming = select(Timer.instance_id, Timer.name, literal("timer"), literal(0)).where(
        Timer.instance_id.in_(ids), Timer.ended_at.is_(None)
    )
    rows: dict[int, list[tuple[str, str, int]]] = {one: [] for one in ids}
    for instance_id, name, kind, minor in session.execute(union_all(coming, money)):
        rows[instance_id].append((name, kind, minor))
    return {one: _around(found) for one, found in rows.items()}


def _around(rows: Iterable[tuple[str, str, int]]) -> Around:
    rows = [*rows]
    paying = {name: minor for name, kind, minor in rows if kind in UNDER_WAY}
    paid, timers = (frozenset(name for name, kind, _ in rows if kind == which) for which in ("paid", "timer"))
    return Around(paying, paid, timers)


def foresee(
    session: Session, instance: Instance, target: FlowDefinition, now: datetime, beside: Around | None = None
) -> Prospect:
    """The plan for moving an open instance to `target`, a text of its flow without additions to single instances.

    Red when something of it cannot be read any more: the others of its flow are looked at all the same.
    """
    beside = beside if beside is not None else around(session, [instance.id])[instance.id]
    try:
        return _prospect(session, instance, versions.definition_of(session, instance), target, now, beside)
    except sealing.KeyLost:
        fault = sealing.KEY_LOST
    except Unreadable as problem:  # the language has become stricter since it was published
        fault = problem.why
    except ValueError as problem:  # its additions clash
        fault = str(problem)
    cure = "mend what it says, or leave it on its version"
    plan = Plan((Reason("red", f"it cannot be judged: {fault}", cure),))
    nothing: dict[str, str] = {}
    return Prospect(plan, target, target, {}, Names(nothing, nothing, nothing, nothing), Carried({}), Clocks())


def _prospect(
    session: Session, instance: Instance, old: FlowDefinition, target: FlowDefinition, now: datetime, beside: Around
) -> Prospect:
    first = migrations.counterparts(old, overlaid(target, _added_by_hand(instance.overlay, target)))
    given, drafts = _answers(instance, old)
    overlay, clashes = _overlay(instance.overlay, old, target, first)
    answered = _answered(instance, old, (*given.values(), *drafts.values()))
    new = overlaid(target, overlay)
    hidden = migrations.still_private(old, new, first, answered, instance.overlay.get(PRIVATE, ()))
    if hidden:
        overlay, new = {**overlay, PRIVATE: hidden}, overlaid(new, {PRIVATE: hidden})
    names = migrations.counterparts(old, _without(new, {*old.steps} - {*first.steps}))
    states = {step.name: step.state for step in instance.steps}
    carried = migrations.carry(old, new, names, given, drafts, states, timing.local_date(now, instance.time_zone))
    sent = {step.name: step.attempt for step in instance.steps}
    case = Case(
        old=old,
        new=new,
        names=names,
        now=now,
        reference=instance.reference,
        status=instance.status,
        state=instance.state,
        steps=states,
        attempts=sent,
        drafts=[*drafts],
        paying=beside.paying,
        paid=beside.paid,
        links=[*instance.links],
        amounts={names.steps.get(name, name): minor for name, minor in instance.amounts.items()},
        answers=given,
        carried=carried,
        clocks=_clocks(instance, old, new, names, beside.timers, now),
        scope=_scope(session, instance, old, new, names, carried, given, now),
    )
    plan = Plan(tuple(clashes)) if clashes else migrations.judge(case)
    return Prospect(plan, old, new, overlay, names, carried, case.clocks)


def _without(new: FlowDefinition, history: Collection[str]) -> FlowDefinition:
    """The flow without the steps that are kept for their history from now on: they are no counterparts."""
    return new.model_copy(update={"steps": {name: rule for name, rule in new.steps.items() if name not in history}})


def _answers(instance: Instance, old: FlowDefinition) -> tuple[dict[str, dict[str, Any]], dict[str, dict[str, Any]]]:
    """What was given and what is only typed, in clear, by step; the start's under ""."""
    given = {"": sealing.opened(old.start.questions, instance.inputs)}
    drafts = {}
    for step in instance.steps:
        fields = old.steps[step.name].fields
        given[step.name] = sealing.opened(fields, step.answers)
        if step.draft is not None:
            drafts[step.name] = sealing.opened(fields, step.draft)
    return given, drafts


def _answered(instance: Instance, old: FlowDefinition, values: Iterable[Mapping[str, Any]]) -> set[str]:
    """The questions that have an answer, or had one in an earlier attempt: of that no more is known than its step."""
    sent = (old.steps[step.name].fields for step in instance.steps if step.attempt)
    return {name for several in (*sent, *values) for name in several}


# --- what was added to this one instance --------------------------------------------------------------------------


def _added_by_hand(overlay: Mapping[str, Any], target: FlowDefinition) -> dict[str, Any]:
    """Additions whose places are there in the new text too, for seeing which names are which."""
    steps = [one for one in overlay.get("steps", ()) if one["name"] not in target.steps]
    last = next(reversed(target.steps), "")
    return {"steps": [{**one, "after": one["after"] if one["after"] in target.steps else last} for one in steps]}


def _overlay(
    overlay: Mapping[str, Any], old: FlowDefinition, target: FlowDefinition, names: Names
) -> tuple[dict[str, Any], list[Reason]]:
    """What this instance alone has, laid over the new text: what was added to it, and what only its history needs."""
    if not target.steps:
        return {key: value for key, value in overlay.items() if key != PRIVATE}, []
    added = {one["name"]: one for one in overlay.get("steps", ())}
    fresh, clashes, found = {**target.start.questions, **target.all_fields()}, [], []
    here, after = {*target.steps}, next(iter(target.steps))
    for name, rule in old.steps.items():
        one = added.get(name)
        if name not in names.steps and one is None:
            found.append(kept(name, rule, after, without=fresh))
        elif one is not None and name not in target.steps:
            found.append({**one, "after": after})
        elif one is not None and not one.get(HISTORY):
            clashes.append(_clash(rule.title))
        after = name if found and found[-1]["name"] == name else names.steps.get(name, after)
        here.add(after)
    fields, more = _fields(overlay.get("fields", {}), target, names)
    plain = {"steps": found, "fields": fields}
    return {key: value for key, value in plain.items() if value}, [*clashes, *more]


def _fields(
    added: Mapping[str, Mapping[str, Any]], target: FlowDefinition, names: Names
) -> tuple[dict[str, dict[str, Any]], list[Reason]]:
    """Questions that were added by hand, on the steps as they are called now; a step that is gone keeps its own."""
    known, found, clashes = {**target.start.questions, **target.all_fields()}, {}, []
    for step, specs in added.items():
        if step not in names.steps:
            continue
        clashes += [_clash(spec["label"]) for name, spec in specs.items() if name in known]
        found[names.steps[step]] = {name: spec for name, spec in specs.items() if name not in known}
    return found, clashes


def _clash(words: str) -> Reason:
    said = N_("“%(question)s” was added to this one by hand, and the new version has something of the same name")
    return Reason("red", _(said, question=words), _("give what is new another name in the file"))


# --- conditions and clocks -----------------------------------------------------------------------------------------


def _scope(
    session: Session,
    instance: Instance,
    old: FlowDefinition,
    new: FlowDefinition,
    names: Names,
    carried: Carried,
    given: Mapping[str, Mapping[str, Any]],
    now: datetime,
) -> dict[str, Any]:
    """What the conditions of the new text will see: the answers under their new names."""
    wanted = roots(moves.names_in_conditions(new) | payments.names_in_amounts(new))
    wanted = wanted.union(*map(names_in_conditions, new.steps.values()))
    scope = scope_of(session, instance, old, now, wanted - {"data"})
    started = carried.of(given, "")
    scope = {name: value for name, value in scope.items() if name not in old.start.inputs}
    data = {name: value for name, value in started.items() if name in new.start.fields}
    hidden = {step.name for step in instance.steps if step.state == "skipped" or not step.attempt}
    for name in new.steps:
        before = names.old_step(name)
        if before is not None and before not in hidden:
            data.update(carried.of(given, name))
    return {**scope, **{name: started[name] for name in new.start.inputs if name in started}, "data": data}


def _clocks(
    instance: Instance, old: FlowDefinition, new: FlowDefinition, names: Names, coming: Collection[str], now: datetime
) -> Clocks:
    """New moments; what somebody has set by hand stays."""
    zone, created = instance.time_zone, instance.created_at
    dates: dict[str, Any] = {}
    for key, is_now in (("deadline", instance.due_at), ("expires", instance.expires_at)):
        before, after = (planning.moment_of(getattr(flow, key), created, zone) for flow in (old, new))
        dates[key] = UNCHANGED if before == after or is_now != before else after
    gone, other = other_timers(old, new, names, dates["deadline"])
    due_at = instance.due_at if dates["deadline"] is UNCHANGED else dates["deadline"]
    planned = {}
    for name in other:
        start = _start(instance, new.timers[name].from_, names, now)
        moments = planning.moments(new.timers[name], start, due_at, zone) if start is not None else []
        if new.timers[name].every and start is not None and not any(moment > now for moment in moments):
            moments = planning.moments(new.timers[name], now, due_at, zone)
        planned[name] = [moment for moment in moments if moment > now]
    ended = frozenset(name for name in (*gone, *other) if name in coming)
    return Clocks(dates["deadline"], dates["expires"], _steps_due(instance, old, new, names), planned, ended)


def _start(instance: Instance, origin: str | None, names: Names, now: datetime) -> datetime | None:
    """From when a timer counts; None while that has not come. When a state was entered nobody has kept: from now."""
    if origin in (None, "created"):
        return instance.created_at
    kind, _, rest = str(origin).partition(".")
    if kind == "entered":
        return now if names.states.get(instance.state or "") == rest else None
    name, _, moment = rest.partition(".")
    step = instance.step(names.old_step(name) or "")
    if step is None:
        return None
    moments = {"opened": step.opened_at, "submitted": step.submitted_at, "approved": step.completed_at}
    return moments.get(moment)


def _steps_due(
    instance: Instance, old: FlowDefinition, new: FlowDefinition, names: Names
) -> dict[str, datetime | None]:
    found: dict[str, datetime | None] = {}
    for step in instance.steps:
        target = names.steps.get(step.name)
        if target is None or step.state not in WITH_ACTOR or step.opened_at is None:
            continue
        before, after = old.steps[step.name].deadline, new.steps[target].deadline
        if before != after and step.due_at == planning.moment_of(before, step.opened_at, instance.time_zone):
            moment = planning.moment_of(after, step.opened_at, instance.time_zone)
            found |= {target: moment} if moment != step.due_at else {}
    return found

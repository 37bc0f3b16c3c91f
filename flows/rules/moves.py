"""The life of a step: one table of states and moves, and what an answer makes of all the steps (DOMAIN.md 4)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from flows.rules.errors import OutOfStep
from flows.rules.expressions import compile_condition
from flows.rules.visibility import DefinitionLike, StepLike, is_shown, settled
from flows.words import N_
from flows.words import gettext as _

WITH_ACTOR = frozenset({"open", "returned", "reopened"})
"""States in which the step's actor can work on it."""


class Move(NamedTuple):
    """From which states a move is possible, where it leads and who makes it; `actor` is the step's own actor."""

    name: str
    come_from: frozenset[str]
    to: str
    by: frozenset[str]


def _move(name: str, come_from: Collection[str], to: str, *by: str) -> Move:
    return Move(name, frozenset(come_from), to, frozenset(by))


_ANYWHERE = ("locked", "open", "returned", "reopened", "pending_approval", "completed")
MOVES = (
    _move("unlock", ("locked", "skipped"), "open", "system"),
    _move("lock", ("open", "skipped"), "locked", "system"),
    _move("skip", _ANYWHERE, "skipped", "system"),
    _move("save_draft", WITH_ACTOR, "", "actor"),
    _move("submit", WITH_ACTOR, "completed", "actor"),
    _move("submit_for_approval", WITH_ACTOR, "pending_approval", "actor"),
    _move("complete", WITH_ACTOR, "completed", "system"),
    _move("approve", ("pending_approval",), "completed", "staff"),
    _move("return", ("pending_approval",), "returned", "staff"),
    _move("reopen", ("completed",), "reopened", "staff"),
    _move("restore", ("skipped",), "completed", "system"),
)
"""Every way from one state of a step to another; an empty `to` stays."""


def allowed(step_state: str, actor_party: str, step_actor: str | None = None) -> list[str]:
    """The moves that a party (customer, staff, system) can make now, in the order of the table.

    `step_actor` is whose step it is: nobody else saves or submits it. Without it the party itself is assumed.
    """
    own = step_actor in (None, actor_party)
    return [
        move.name for move in MOVES
        if step_state in move.come_from and (actor_party in move.by or (own and "actor" in move.by))
    ]  # fmt: skip


def target(move_name: str, step_state: str) -> str:
    """The state that a move leads to. OutOfStep says why it cannot be made now."""
    move = next(move for move in MOVES if move.name == move_name)
    if step_state not in move.come_from:
        said = N_("You cannot %(verb)s this step now: %(words)s. Reload the page to see it as it is")
        raise OutOfStep(_(said, verb=_(_VERBS[move_name]), words=_(_WORDS[step_state])))
    return move.to or step_state


_VERBS = {
    "unlock": N_("unlock"), "lock": N_("lock"), "skip": N_("skip"), "save_draft": N_("save draft"),
    "submit": N_("submit"), "submit_for_approval": N_("submit for approval"), "complete": N_("complete"),
    "approve": N_("approve"), "return": N_("return"), "reopen": N_("reopen"), "restore": N_("restore"),
}  # fmt: skip
_WORDS = {
    "locked": N_("other steps come first"), "open": N_("it has not been submitted yet"),
    "returned": N_("it was returned"), "reopened": N_("it was reopened"),
    "pending_approval": N_("it is waiting for approval"), "completed": N_("it is completed"),
    "skipped": N_("it is not needed"),
}  # fmt: skip


def submitted_state(step: StepLike) -> str:
    """Where a step goes when its actor submits it (C34); one with `done_when` stays open until that holds."""
    if step.approval is not None:
        return "pending_approval"
    return "open" if step.done_when else "completed"


def next_states(
    definition: DefinitionLike,
    states: Mapping[str, str],
    scope: Mapping[str, Any],
    accepted: Collection[str] = (),
    free: Collection[str] = (),
) -> dict[str, str]:
    """All steps after an answer came in: what opens, what is skipped, what completes by itself (`done_when`).

    One step can decide the next, so it goes round until nothing changes. `accepted` names the steps whose answers
    were accepted before: one of them that was skipped in between is completed again, not asked again (Q19). `free`
    names the payment steps whose amount is 0: nobody pays nothing (Q27). A step that is not yet decided waits as
    locked.
    """
    now = {name: states.get(name, "locked") for name in definition.steps}
    for _turn in range(len(now) + 1):
        known = settled(definition, now, scope)
        after = {
            name: "skipped"
            if name in free and now[name] != "completed"
            else _next(definition, name, now, known, accepted)
            for name in definition.steps
        }
        if after == now:
            break
        now = after
    return now


def awaited(definition: DefinitionLike, states: Mapping[str, str], name: str) -> list[str]:
    """The steps that have to be done before this one can start.

    A skipped one passes on what it waits for itself: that nothing is to be paid does not make the next step come early.
    """
    found: list[str] = []
    for need in definition.steps[name].needs:
        if states.get(need) == "skipped":
            found += awaited(definition, states, need)
        elif states.get(need) != "completed":
            found.append(need)
    return list(dict.fromkeys(found))


def dependents(definition: DefinitionLike, name: str) -> list[str]:
    """The steps that stand on this one, at first or second hand: by `needs`, or by a condition on its answers (Q23)."""
    found: list[str] = []
    front = [name]
    while front:
        fields = {field for one in front for field in definition.steps[one].fields}
        front = [
            other
            for other, step in definition.steps.items()
            if other not in (name, *found) and (set(step.needs) & {*front} or _asks_for(step, fields))
        ]
        found += front
    return [other for other in definition.steps if other in found]


def _asks_for(step: StepLike, fields: Collection[str]) -> bool:
    names = {part for text in (step.when, step.done_when) if text for part in compile_condition(text).names}
    return any(f"data.{field}" == one or one.startswith(f"data.{field}.") for one in names for field in fields)


def names_in_conditions(definition: DefinitionLike) -> frozenset[str]:
    """The dotted names that `when` and `done_when` of the steps refer to: what `next_states` needs in its scope."""
    conditions = [text for step in definition.steps.values() for text in (step.when, step.done_when) if text]
    return frozenset(name for text in conditions for name in compile_condition(text).names)


def _next(
    definition: DefinitionLike,
    name: str,
    states: Mapping[str, str],
    scope: Mapping[str, Any],
    accepted: Collection[str],
) -> str:
    step, state = definition.steps[name], states[name]
    shown = is_shown(step, scope)
    if shown is False:
        return "skipped"
    if state == "skipped" and shown and name in accepted:
        return "completed"
    if state in ("locked", "open", "skipped"):
        state = "open" if shown and not awaited(definition, states, name) else "locked"
    done = state in WITH_ACTOR and (is_done_at_once(step) or is_done_by_itself(step, scope, name in accepted))
    return "completed" if done else state


def is_done_at_once(step: StepLike) -> bool:
    """What the system has to `do` is owed as the step opens; with nothing to wait for it is done by that."""
    return step.actor == "system" and bool(step.do) and not step.done_when


def is_done_by_itself(step: StepLike, scope: Mapping[str, Any], answered: bool) -> bool:
    """A step with `done_when` completes once that holds and what it has to be told was told."""
    if not step.done_when or not (answered or not any(field.required for field in step.fields.values())):
        return False
    return bool(compile_condition(step.done_when).holds(scope))

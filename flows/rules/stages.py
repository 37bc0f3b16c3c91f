"""The hand-driven life cycle: which actions stand on a case or task for whom, and why another does not (B13 to B30)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from flows.rules.actors import Actor
from flows.rules.expressions import compile_condition
from flows.rules.people import Standing, in_words, is_among
from flows.words import gettext as _

STATUS_OF = {"todo": "not_started", "doing": "in_progress", "done": "completed", "cancelled": "cancelled"}
"""What the column of a state is as the status of its instance (Q9)."""


class StateLike(Protocol):
    """A state of a flow, as far as the rules look at it."""

    @property
    def is_(self) -> str: ...
    @property
    def label(self) -> str | None: ...
    @property
    def customer_label(self) -> str | None: ...


class ActionLike(Protocol):
    """An action of a flow, as far as the rules look at it."""

    @property
    def label(self) -> str | None: ...
    @property
    def from_(self) -> Sequence[str]: ...
    @property
    def to(self) -> str | None: ...
    @property
    def by(self) -> Sequence[str]: ...
    @property
    def if_(self) -> str | None: ...


class StagesLike(Protocol):
    """A flow with states, as far as the rules look at it."""

    @property
    def states(self) -> Mapping[str, StateLike]: ...
    @property
    def actions(self) -> Mapping[str, ActionLike]: ...


def offered(
    definition: StagesLike,
    state: str,
    actor: Actor,
    standing: Standing,
    scope: Callable[[], Mapping[str, Any]],
) -> list[str]:
    """The actions that this actor may take now, in the order of the flow: buttons, JSON and tests ask only here.

    `scope` is asked for once, and only when a condition has to be held against it.
    """
    names = [
        name
        for name, action in definition.actions.items()
        if state in action.from_ and may_take(action, actor, standing)
    ]
    if not any(definition.actions[name].if_ for name in names):
        return names
    known = scope()
    return [name for name in names if condition_fails(definition.actions[name], known) is None]


def out_of_stage(definition: StagesLike, name: str, state: str) -> str | None:
    """Why the state does not allow an action, in a sentence; None when it does."""
    action = definition.actions[name]
    if state in action.from_:
        return None
    allowed = [one for one in definition.actions if state in definition.actions[one].from_]
    label, now = action_label(definition, name), state_label(definition, state)
    if not allowed:
        return _("“%(action)s” is not possible while it is %(state)s; what is: nothing", action=label, state=now)
    ways = ", ".join(action_label(definition, one) for one in allowed)
    return _(
        "“%(action)s” is not possible while it is %(state)s; what is: %(ways)s", action=label, state=now, ways=ways
    )


def not_for(action: ActionLike, actor: Actor, standing: Standing) -> str | None:
    """Why this actor may not take an action; None when they may."""
    if may_take(action, actor, standing):
        return None
    return _("Only %(people)s may do this", people=in_words(action.by))


def may_take(action: ActionLike, actor: Actor, standing: Standing) -> bool:
    """Whether this actor is one of those whom the flow names for an action."""
    # A case that was handed back is with the customer, who still does what customers may and nothing else (Q14).
    by = [who for who in action.by if who != "assignee"] if actor.kind == "customer" else action.by
    return actor.is_system or is_among(actor, by, standing)


def condition_fails(action: ActionLike, scope: Mapping[str, Any]) -> str | None:
    """Why the action's own condition does not hold; None when it does. What is not yet known does not hold."""
    if action.if_ is None or compile_condition(action.if_).holds(scope) is True:
        return None
    return _("This is only possible if %(condition)s", condition=action.if_)


def names_in_conditions(definition: StagesLike) -> frozenset[str]:
    """The dotted names that the conditions of actions refer to: what `offered` needs in its scope."""
    return frozenset(
        name for one in definition.actions.values() if one.if_ for name in compile_condition(one.if_).names
    )


def action_label(definition: StagesLike, name: str) -> str:
    return definition.actions[name].label or name.replace("_", " ").capitalize()


def state_label(definition: StagesLike, state: str, for_customer: bool = False) -> str:
    """What people call a state; customers may have other words for it (X30)."""
    rule = definition.states.get(state)
    if rule is None:
        return state
    return (for_customer and rule.customer_label) or rule.label or state


def state_of_column(definition: StagesLike, column: str) -> str | None:
    """The first state of the flow that stands in this column (Q9); None when it has none there."""
    return next((name for name, state in definition.states.items() if state.is_ == column), None)


def status_of(definition: StagesLike, state: str) -> str:
    return STATUS_OF[definition.states[state].is_]


def waiting_on(status: str, assignee_is_customer: bool) -> str | None:
    """Who holds the baton of a case or task: whoever it is with; nobody once it is over."""
    if status not in ("not_started", "in_progress"):
        return None
    return "customer" if assignee_is_customer else "staff"

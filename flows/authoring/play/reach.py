"""What of a flow was ever reached, and in words what never was."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields

from flows.authoring.play.diary import Diary
from flows.catalogue import FlowDefinition
from flows.catalogue.schema import CallEffect, Effect, EmailEffect, NotifyEffect, StartEffect
from flows.models import Instance


@dataclass
class Reached:
    """Names by kind: steps that were opened and completed, states, actions, outcomes, timers (name, n), and effects."""

    opened: set[str] = field(default_factory=set)
    completed: set[str] = field(default_factory=set)
    states: set[str] = field(default_factory=set)
    actions: set[str] = field(default_factory=set)
    outcomes: set[str] = field(default_factory=set)
    timers: set[tuple[str, int]] = field(default_factory=set)
    effects: set[tuple[str, str]] = field(default_factory=set)

    def join(self, other: Reached) -> None:
        for one in fields(self):
            getattr(self, one.name).update(getattr(other, one.name))

    def take_in(self, diary: Diary, instance: Instance) -> None:
        """What one life came to."""
        for one in diary.happenings:
            match one.kind:
                case "acted":
                    self.actions.add(one.facts["action"])
                    self.states |= {one.facts["before"], one.facts["after"]}
                case "timer_fired":
                    self.timers.add((one.facts["timer"], one.facts["n"]))
                case "step_completed":
                    self.completed.add(one.facts["step"])
        for step in instance.steps:
            if step.state not in ("locked", "skipped"):
                self.opened.add(step.name)
        self.opened |= self.completed
        self.states |= {instance.state} if instance.state else set()
        self.outcomes |= {instance.outcome} if instance.outcome else set()
        self.effects |= {(one.kind, one.name) for one in diary.consequences}


def missing(definition: FlowDefinition, reached: Reached) -> Iterator[str]:
    """A sentence for everything that the flow declares and that never came."""
    for name in definition.steps:
        if name not in reached.opened:
            yield f"step '{name}' was never reached"
        elif name not in reached.completed:
            yield f"step '{name}' was never completed"
    yield from (f"state '{name}' was never entered" for name in definition.states if name not in reached.states)
    yield from (f"action '{name}' was never taken" for name in definition.actions if name not in reached.actions)
    yield from (f"outcome '{name}' never came" for name in definition.outcomes if name not in reached.outcomes)
    for name, timer in definition.timers.items():
        for n in range(1, len(timer.spans) + 1):
            if (name, n) not in reached.timers:
                yield f"timer '{name}' never fired" + (f" for the {n}. time" if len(timer.spans) > 1 else "")
    yield from dict.fromkeys(
        f"{kind} {name} never came"
        for kind, name in letters_and_calls(definition)
        if (kind, name) not in reached.effects
    )


def letters_and_calls(definition: FlowDefinition) -> Iterator[tuple[str, str]]:
    """("email", template) and ("call", name) of everything that the flow may set off, as often as it says it."""
    for effect in definition.all_effects():
        found = _name_of(effect)
        if found is not None:
            yield found


def _name_of(effect: Effect) -> tuple[str, str] | None:
    match effect:
        case EmailEffect(email=letter) | NotifyEffect(notify=letter):
            return "email", letter.template
        case CallEffect(call=name):
            return "call", name
        case StartEffect(start=child):
            return "start", child.flow
    return None

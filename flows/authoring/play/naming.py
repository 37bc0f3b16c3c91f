"""Names in deeds and stories that the flow does not have: told before anything is played, with what was meant.

A misspelt question is refused by the flow like a wrong answer, so a story that waits for a refusal would hold by it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from flows.authoring.play.cast import CUSTOMERS, STAFF
from flows.authoring.play.deeds import VERBS, Deed
from flows.authoring.play.scenario import Done, Expected, Story
from flows.catalogue import FlowDefinition
from flows.catalogue.problems import cure_among
from flows.catalogue.registry import Registry
from flows.catalogue.source import Path
from flows.models.instances import STATUSES
from flows.models.steps import STEP_STATES

PEOPLE = (*CUSTOMERS, *STAFF)
WHO = (*PEOPLE, "staff", "system", "creator", "assignee")
TURNS = ("customer", "staff", "system", "nobody")
FACTS = {"close_request": ("outcome",), "amount": ("minor",), "link": ("to",)}
"""What goes with a verb that asks for no answers of the flow."""


@dataclass(frozen=True)
class Misnamed:
    """`path` leads to the name from the deed or whatever else it stands in; `what` is said of it, `known` there are."""

    path: Path
    what: str
    name: str
    known: Collection[str]

    def __str__(self) -> str:
        return f"no {self.what} is called '{self.name}'; {cure_among(self.name, self.known, 'there are') or 'none is'}"


def in_story(registry: Registry, story: Story) -> Iterator[Misnamed]:
    """Everything that the case speaks of and its flow, or the other that it names, does not have."""
    yield from _in_start(registry, story)
    for number, done in enumerate(story.case.do):
        here: Path = ("do", number)
        yield from _below(here, _in_done(registry, story, done))
    for number, expected in enumerate(story.case.then):
        here = ("then", number)
        yield from _below(here, _in_expected(registry, story, expected))


def in_deed(definition: FlowDefinition, deed: Deed) -> Iterator[Misnamed]:
    """The same for one deed: who does it, what it is about, the questions that are answered."""
    takes = VERBS[deed.verb].takes
    things: Mapping[str, Collection[str]] = {
        "step": definition.steps, "action": definition.actions, "outcome": definition.all_outcomes(),
        "link": definition.links, "person": (*PEOPLE, "nobody"),
    }  # fmt: skip
    if deed.who:
        yield from _unless_known(("as",), "person", deed.who, WHO)
    if takes in things:
        yield from _unless_known((deed.verb,), takes, deed.thing, things[takes])
    if takes not in things or deed.thing in things[takes]:
        asked = asked_by(definition, deed)
        for name in deed.data or ():
            yield from _unless_known(("data", name), "question", name, asked)
        remarked = definition.steps[deed.thing].fields if takes == "step" else ()
        for name in deed.remarks:
            yield from _unless_known(("remarks", name), "question", name, remarked)


def asked_by(definition: FlowDefinition, deed: Deed) -> Collection[str]:
    """The questions that a deed answers, as the flow has them, or the names of what goes with its verb."""
    if deed.verb in FACTS:
        return FACTS[deed.verb]
    if VERBS[deed.verb].takes == "step":
        return definition.steps[deed.thing].fields
    return definition.actions[deed.thing].fields if deed.verb == "act" else ()


def _in_start(registry: Registry, story: Story) -> Iterator[Misnamed]:
    start, rule = story.case.start, registry.flows[story.flow].definition.start
    named: Mapping[str, tuple[Mapping[str, Any] | None, Collection[str]]] = {
        "fields": (start.fields, rule.fields),
        "inputs": (start.inputs, rule.inputs),
        "amounts": (start.amounts, registry.flows[story.flow].definition.steps),
    }
    for part, (given, known) in named.items():
        what = "step" if part == "amounts" else "question of the start"
        for name in given or ():
            yield from _unless_known(("start", part, name), what, name, known)
    if start.event is not None:
        yield from _unless_known(("start", "event"), "event of this flow", start.event, [rule.event or ""])


def _in_done(registry: Registry, story: Story, done: Done) -> Iterator[Misnamed]:
    flow = done.on or story.flow
    if flow in registry.flows:
        yield from in_deed(registry.flows[flow].definition, done.deed(story.zone))
    else:
        yield Misnamed(("on",), "flow", flow, registry.flows)


def _in_expected(registry: Registry, story: Story, expected: Expected) -> Iterator[Misnamed]:
    yield from _in_effects(registry, expected)
    flow = expected.on or story.flow
    if flow not in registry.flows:
        yield Misnamed(("on",), "flow", flow, registry.flows)
        return
    definition = registry.flows[flow].definition
    statuses = (*STATUSES, *(status.replace("_", " ") for status in STATUSES), *definition.status_labels.values())
    for part, known in (
        ("status", statuses), ("state", definition.states), ("outcome", definition.all_outcomes()),
        ("waiting_on", TURNS),
    ):  # fmt: skip
        name = getattr(expected, part)
        if name is not None and name.lower() not in [one.lower() for one in known]:
            yield Misnamed((part,), "side" if part == "waiting_on" else part, name, known)
    for name, state in expected.steps.items():
        yield from _unless_known(("steps", name), "step", name, definition.steps)
        yield from _unless_known(("steps", name), "state of a step", state, STEP_STATES)
    answers = {*definition.all_fields(), *definition.steps}
    for name in expected.data:
        yield from _unless_known(("data", name), "answer", name, answers)


def _in_effects(registry: Registry, expected: Expected) -> Iterator[Misnamed]:
    if expected.email is not None:
        yield from _unless_known(("email",), "mail", expected.email, registry.mail_kinds())
    for name in expected.called:
        yield from _unless_known(("called",), "action of a plugin", name, registry.names("actions"))
    for name in expected.started:
        yield from _unless_known(("started",), "flow", name, registry.flows)


def _unless_known(path: Path, what: str, name: str, known: Collection[str]) -> Iterator[Misnamed]:
    if name not in known:
        yield Misnamed(path, what, name, known)


def _below(path: Path, found: Iterator[Misnamed]) -> Iterator[Misnamed]:
    yield from (Misnamed((*path, *one.path), one.what, one.name, one.known) for one in found)

"""What there is to see of a flow: every page of every step in each of its states, its beginning and its ends."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from flows.authoring.play import reaching
from flows.authoring.play.deeds import Deed
from flows.authoring.play.reaching import Leg, step_is, step_opens
from flows.catalogue import FlowDefinition
from flows.catalogue.registry import Registry
from flows.catalogue.schema import Outcome, Step
from flows.catalogue.translation import files_of
from flows.rules.outcomes import completes_by_itself
from flows.rules.stages import state_label
from flows.words import LANGUAGES

Door = Literal["customer", "staff"]
REMARK = "Please look at this once more"


@dataclass(frozen=True)
class Scene:
    """One page. `way` leads to the moment, and `path` is its address then: `{ref}`, `{staff}` and `{flow}` are filled.

    `begun` is false for what stands before the beginning. `sends`: the form is sent without an answer. `action` names
    the button whose page it is; then whoever has the button looks at it.
    """

    key: str
    group: str
    words: str
    door: Door
    path: str
    way: tuple[Leg, ...] = ()
    begun: bool = True
    sends: bool = False
    action: str = ""


def languages_of(registry: Registry, definition: FlowDefinition) -> dict[str, str]:
    """In which languages there is something to see, each as it calls itself: the product's, and more of the flow's."""
    return LANGUAGES | {one: _in_itself(one) for one in files_of(registry, definition)}


def scenes_of(definition: FlowDefinition) -> list[Scene]:
    """In the order in which they come in the life of a request."""
    found = [*_beginning(definition)]
    if definition.states:
        return [*found, *_states(definition), *_actions(definition)]
    for name, step in definition.steps.items():
        if step.actor != "system":
            found += _of_step(name, step)
    return [*found, *_ends(definition)]


def _beginning(definition: FlowDefinition) -> Iterator[Scene]:
    start, group = definition.start, "Start"
    page = "/cases/new?flow={flow}" if definition.states else "/requests/{flow}"
    if start.customer:
        yield Scene("start", group, "The form that begins it", "customer", page, begun=False)
        if any(field.required for field in start.fields.values()):
            yield Scene("start.errors", group, "Sent without an answer", "customer", page, begun=False, sends=True)
    if start.staff:
        new = "/admin/cases/new?flow={flow}" if definition.states else "/admin/instances/new?flow={flow}"
        yield Scene("start.staff", group, "Begun by staff", "staff", new, begun=False)
    if not definition.states:
        yield Scene("begun", group, "Just begun", "customer", "/tasks/{ref}")
        yield Scene("begun.staff", group, "Just begun, for staff", "staff", "{staff}")


def _of_step(name: str, step: Step) -> Iterator[Scene]:
    if step.payment is not None:
        yield from _of_payment(name, step)
    elif step.actor == "staff":
        yield from _of_staff(name, step)
    else:
        yield from _of_customer(name, step)


def _of_customer(name: str, step: Step) -> Iterator[Scene]:
    here, group, opens = f"/tasks/{{ref}}/steps/{name}", step.title, step_opens(name)

    def scene(key: str, words: str, path: str, *way: Leg, sends: bool = False, door: Door = "customer") -> Scene:
        return Scene(f"{name}.{key}", group, words, door, path, way, sends=sends)

    if step.needs:
        yield scene("locked", "Locked", here, step_is(name, "locked"))
    pages = [(f".{page}", f": {rule.title}", f"{here}/page-{page}") for page, rule in step.pages.items()]
    for key, words, path in pages or [("", "", here)]:
        yield scene(f"open{key}", f"Open{words}", path, opens)
    saved = Deed("save", name, whole=True)
    if any(field.type == "list" for field in step.fields.values()):
        for key, words, path in pages or [("", "", here)]:
            yield scene(f"filled{key}", f"Filled in{words}", path, opens, saved)
    if any(getattr(field, "required", False) for field in step.fields.values()):
        for key, words, path in pages or [("", "", here)]:
            yield scene(f"errors{key}", f"Sent without an answer{words}", path, opens, sends=True)
    if step.is_checked:
        yield scene("check", "Check your answers", f"{here}/check", opens, saved)
    if step.approval is not None:
        pending = (opens, Deed("submit", name, whole=True))
        yield scene("pending", "Waiting for approval", here, *pending)
        yield scene("review", "To be reviewed", "{staff}", *pending, door="staff")
        returned = Deed("return", name, words=REMARK, remarks=dict.fromkeys([*step.fields][:1], REMARK))
        for key, words, path in pages[:1] or [("", "", here)]:
            yield scene(f"returned{key}", f"Returned with remarks{words}", path, *pending, returned)
    yield scene("completed", "Completed", here, opens, step_is(name, "completed"))


def _of_payment(name: str, step: Step) -> Iterator[Scene]:
    here, opens = f"/tasks/{{ref}}/steps/{name}/pay", step_opens(name)
    ways: dict[str, tuple[str, tuple[Leg, ...]]] = {
        "open": ("To be paid", (opens,)),
        "declined": ("The card was declined", (opens, Deed("decline", name))),
        "completed": ("Paid", (opens, step_is(name, "completed"))),
    }
    for key, (words, way) in ways.items():
        yield Scene(f"{name}.{key}", step.title, words, "customer", here, way)


def _of_staff(name: str, step: Step) -> Iterator[Scene]:
    here, opens = f"{{staff}}/steps/{name}", step_opens(name)
    if step.fields:
        yield Scene(f"{name}.open", step.title, "Open", "staff", here, (opens,))
        if any(getattr(field, "required", False) for field in step.fields.values()):
            yield Scene(f"{name}.errors", step.title, "Sent without an answer", "staff", here, (opens,), sends=True)
    yield Scene(f"{name}.waiting", step.title, "What the customer sees meanwhile", "customer", "/tasks/{ref}", (opens,))
    done = (opens, step_is(name, "completed"))
    yield Scene(f"{name}.completed", step.title, "Completed", "staff", "{staff}", done)


def _ends(definition: FlowDefinition) -> Iterator[Scene]:
    here = "/tasks/{ref}/outcome"
    for name, outcome in _outcomes(definition).items():
        way = (reaching.ends_as(definition, name),)
        yield Scene(f"end.{name}", "Ends", outcome.label, "customer", here, way)
    if definition.expires is not None:
        yield Scene("end.expired", "Ends", "Nobody did anything", "customer", here, (reaching.expires(),))
    yield Scene("end.cancelled", "Ends", "Cancelled", "customer", here, (Deed("cancel"),))


def _outcomes(definition: FlowDefinition) -> dict[str, Outcome]:
    """Those that somebody can choose or that a rule leads to; a flow that ends by itself asks nobody."""
    every = definition.all_outcomes()
    if not completes_by_itself(definition):
        return every
    named = {rule.complete or rule.close for step in definition.steps.values() for rule in step.outcome}
    return {name: outcome for name, outcome in every.items() if name == "complete" or name in named}


def _states(definition: FlowDefinition) -> Iterator[Scene]:
    for name in definition.states:
        group, way = state_label(definition, name), (reaching.state_is(name),)
        if definition.start.customer:
            yield Scene(f"{name}.customer", group, "For the customer", "customer", "/cases/{ref}", way)
        yield Scene(f"{name}.staff", group, "For staff", "staff", "{staff}", way)


def _actions(definition: FlowDefinition) -> Iterator[Scene]:
    """Those that ask for something; the others are a button."""
    for name, rule in definition.actions.items():
        if rule.fields or rule.comment:
            words, way = rule.label or name, (reaching.action_is_offered(definition, name),)
            yield Scene(f"{name}.asks", "Actions", words, "staff", f"{{door}}/act/{name}", way, action=name)


def _in_itself(language: str) -> str:
    """ "Polski" for "pl"; one that nobody has named as it is written."""
    from babel import Locale, UnknownLocaleError  # only who looks at pages needs it

    try:
        return Locale.parse(language, sep="-").get_display_name() or language
    except (UnknownLocaleError, ValueError):
        return language

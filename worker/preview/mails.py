"""Every mail of a flow as it comes: from plays that go every way which the flow knows, until each has come once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from random import Random

from flows.access import read_as
from flows.authoring.play import reaching
from flows.authoring.play.beginning import Opening, begin
from flows.authoring.play.cast import Stranger
from flows.authoring.play.deeds import Deed
from flows.authoring.play.diary import read_diary
from flows.authoring.play.reach import letters_and_calls
from flows.authoring.play.reaching import Leg, go
from flows.authoring.play.sandbox import Sandbox
from flows.authoring.play.scenes import scenes_of
from flows.catalogue import FlowDefinition
from flows.catalogue.registry import Registry
from flows.models import User
from flows.rules.actors import SYSTEM
from flows.rules.errors import BatonError
from flows.words import LANGUAGES
from flows.work import end_reading
from messaging import posting
from messaging.letters import Letter
from worker.preview.product import Product

POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; base-uri 'none'; "
    "frame-ancestors 'self'"
)
"""With which the HTML of a mail is served: mails carry their style in themselves, and no script of any kind."""

ROUNDS = 2
"""So many times every way is gone, because what is answered may decide who waits for whom."""
TRIES = 4
"""So many times in a round with other answers, where these lead elsewhere on the way."""


@dataclass(frozen=True)
class Posted:
    """A mail that came in a play; without `letter`, `note` says why it never did."""

    template: str
    to: str = ""
    letter: Letter | None = None
    note: str = ""


def mails_of(product: Product, registry: Registry, flow: str, stranger: Stranger, at: datetime) -> list[Posted]:
    """One of each kind of mail that the flow sends, in the order of the file."""
    definition = registry.flows[flow].definition
    wanted = dict.fromkeys(name for kind, name in letters_and_calls(definition) if kind == "email")
    found: dict[str, Posted] = {}
    notes: dict[str, str] = {}
    for number, way in enumerate([*_ways(definition)] * ROUNDS):
        for again in range(TRIES):
            if wanted.keys() <= found.keys():
                break
            with product.stage(registry, flow, at, stranger) as stage:
                stage.languages = LANGUAGES
                came = _play(stage, way, Random(f"{number}.{again}"))  # noqa: S311  # answers, no secrets
                for one in _written(stage):
                    found.setdefault(one.template, one)
                notes |= _refused(stage)
            if came:
                break
    never = "No play came to it; look at its conditions, or simulate it"
    return [found.get(name) or Posted(name, note=notes.get(name, never)) for name in wanted]


def _ways(definition: FlowDefinition) -> Iterator[tuple[Leg, ...]]:
    """Nobody does anything, from the first day or once a step waits for it; and every turn that somebody may take.

    What comes by itself is most of what is mailed, so whoever does nothing comes first.
    """
    yield (reaching.idleness(),)
    for name in definition.steps:
        yield (reaching.step_opens(name), reaching.idleness())
    for name in definition.actions:
        yield (reaching.action_is_offered(definition, name), Deed("act", name))
    yield from (scene.way for scene in reversed(scenes_of(definition)) if scene.way)
    for name, step in definition.steps.items():
        if step.approval is not None:
            yield (reaching.step_is(name, "pending_approval"), Deed("close_request", name))
            yield (reaching.step_is(name, "completed"), Deed("reopen", name, words="Please look again"))
    if definition.steps:
        yield (reaching.ends_as(definition, "complete"), Deed("rate", "3"), reaching.idleness())
    yield (Deed("take"), reaching.idleness())


def _play(stage: Sandbox, way: tuple[Leg, ...], dice: Random) -> bool:
    """As far as it goes: what was posted until then counts. False when these answers lead elsewhere on the way."""
    try:
        begin(stage, Opening(), dice)
        if not stage.instances or not go(stage, way[:-1], dice):
            return False
        go(stage, way[-1:], dice)
    except BatonError:
        pass
    return True


def _written(stage: Sandbox) -> Iterator[Posted]:
    for owed in stage.posted:
        user = read_as(SYSTEM).get(User, owed.payload.get("to"))
        to = f"{user.name} ({'customer' if user.kind == 'customer' else 'staff'})" if user is not None else ""
        yield Posted(owed.payload["template"], to, posting.write(owed))
    end_reading()


def _refused(stage: Sandbox) -> dict[str, str]:
    """Why mails could not be written, by their template."""
    gave_up = [one.facts for one in read_diary(stage.instances).happenings if one.kind == "effect_gave_up"]
    return {str(facts["what"]).removeprefix("email "): str(facts["cause"]) for facts in gave_up}

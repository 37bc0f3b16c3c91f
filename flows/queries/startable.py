"""Which flows may be started by whom: what the lists of flows offer, and what their forms are made of (C24)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import Select, func, not_, select

from flows import catalogue
from flows.access import clean, read_as, require, visible_instances, visible_organisations
from flows.catalogue import LoadedFlow, ways
from flows.catalogue.translation import in_language
from flows.catalogue.ways import Way
from flows.models import FlowSwitch, Instance, Organisation
from flows.rules.actors import Actor
from flows.rules.errors import OutOfStep, Refused
from flows.words import gettext as _
from flows.words import language

MOST_ORGANISATIONS = 200


def assignable(actor: Actor) -> list[LoadedFlow]:
    """What staff may start for a customer or send with an invitation, by title; nothing without `create`."""
    if not (actor.is_staff and actor.may("create")):
        return []
    return _allowed(actor, "staff", "onboarding")


def guided(actor: Actor, way: Way) -> list[LoadedFlow]:
    """What staff may start in one way, by title (C24)."""
    return _allowed(actor, way) if actor.is_staff and actor.may("create") else []


def requestable(actor: Actor, search: str = "") -> list[LoadedFlow]:
    """What a customer may ask for, by title; with words to search only what has them all somewhere."""
    if actor.kind != "customer":
        return []
    return searched(_allowed(actor, "customer"), search)


def by_hand(actor: Actor) -> list[LoadedFlow]:
    """Cases and tasks that this person may begin, by title: flows with states (B7)."""
    if actor.is_staff and not actor.may("create"):
        return []
    return _allowed(actor, "staff" if actor.is_staff else "customer", by_hand=True)


def raises_cases() -> bool:
    """Whether customers may raise cases at all, as far as the flows say: a section of the portal (P12)."""
    return bool(_ready("customer", by_hand=True))


def searched(flows: Iterable[LoadedFlow], search: str) -> list[LoadedFlow]:
    """Those that have every word somewhere in title, summary, type or keywords."""
    wanted = clean(search).casefold().split()
    return [loaded for loaded in flows if _has_all(loaded, wanted)]


def startable(actor: Actor, name: str, way: Way) -> LoadedFlow:
    """The flow, if it may be started in this way now; Refused when there is none, OutOfStep says why not.

    Staff need `create`.
    """
    if way == "staff":
        require(actor, "create")
    loaded = catalogue.current().flows.get(name)
    if broken := catalogue.current().broken_flow(name):
        raise OutOfStep(ways.broken_words(broken))
    if loaded is None or not ways.is_offered(loaded, way):
        raise Refused(_("No such request") if way == "customer" else _("No such flow"))
    why_not = ways.refusal(loaded, switches(actor, name).get(name), way)
    if why_not is not None:
        raise OutOfStep(why_not)
    return loaded


def switches(actor: Actor, *names: str) -> dict[str, FlowSwitch]:
    """What administrators have set, by flow, in one statement; of all flows when none is named."""
    query = select(FlowSwitch)
    if names:
        query = query.where(FlowSwitch.flow.in_([clean(name) for name in names]))
    return {switch.flow: switch for switch in read_as(actor).scalars(query)}


def ready_for_customers() -> list[str]:
    """The flows that customers may ask for, unless they are switched off."""
    return list(_ready("customer"))


def switched_off(names: Sequence[str]) -> Select[int]:
    """How many of these flows customers may not ask for now; for whoever asks the database anyway."""
    off = not_(FlowSwitch.is_active & FlowSwitch.is_requestable)
    return select(func.count(FlowSwitch.id)).where(FlowSwitch.flow.in_(names), off)


def for_whom(actor: Actor) -> Sequence[Organisation]:
    """The organisations that a customer may ask for, by name."""
    return read_as(actor).scalars(visible_organisations(actor).limit(MOST_ORGANISATIONS)).all()


def customer_named(actor: Actor, uid: str | None) -> str:
    """For whom a customer asks: the organisation that they name, else their only one, else nobody yet."""
    if uid is not None:
        return uid
    mine = for_whom(actor)
    return mine[0].uid if len(mine) == 1 else ""


def open_ones(actor: Actor, flow: str, most: int = 5) -> Sequence[Instance]:
    """Open requests of this flow that the customer has already, the newest first."""
    query = visible_instances(actor).where(Instance.flow == flow, Instance.closed_at.is_(None))
    return read_as(actor).scalars(query.order_by(Instance.id.desc()).limit(most)).all()


def _allowed(actor: Actor, *wanted: Way, by_hand: bool = False) -> list[LoadedFlow]:
    ready = {name: loaded for way in wanted for name, loaded in _ready(way, by_hand).items()}
    if not ready:
        return []
    set_by_staff = switches(actor)
    found = [
        loaded for name, loaded in ready.items() if any(_is_open(loaded, set_by_staff.get(name), way) for way in wanted)
    ]
    return sorted(found, key=lambda loaded: (loaded.definition.title.casefold(), loaded.definition.flow))


def _is_open(loaded: LoadedFlow, switch: FlowSwitch | None, way: Way) -> bool:
    return ways.refusal(loaded, switch, way) is None


def _ready(way: Way, by_hand: bool = False) -> dict[str, LoadedFlow]:
    """The flows that may be started in this way as far as their files say; with steps, or with states (`by_hand`)."""
    return {
        name: loaded
        for name, loaded in catalogue.current().flows.items()
        if bool(loaded.definition.states) == by_hand and _is_open(loaded, None, way)
    }


def _has_all(loaded: LoadedFlow, wanted: Iterable[str]) -> bool:
    """As the flow is written, or as it reads in the reader's language."""
    flow = loaded.definition
    said = in_language(catalogue.current(), flow, loaded.content_hash, language())
    texts = (text for one in (flow, said) for text in (one.title, one.summary or "", one.type or ""))
    words = " ".join((*texts, *flow.keywords)).casefold()
    return all(word in words for word in wanted)

"""All that a plugin may import: marks for actions, lookups and events, the typed object handed to a hook, and faults.

The marks only hang a name on the function or class; the loader collects them from the plugin's modules, so importing a
plugin changes nothing anywhere. `API_VERSION` is semantic: a name here is only removed with a new major version.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeVar

from flows.ports import Agreements, AgreementSearch, Tenancy
from flows.rules.calendars import Calendar, calendar_named
from flows.rules.errors import Invalid
from flows.rules.words import date_in_words, moment_in_words, money_in_words
from flows.words import language

__all__ = [
    "API_VERSION",
    "About",
    "AgreementSearch",
    "Agreements",
    "Calendar",
    "Context",
    "Invalid",
    "LookupContext",
    "Option",
    "OrderVerbs",
    "PassingFault",
    "PaymentVerbs",
    "PermanentFault",
    "Tenancy",
    "action",
    "calendar_named",
    "date_in_words",
    "event",
    "language",
    "lookup",
    "moment_in_words",
    "money_in_words",
]

API_VERSION = "1.1"
"""Of this module. A plugin whose package says `requires_plugin_api = "1.2"` is served by 1.2 and later, not by 2.0."""

Marked = TypeVar("Marked", bound=Callable[..., Any])
MarkedClass = TypeVar("MarkedClass", bound=type)
_MARK = "__baton_mark__"


class PassingFault(Exception):
    """It did not work now and may work later: the effect is tried again. `detail` says what stood in the way."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class PermanentFault(Exception):
    """It will never work like this: the effect becomes an incident. `detail` says what a person must mend."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class OrderVerbs(Protocol):
    """What a hook may do to an order. `order` is the order's uid, opaque to plugins."""

    def finalise(self, order: str, details: Mapping[str, str]) -> None: ...

    def provision(self, order: str) -> None: ...

    def cancel(self, order: str, reason: str) -> None: ...


class PaymentVerbs(Protocol):
    """What a hook may do to a payment of its own task. `payment` is the payment's uid, as in `data.<step>.id`."""

    def refund(self, payment: str) -> None: ...


class Context(Protocol):
    """What a hook gets instead of a session: who calls, when, and the allowed verbs.

    `key` is the idempotency key of the effect: the same effect tried twice has the same key.
    """

    @property
    def key(self) -> str: ...

    @property
    def now(self) -> datetime: ...

    @property
    def instance_ref(self) -> str | None: ...

    @property
    def orders(self) -> OrderVerbs: ...

    @property
    def agreements(self) -> Agreements: ...

    @property
    def payments(self) -> PaymentVerbs: ...


@dataclass(frozen=True)
class About:
    """The instance that a lookup is asked for, as far as a lookup looks at it. `source` says how it came about."""

    ref: str
    title: str
    source: str
    customer: str
    address: str


class LookupContext(Protocol):
    """What a lookup gets: the moment, the time zone of the instance, and what it may ask of other systems.

    `instance` is None while there is none yet. `chosen` are the values that accepted answers of the instance hold from
    this lookup already: they stay valid for it, even where nobody else could choose them any more.
    """

    @property
    def now(self) -> datetime: ...

    @property
    def zone(self) -> str: ...

    @property
    def instance(self) -> About | None: ...

    @property
    def chosen(self) -> frozenset[str]: ...

    @property
    def agreements(self) -> AgreementSearch: ...


@dataclass(frozen=True)
class Option:
    """One answer of a lookup: what is stored, what people read, and a second line to tell equals apart.

    `facts` are (label, words) pairs that staff see side by side when they link an instance to it; `exclusive` says that
    only one open instance may be linked to it.
    """

    value: str
    label: str
    detail: str = ""
    facts: tuple[tuple[str, str], ...] = ()
    exclusive: bool = False


Search = Callable[[LookupContext, str], Sequence[Option]]
FindOne = Callable[[LookupContext, str], Option | None]


@dataclass(frozen=True)
class Mark:
    """What a decorator hung on a function or class: `kind` is "action", "lookup" or "event"."""

    kind: str
    name: str
    one: FindOne | None = None


def mark_of(thing: object) -> Mark | None:
    """The mark of a function or class of a plugin; a subclass does not inherit it."""
    mark = getattr(thing, "__dict__", {}).get(_MARK)
    return mark if isinstance(mark, Mark) else None


def action(name: str) -> Callable[[Marked], Marked]:
    """Mark `call(ctx: Context, ...)` as what `call: <name>` runs; lint checks `with:` against its other parameters."""
    return _marker("action", name)


def lookup(name: str, one: FindOne | None = None) -> Callable[[Search], Search]:
    """Mark `search(ctx: LookupContext, query: str) -> Sequence[Option]` as a source for `lookup:` and `options_from:`.

    The contract: for a list the search is asked with what was typed (empty: any), and gives the best first. 20 are
    shown; give 21 and people are told to search. For a stored or chosen value `one(ctx, value)` is asked and gives its
    option, or None when it may not be chosen; without `one` the search is asked with the value and must find it. Both
    only read. Raise PassingFault when the other side is away: people are told to try again in a minute.
    """
    return _marker("lookup", name, one)


def event(name: str) -> Callable[[MarkedClass], MarkedClass]:
    """Mark a pydantic model or dataclass as the payload of an event that flows may start from."""

    def hang(model: MarkedClass) -> MarkedClass:
        setattr(model, _MARK, Mark("event", name))
        return model

    return hang


def _marker(kind: str, name: str, one: FindOne | None = None) -> Callable[[Any], Any]:
    def hang(call: Any) -> Any:
        setattr(call, _MARK, Mark(kind, name, one))
        return call

    return hang

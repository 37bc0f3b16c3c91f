"""All that a plugin may import: marks for actions, lookups and events, the typed object handed to a hook, and faults.

The marks only hang a name on the function or class; the loader collects them from the plugin's modules, so importing a
plugin changes nothing anywhere. Semantic versioning: a name here is only removed with a new major version.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeVar

from flows.rules.errors import Invalid

__all__ = [
    "Context",
    "Invalid",
    "Option",
    "OrderVerbs",
    "PassingFault",
    "PaymentVerbs",
    "PermanentFault",
    "action",
    "event",
    "lookup",
    "mark_of",
]

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
    def payments(self) -> PaymentVerbs: ...


@dataclass(frozen=True)
class Option:
    """One answer of a lookup: what is stored, what people read, and a second line to tell equals apart."""

    value: str
    label: str
    detail: str = ""


@dataclass(frozen=True)
class Mark:
    """What a decorator hung on a function or class: `kind` is "action", "lookup" or "event"."""

    kind: str
    name: str


def mark_of(thing: object) -> Mark | None:
    """The mark of a function or class of a plugin; a subclass does not inherit it."""
    mark = getattr(thing, "__dict__", {}).get(_MARK)
    return mark if isinstance(mark, Mark) else None


def action(name: str) -> Callable[[Marked], Marked]:
    """Mark `call(ctx: Context, ...)` as what `call: <name>` runs; lint checks `with:` against its other parameters."""
    return _marker("action", name)


def lookup(name: str) -> Callable[[Callable[[str], Sequence[Option]]], Callable[[str], Sequence[Option]]]:
    """Mark `search(query: str) -> list[Option]` as a source for `lookup:` and `options_from:`."""
    return _marker("lookup", name)


def event(name: str) -> Callable[[MarkedClass], MarkedClass]:
    """Mark a pydantic model or dataclass as the payload of an event that flows may start from."""

    def hang(model: MarkedClass) -> MarkedClass:
        setattr(model, _MARK, Mark("event", name))
        return model

    return hang


def _marker(kind: str, name: str) -> Callable[[Any], Any]:
    def hang(call: Any) -> Any:
        setattr(call, _MARK, Mark(kind, name))
        return call

    return hang

"""What happened to an order."""

from __future__ import annotations

from dataclasses import dataclass

from flows.events.base import Event


@dataclass(frozen=True)
class OrderPlaced(Event):
    total_minor: int
    currency: str
    lines: int


@dataclass(frozen=True)
class OrderAwaitingDetails(Event):
    instances: list[str]


@dataclass(frozen=True)
class OrderFinalised(Event):
    with_details: bool


@dataclass(frozen=True)
class ProvisioningRequested(Event):
    line: str
    name: str
    provider: str


@dataclass(frozen=True)
class LineProvisioned(Event):
    line: str
    name: str
    provider_reference: str


@dataclass(frozen=True)
class OrderCompleted(Event):
    pass


@dataclass(frozen=True)
class OrderCancelled(Event):
    reason: str
    text: str


@dataclass(frozen=True)
class OrderFailed(Event):
    cause: str

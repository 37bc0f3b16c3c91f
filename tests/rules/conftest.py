"""Fields, steps and contexts for the rules, made without a flow, a catalogue or a database."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import settings

from flows.rules.answers import AnswerContext

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

_FIELD: dict[str, Any] = dict.fromkeys((
    "hint", "default", "min", "max", "max_length", "pattern", "options", "options_from", "within", "accept", "max_mb",
    "item", "max_items", "currency", "when", "visible_to",
))  # fmt: skip


def make_field(type: str = "text", label: str = "Full Name", **keys: Any) -> Any:
    return SimpleNamespace(**{
        **_FIELD, "required": False, "multiple": False, "sensitive": False, "type": type, "label": label, **keys
    })  # fmt: skip


def make_step(actor: str = "customer", **keys: Any) -> Any:
    usual: dict[str, Any] = {
        "when": None, "needs": (), "done_when": None, "fields": {}, "approval": None, "payment": None, "outcome": (),
        "do": (),
    }  # fmt: skip
    return SimpleNamespace(**{**usual, "actor": actor, **keys})


def make_flow(outcomes: Mapping[str, Any] | None = None, **steps: Any) -> Any:
    return SimpleNamespace(steps=steps, outcomes=outcomes or {})


@pytest.fixture(scope="session")
def field() -> Callable[..., Any]:
    return make_field


@pytest.fixture(scope="session")
def step() -> Callable[..., Any]:
    return make_step


@pytest.fixture(scope="session")
def flow() -> Callable[..., Any]:
    return make_flow


@pytest.fixture(scope="session")
def today() -> AnswerContext:
    return AnswerContext(today=date(2026, 11, 24), zone="Europe/London")


@pytest.fixture(scope="session")
def onboarding() -> Any:
    """The shape of the shipped move-in flow: conditions, needs, approval, a payment and a step that ticks itself."""
    return make_flow(
        {"complete": None},
        identity=make_step(fields={"right_to_rent": None}, approval=SimpleNamespace()),
        household=make_step(fields={"has_pets": None}),
        pets=make_step(when="data.has_pets == true", fields={"pet_list": None}, approval=SimpleNamespace()),
        deposit=make_step(needs=("identity", "household"), payment=SimpleNamespace()),
        agreement=make_step(
            "staff",
            needs=("deposit",),
            done_when="has(links.agreement)",
            fields={"move_in": SimpleNamespace(required=True)},
        ),
        keys=make_step(needs=("agreement",), fields={"slot": None}),
    )

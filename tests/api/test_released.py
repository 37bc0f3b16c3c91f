"""No change of the API breaks an app that was written for the last release; and the check sees what would (D5)."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
from flask import Flask

from tests.api.released import CURE, breaks, current, released

pytestmark = pytest.mark.parametrize("database", ["sqlite"])
ORDER = ("/orders", "post")


@pytest.mark.requirement("D5")
def test_nothing_breaks_what_was_released(app: Flask) -> None:
    found = breaks(released(), current())
    assert not found, "\n".join([*found, CURE, "What was only added is accepted with `make openapi`"])


def _require(document: dict[str, Any]) -> None:
    document["components"]["schemas"]["NewOrder"]["required"].append("expected_total")


def _make_null(document: dict[str, Any]) -> None:
    field = document["components"]["schemas"]["Order"]["properties"]
    field["reference"] = {"anyOf": [field["reference"], {"type": "null"}]}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda d: d["paths"].pop("/me/summary"), "GET /me/summary is gone"),
        (lambda d: d["paths"]["/orders"].pop("post"), "POST /orders is gone"),
        (lambda d: d["components"]["schemas"]["Order"]["properties"].pop("total"), "Order.total is gone from answers"),
        (_make_null, "Order.reference may now be null"),
        (_require, "POST /orders newly requires “expected_total” in its body"),
        (lambda d: d["components"]["schemas"]["NewOrder"]["properties"].pop("items"), "no longer takes “items”"),
        (lambda d: d["components"]["schemas"]["Wanted"]["properties"].pop("quantity"), "no longer takes “quantity”"),
        (lambda d: d["components"]["schemas"]["Grant"]["properties"]["grant_type"]["enum"].pop(), "no longer takes"),
        (lambda d: d["paths"]["/orders"]["get"]["parameters"].pop(0), "GET /orders no longer takes cursor"),
        (lambda d: d["paths"]["/orders"]["get"]["parameters"][0].update(required=True), "newly requires cursor"),
        (lambda d: d["paths"]["/orders"]["post"]["responses"].pop("201"), "POST /orders no longer answers 201"),
    ],
)
def test_what_would_break_is_seen(app: Flask, change: Callable[[dict[str, Any]], Any], said: str) -> None:
    new = deepcopy(current())
    change(new)
    found = breaks(current(), new)
    assert any(said in one for one in found), found


def test_what_is_added_breaks_nothing(app: Flask) -> None:
    new = deepcopy(current())
    new["paths"]["/new"] = deepcopy(new["paths"]["/me"])
    new["components"]["schemas"]["Order"]["properties"]["colour"] = {"type": "string"}
    new["components"]["schemas"]["NewOrder"]["properties"]["colour"] = {"type": "string"}
    new["paths"]["/orders"]["get"]["parameters"].append(
        {"name": "colour", "in": "query", "required": False, "schema": {"type": "string"}}
    )
    assert breaks(current(), new) == []

"""The documentation is complete and in the form that OpenAPI 3.1 asks for; so are the conditions that phones run."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask

from flows.rules.actors import Actor
from portal.api import openapi, problems
from portal.api.conditions import small_form
from portal.api.door import BASE, OPERATIONS
from tests.api.conftest import Phone, order_coro, task_of
from tests.world import World

METHODS = {"get", "put", "post", "delete", "patch"}


def every(document: Any, key: str) -> Iterator[Any]:
    """Each value of a key, anywhere."""
    if isinstance(document, dict):
        for name, value in document.items():
            if name == key and isinstance(value, str):
                yield value
            yield from every(value, key)
    elif isinstance(document, list):
        for value in document:
            yield from every(value, key)


@pytest.mark.parametrize("database", ["sqlite"])
def test_the_document_has_the_form_of_openapi(app: Flask) -> None:
    document = app.test_client().get(f"{BASE}/openapi.json").json
    assert document["openapi"] == "3.1.0"
    assert {"title", "version"} <= document["info"].keys()
    names = []
    for path, operations in document["paths"].items():
        assert path.startswith("/")
        assert set(operations) <= METHODS
        for described in operations.values():
            names.append(described["operationId"])
            assert described["summary"]
            in_path = {one["name"] for one in described["parameters"] if one["in"] == "path"}
            assert in_path == set(re.findall(r"{(\w+)}", path))
            assert any(status.startswith("2") for status in described["responses"])
            assert all(answer["description"] for answer in described["responses"].values())
    assert len(names) == len(set(names)) == len(OPERATIONS)
    for reference in every(document, "$ref"):
        assert reference.rpartition("/")[2] in document["components"]["schemas"]


@pytest.mark.parametrize("database", ["sqlite"])
def test_every_route_of_the_api_is_documented(app: Flask) -> None:
    routes = {
        (rule.rule.removeprefix(BASE), method)
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith(BASE)
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.endpoint not in ("api.nothing_here", "api_docs")
    }
    assert routes == {(op.path, op.method) for op in OPERATIONS}


def test_every_refusal_that_is_documented_has_a_page() -> None:
    for op in OPERATIONS:
        assert set(openapi.refusals_of(op)) <= problems.SLUGS.keys()


@pytest.mark.requirement("X1")
@pytest.mark.parametrize(
    ("condition", "form"),
    [
        (None, None),
        ("data.has_pets == true", {"field": "has_pets", "eq": True}),
        ('data.severity in ["bad", "worse"]', {"field": "severity", "in": ["bad", "worse"]}),
        ("data.n > 3 && data.n < 5", {"all": [{"field": "n", "gt": 3}, {"field": "n", "lt": 5}]}),
        (
            "data.a != 'x' || !has(data.b)",
            {"any": [{"field": "a", "ne": "x"}, {"not": {"not": {"field": "b", "empty": True}}}]},
        ),
        ("!(data.a == 1 || data.b == 2)", {"not": {"any": [{"field": "a", "eq": 1}, {"field": "b", "eq": 2}]}}),
        ("data.income * 2 < rent * 5", None),
        ("data.a >= 1", None),
        ("customer.name == 'A'", None),
        ("data.list.exists(l, l == 1)", None),
        ("data.a == data.b", None),
        ("data.a ==", None),
    ],
)
def test_conditions_in_the_form_that_a_phone_runs(condition: str | None, form: object) -> None:
    assert small_form(condition) == form


LISTS = ("/orders", "/instances", "/notifications", "/products", "/customers")


def test_statement_budgets(
    signed_in: Callable[[Actor], Phone], world: World, count_statements: Callable[[], list[str]]
) -> None:
    buyer = signed_in(world.buyer)
    counts: dict[str, set[int]] = {path: set() for path in LISTS}
    for orders in (1, 50):
        for _ in range(orders):
            order = order_coro(buyer, world)
        for path in LISTS:
            made = count_statements()
            answer = buyer.get(f"{path}?limit=100" if path in LISTS[:3] else path)
            assert answer.status_code == 200
            assert len(made) <= 5, f"{path}: {len(made)}\n" + "\n".join(made)
            counts[path].add(len(made))
    assert all(len(found) == 1 for found in counts.values()), counts
    task = task_of(order)
    for path in (
        f"/orders/{order['id']}",
        f"/instances/{task}",
        f"/instances/{task}?include=steps",
        f"/instances/{task}/steps/details",
        f"/instances/{task}/steps",
        f"/instances/{task}/history",
        "/me",
        "/me/summary",
        "/auth/sessions",
    ):
        made = count_statements()
        assert buyer.get(path).status_code == 200
        assert len(made) <= 6, f"{path}: {len(made)}\n" + "\n".join(made)

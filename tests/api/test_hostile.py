"""Whatever is thrown at the API, it answers with a "no" of ours: never a 5xx, never an undocumented status."""

from __future__ import annotations

import json
import random
import re
from typing import Any
from urllib.parse import quote

import pytest

from portal.api.door import OPERATIONS, Operation
from tests.api.conftest import DETAILS, Phone, new_key, order_coro, task_of
from tests.world import World

NASTY: list[Any] = [
    None,
    True,
    False,
    0,
    -1,
    2**31,
    2**53 - 1,
    2**63,
    10**40,
    1.5,
    -0.0,
    1e308,
    "",
    " ",
    "\0",
    "a\0b",
    "\ud800",
    "x" * 5000,
    "🙂" * 50,
    "'; DROP TABLE users; --",
    "%00",
    "../../etc/passwd",
    "\u202e\u200b",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00",
    "{{7*7}}",
    "${{ 7 }}",
    "<script>alert(1)</script>",
    "\r\nSet-Cookie: a=b",
    [],
    {},
    [None] * 200,
    [[]] * 10,
    {"a": {"b": {}}},
    {"": ""},
    {"__class__": 1},
    [{"product_id": "\0", "quantity": 2**70}],
    {"id": [1]},
    "TI-2001",
    "#1001",
    "TI-99999999999999999999",
]
REQUESTS = 320


def wild_body(op: Operation, dice: random.Random, sane: dict[str, Any]) -> Any:
    """Mostly a body with one or two wrong places, sometimes something else altogether."""
    if dice.random() < 0.15 or op.body is None:
        return dice.choice(NASTY)
    body = {name: sane.get(name, dice.choice(NASTY)) for name in op.body.model_fields}
    for name in dice.sample(sorted(body), dice.randint(1, min(2, len(body)))):
        body[name] = dice.choice(NASTY)
    if dice.random() < 0.2:
        body[str(dice.choice(NASTY))[:100]] = 1
    if isinstance(body.get("answers"), dict) and dice.random() < 0.7:
        body["answers"] = {**DETAILS, dice.choice([*DETAILS, "other"]): dice.choice(NASTY)}
    return body


def wild_path(op: Operation, dice: random.Random, ids: dict[str, str]) -> str:
    def filled(found: re.Match[str]) -> str:
        value = ids.get(found[1], "x") if dice.random() < 0.7 else str(dice.choice(NASTY))[:300]
        return quote(value.encode("utf-8", "surrogatepass"), safe="") or "x"

    path = re.sub(r"<(\w+)>", filled, op.path)
    if op.query is None or dice.random() < 0.4:
        return path
    names = [*op.query.model_fields, "extra"]
    asked = {dice.choice(names): str(dice.choice(NASTY))[:300] for _ in range(2)}
    return (
        path
        + "?"
        + "&".join(f"{name}={quote(value.encode('utf-8', 'surrogatepass'))}" for name, value in asked.items())
    )


@pytest.mark.requirement("D5")
def test_hostile_requests(buyer: Phone, world: World) -> None:
    dice, tally = random.Random(20261102), {4: 0, 2: 0}
    token, ids = (
        buyer.token,
        {"order_id": "", "instance_id": "", "key": "details", "product_id": world.coro, "session_id": "ses_x"},
    )
    order = order_coro(buyer, world)
    ids["order_id"], ids["instance_id"] = order["id"], task_of(order)
    sane = {
        "email": "a@example.com",
        "installation_id": "p",
        "grant_type": "password",
        "password": "p",
        "customer_id": world.acme,
        "items": [{"product_id": world.coro, "quantity": 1}],
        "answers": dict(DETAILS),
        "merge": True,
        "name": "Bea Buyer",
        "kind": "company",
        "language": "en",
        "time_zone": "Europe/London",
        "ids": ["ntf_x"],
        "filled_at": None,
        "expected_total": None,
    }
    for _ in range(REQUESTS):
        op = dice.choice(OPERATIONS)
        headers = {
            "Idempotency-Key": dice.choice([new_key(), "x", "\x7f\x80", ""]),
            "If-Match": dice.choice(["*", '"st-1-en"', "", '"']),
        }
        raw = json.dumps(wild_body(op, dice, sane)).encode() if op.method != "GET" else None
        more = {} if raw is None else {"data": raw, "content_type": "application/json"}
        buyer.token = dice.choice([token, token, token, token, token, "", "at_\0", "é"])
        path = wild_path(op, dice, ids)
        answer = buyer.raw(op.method, path, headers, **more)
        assert answer.status_code < 500, f"{op.method} {path} {raw!r}: {answer.text}"
        tally[answer.status_code // 100] = tally.get(answer.status_code // 100, 0) + 1
    assert tally[4] > REQUESTS / 3
    assert tally[2] > 20, "the dice also hit things that work"
    buyer.token = token
    assert buyer.get("/me").status_code == 200


def test_what_a_draft_keeps_can_be_read_again(buyer: Phone, world: World) -> None:
    url = f"/instances/{task_of(order_coro(buyer, world))}/steps/details"
    for nasty in NASTY:
        sent = {"answers": {"company_name": nasty, "other": nasty}}
        raw = json.dumps(sent).encode()
        saved = buyer.raw("PUT", f"{url}/draft?validate=true", data=raw, content_type="application/json")
        assert saved.status_code in (200, 400), saved.text
        assert buyer.get(url).status_code == 200

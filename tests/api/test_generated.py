"""Inputs made from the OpenAPI document by schemathesis: whoever sends what, never a 5xx, never an undocumented status.

2,000 of them with the other tests; BATON_API_INPUTS=10000 for more. The same seed, so the same inputs each time.
"""

from __future__ import annotations

import io
import json
import os
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis.generation import GenerationMode

from flows.rules.actors import Actor
from portal.api import limits, openapi
from portal.api.door import OPERATIONS
from tests.api.conftest import Phone, new_key, order_coro, task_of
from tests.api.guided import Request, request_
from tests.api.test_cases import ANSWERS
from tests.guided.conftest import move_in
from tests.stages.desk import TASK
from tests.world import World

Phones = Callable[[], dict[str, Phone]]
__all__ = ["move_in", "request_"]

INPUTS = int(os.environ.get("BATON_API_INPUTS", "2000"))
PARTS = 4
MODES = [GenerationMode.POSITIVE, GenerationMode.NEGATIVE]
EACH = -(-INPUTS // (len(OPERATIONS) * len(MODES)))
NOBODY = "nobody"
ACTORS = ("buyer", "colleague", "tenant", "reader", "agent", "admin", NOBODY)
"""A customer, a member of their company, one at home, who of staff may only look, who manages a department, and may do
most, an administrator, and no one.
"""


@pytest.fixture
def phones(signed_in: Callable[[Actor], Phone], anyone: Phone, world: World, monkeypatch: pytest.MonkeyPatch) -> Phones:
    """A phone of each, newly signed in: some of what is sent ends sign-ins."""
    monkeypatch.setattr(limits, "POLICY", "1000000 per minute")
    return lambda: {who: anyone if who == NOBODY else signed_in(getattr(world, who)) for who in ACTORS}


@pytest.fixture
def things(buyer: Phone, request_: Request, world: World) -> dict[str, list[str]]:
    """What is really there, by the name of the variable in an address."""
    order = order_coro(buyer, world)
    case = request_.tenant.post("/cases", {"flow": "department-request", "answers": ANSWERS}, key=new_key())
    wish = {"flow": "department-task", "answers": TASK, "assignee_id": "usr_gus", "priority": "high"}
    task = request_.agent.post("/tasks", wish, key=new_key())
    assert (case.status_code, task.status_code) == (201, 201), case.text + task.text
    return {"instance_id": [request_.id, task_of(order)], "order_id": [order["id"]], "product_id": [world.coro],
            "key": ["identity", "details", "household"], "case_id": [case.json["id"]], "task_id": [task.json["id"]],
            "slug": ["move-in", "department-request"], "name": ["start", "agreement", "baton.people", "doing"],
            "installation_id": ["phone-1"], "field": ["legal_name"]}  # fmt: skip


@pytest.mark.requirement("D5")
@pytest.mark.parametrize("database", ["sqlite"])
@pytest.mark.parametrize("part", range(PARTS))
def test_whatever_is_sent(
    part: int, phones: Phones, things: dict[str, list[str]], record_property: Callable[[str, object], None]
) -> None:
    """Each part sends its share of INPUTS; much of it goes past the sign-in, and a tenth is done."""
    schema = schemathesis.openapi.from_dict(openapi.document())
    made = [one.ok() for one in schema.get_all_operations()][part::PARTS]
    seen: Counter[int] = Counter()
    in_hand = phones()
    for n, operation in enumerate(made):
        for mode in MODES:
            _try(operation, mode, n, in_hand, things, seen)
            if operation.path.startswith("/auth/"):
                in_hand = phones()
    sent, taken = sum(seen.values()), sum(count for status, count in seen.items() if status < 300)
    record_property("inputs", f"{sent} {dict(seen)}")
    assert sent >= INPUTS * len(made) / len(OPERATIONS), seen
    assert taken >= sent / 10, seen


def _try(operation: Any, mode: GenerationMode, n: int, phones: dict[str, Phone], things: dict[str, list[str]],
         seen: Counter[int]) -> None:  # fmt: skip
    """Phone raises when a status is not in the document, or an answer has not the shape that it says."""
    quiet = settings(
        max_examples=EACH, database=None, deadline=None, phases=[Phase.generate], suppress_health_check=HealthCheck
    )

    @quiet
    @seed(20261102 + n)
    @given(case=operation.as_strategy(generation_mode=mode), dice=st.randoms(use_true_random=False))
    def ask(case: Any, dice: Any) -> None:
        who = dice.choice(ACTORS)
        answer = _send(phones[who], case, dice, things)
        seen[answer.status_code] += 1
        said = f"{who} {case.method} {case.path}: {answer.data!r}"
        assert answer.status_code < 500 or answer.status_code == 503, said
        assert answer.status_code != 401 or who == NOBODY or case.path.startswith("/auth/"), said

    try:
        ask()
    except Unsatisfiable:  # an operation that takes nothing has nothing to be wrong
        assert mode is GenerationMode.NEGATIVE
        _try(operation, GenerationMode.POSITIVE, n + 1, phones, things, seen)


def _send(phone: Phone, case: Any, dice: Any, things: dict[str, list[str]]) -> Any:
    for name in case.path_parameters or ():
        if name in things and dice.random() < 0.7:
            case.path_parameters[name] = dice.choice(things[name])
    headers = {name: str(value) for name, value in dict(case.headers or {}).items() if _is_sendable(name, str(value))}
    if phone.token:  # else the token that was made up is sent, and nothing gets further than the sign-in
        headers.pop("Authorization", None)
    if dice.random() < 0.5:
        headers |= {"Idempotency-Key": new_key(), "If-Match": "*"} if case.method != "GET" else {}
    more: dict[str, Any] = {"query_string": {name: _text(value) for name, value in (case.query or {}).items()}}
    return phone.raw(case.method, case.formatted_path or "/", headers, **more, **_body_of(case))


def _body_of(case: Any) -> dict[str, Any]:
    if not case.media_type or case.method == "GET":
        return {}
    if case.media_type == "multipart/form-data" and isinstance(case.body, dict):
        sent = {name: _text(value) for name, value in case.body.items() if name != "file"}
        return {"data": {**sent, "file": (io.BytesIO(str(case.body.get("file")).encode()), "note.txt")}}
    try:
        raw = case.body if isinstance(case.body, bytes) else json.dumps(case.body).encode("utf-8", "surrogatepass")
    except TypeError:  # no body at all
        raw = b""
    return {"data": raw, "content_type": case.media_type}


def _text(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    return text.encode("utf-8", "replace").decode()


def _is_sendable(name: str, value: str) -> bool:
    """What no client could put into a header is not the API's to refuse."""
    return (
        name.isascii() and not set(value) & set("\r\n\0") and value.isprintable() and ord(max(value, default="a")) < 256
    )

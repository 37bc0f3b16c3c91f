"""Conversations through the API: both ways, once, read up to where, closed with the request; nothing for strangers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from flows.rules.actors import Actor
from tests.api.conftest import Phone, new_key
from tests.api.guided import Request, request_
from tests.guided.conftest import move_in
from tests.world import World
from wsgi import PARTS

__all__ = ["move_in", "request_"]


@pytest.fixture
def parts() -> tuple[str, ...]:
    return PARTS


def say(request_: Request, phone: Phone, body: str = "Hello", key: str = "", status: int = 201, **more: Any) -> Any:
    answer = phone.post(f"{request_.url}/messages", {"body": body, **more}, key=key or new_key())
    assert answer.status_code == status, answer.text
    return answer.json


def messages(request_: Request, phone: Phone, query: str = "") -> Any:
    return request_.seen_by(phone, f"/messages{query}")


@pytest.mark.requirement("C3", "C47", "C48", "C51", "D5")
def test_a_conversation_between_two_phones(request_: Request) -> None:
    tenant, agent = request_.tenant, request_.agent
    asked = say(request_, agent, "Which day?", client_id="one")
    assert asked["sender"] == {"id": "usr_gus", "name": "Gus Agent", "role": "staff"}
    assert (asked["seq"], asked["client_id"]) == (1, "one")
    assert tenant.get("/me/summary").json["unread_messages"] == 1
    seen = request_.seen_by(tenant)
    assert seen["unread_messages"] == 1
    assert tenant.get("/instances").json["data"][0]["unread_messages"] == 1
    [talk] = tenant.get("/conversations").json["data"]
    assert (talk["reference"], talk["unread"], talk["newest"]["body"]) == (seen["reference"], 1, "Which day?")
    tag = tenant.get(request_.url).headers["ETag"]
    marked = tenant.send("PUT", f"{request_.url}/read_marker", {"message_id": asked["id"]})
    assert marked.json == {"seq": 1, "unread": 0}
    assert tenant.get(request_.url).headers["ETag"] != tag
    say(request_, tenant, "Monday")
    here = messages(request_, agent)
    assert [one["body"] for one in here["data"]] == ["Which day?", "Monday"]
    assert (here["unread"], here["read_by_others_up_to"], here["last_seq"]) == (1, 1, 2)
    assert here["data"][1]["client_id"] is None, "ids are for whoever made them"
    assert here["allowed_actions"] == ["message", "note"]
    assert messages(request_, tenant)["allowed_actions"] == ["message"]


@pytest.mark.requirement("C47")
def test_the_same_message_again_is_there_once(request_: Request) -> None:
    first = say(request_, request_.tenant, "Once", key="k" * 20)
    assert say(request_, request_.tenant, "Once", key="k" * 20) == first
    assert say(request_, request_.tenant, "Once", key="another-try-of-it", client_id="k" * 20)["id"] == first["id"]
    wrong = say(request_, request_.tenant, "Twice", client_id="k" * 20, status=422)
    assert wrong["errors"][0]["pointer"] == "#/client_id"
    missing = request_.tenant.post(f"{request_.url}/messages", {"body": "x"})
    assert missing.json["code"] == "idempotency-key-missing"
    assert len(messages(request_, request_.agent)["data"]) == 1


@pytest.mark.requirement("C48")
def test_cursors_go_both_ways(request_: Request) -> None:
    for n in range(1, 6):
        say(request_, request_.agent, str(n))
    page = messages(request_, request_.tenant, "?limit=2")
    assert ([one["seq"] for one in page["data"]], page["before"], page["after"]) == ([4, 5], 4, None)
    page = messages(request_, request_.tenant, "?limit=2&before=4")
    assert ([one["seq"] for one in page["data"]], page["before"]) == ([2, 3], 2)
    page = messages(request_, request_.tenant, "?limit=2&after=1")
    assert ([one["seq"] for one in page["data"]], page["after"]) == ([2, 3], 3)
    assert messages(request_, request_.tenant, "?after=5")["data"] == []
    for odd in ("?after=-1", "?before=x", "?after=99999999999", "?thread=secret"):
        assert request_.tenant.get(f"{request_.url}/messages{odd}").status_code == 422


@pytest.mark.requirement("X29")
def test_notes_are_for_staff_alone(request_: Request) -> None:
    note = say(request_, request_.agent, "Be careful", internal=True)
    assert note["internal"] is True
    assert messages(request_, request_.tenant, "?thread=notes")["data"] == []
    assert messages(request_, request_.tenant)["last_seq"] == 0
    assert [one["body"] for one in messages(request_, request_.admin, "?thread=notes")["data"]] == ["Be careful"]
    say(request_, request_.tenant, "x", internal=True, status=403)
    missing = request_.tenant.send("PUT", f"{request_.url}/read_marker", {"message_id": note["id"]})
    assert missing.status_code == 404


@pytest.mark.requirement("C54")
def test_it_says_why_it_is_closed(request_: Request) -> None:
    say(request_, request_.agent, "Before")
    request_.done("/cancel", {"reason": "Not needed"}, by=request_.admin)
    refused = say(request_, request_.tenant, "After", status=409)
    assert (refused["status"], refused["code"]) == (409, "conversation-closed")
    assert "was cancelled on Monday 2 November 2026" in refused["detail"]
    here = messages(request_, request_.tenant)
    assert here["closed"] == refused["detail"]
    assert here["allowed_actions"] == []
    assert [one["body"] for one in here["data"]] == ["Before"]
    assert request_.tenant.get("/me/summary").json["unread_messages"] == 0, "badges stop on close"


def test_what_is_wrong_is_said_where(request_: Request) -> None:
    assert say(request_, request_.tenant, " ", status=422)["errors"][0]["pointer"] == "#/body"
    assert say(request_, request_.tenant, "x" * 10_001, status=422)["errors"][0]["pointer"] == "#/body"
    wrong = say(request_, request_.tenant, "x", upload_ids=["up_nobody"], status=422)
    assert wrong["errors"][0]["pointer"] == "#/upload_ids/0"


def test_strangers_find_nothing(request_: Request, signed_in: Callable[[Actor], Phone], world: World) -> None:
    say(request_, request_.agent, "Private")
    stranger, reader = signed_in(world.stranger), signed_in(world.reader)
    assert stranger.get(f"{request_.url}/messages").status_code == 404
    say(request_, stranger, status=404)
    assert stranger.send("PUT", f"{request_.url}/read_marker", {"message_id": "msg_1"}).status_code == 404
    assert stranger.get("/conversations").json == {"data": [], "unread": 0}
    say(request_, reader, status=403)
    assert messages(request_, reader)["allowed_actions"] == []

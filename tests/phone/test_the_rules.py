"""The rules of the reference client in memory: what is kept, what is sent again, what a person decides."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from phone import outbox as outbox_room
from phone import sync, tokens
from phone.app import Phone
from phone.line import NoAnswer
from phone.tokens import SignedOut

pytestmark = pytest.mark.requirement("D5")
Answer = httpx.Response | Exception


class Server:
    """Answers as it is told, and remembers what it was asked. Without words for a path it says 404."""

    def __init__(self) -> None:
        self.asked: list[httpx.Request] = []
        self.plan: dict[str, Callable[[httpx.Request], Answer]] = {"POST /auth/token": self.token}
        self.given = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        name = f"{request.method} {request.url.path.removeprefix('/api/v1')}"
        answer = self.plan.get(name, lambda _: no(404, "not-found"))(request)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def token(self, request: httpx.Request) -> Answer:
        """As the server does it: a refresh token once, and the one just replaced gives the same successor."""
        given = json.loads(request.content)
        self.given += 1
        number = int(given.get("refresh_token", "rt_0").removeprefix("rt_"))
        return httpx.Response(200, json={"access_token": f"at_{self.given}", "expires_in": 900,
                                         "refresh_token": f"rt_{number + 1}", "user": {"id": "usr_1"}})  # fmt: skip

    def says(self, name: str, *answers: Answer) -> None:
        """One after the other, the last for ever."""
        left = list(answers)
        self.plan[name] = lambda _: left.pop(0) if len(left) > 1 else left[0]

    def paths(self) -> list[str]:
        return [f"{one.method} {one.url.path.removeprefix('/api/v1')}" for one in self.asked]

    def keys(self) -> set[str]:
        return {one.headers["Idempotency-Key"] for one in self.asked if "Idempotency-Key" in one.headers}


def no(status: int, code: str, **more: Any) -> httpx.Response:
    return httpx.Response(status, json={"status": status, "code": code, "detail": code, "errors": [], **more})


def yes(**body: Any) -> httpx.Response:
    return httpx.Response(201, json=body)


def page(*changes: tuple[str, ...], full: bool = False, more: bool = False, cursor: str = "c") -> httpx.Response:
    """Changes are op, kind, id, account."""
    listed = [{"op": op, "object": kind, "id": uid, "account_id": account,
               "data": {"id": uid} if op == "upsert" else None} for op, kind, uid, account in changes]  # fmt: skip
    body = {"changes": listed, "cursor": cursor, "has_more": more, "full": full, "summary": None if more else {}}
    return httpx.Response(200, json=body)


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def phone(tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Phone]:
    monkeypatch.setattr(outbox_room, "FIRST_PAUSE", 0.001)
    monkeypatch.setattr(tokens, "LOST_ANSWER_PAUSES", (0.0, 0.0))
    made = Phone(tmp_path, "http://server", longest_pause=0.002, transport=httpx.MockTransport(server))
    made.tokens.sign_in("priya@mail.example", password="demo")
    server.asked.clear()
    yield made
    made.close()


def deliver(phone: Phone) -> None:
    """Until everything is sent, or for somebody to decide."""
    while phone.outbox.rows("waiting", "checking"):
        time.sleep(phone.outbox.deliver() or 0.0)


LOST = httpx.RemoteProtocolError("the answer was cut")


TROUBLES = (LOST, httpx.ConnectError("away"), no(503, "unavailable"), no(500, "internal"), no(522, "unknown"),
            no(429, "rate-limited"), no(426, "app-too-old"), no(409, "idempotency-in-progress"))  # fmt: skip


@pytest.mark.parametrize("trouble", TROUBLES)
def test_it_is_sent_until_it_is_answered_and_always_with_the_same_key(
    phone: Phone, server: Server, trouble: Answer
) -> None:
    server.says("POST /instances/ti_1/messages", trouble, trouble, trouble, yes(id="msg_1"))
    key = phone.say("ti_1", "Hello")
    deliver(phone)
    assert len(server.asked) == 4
    assert server.keys() == {key}
    assert {json.loads(one.content)["client_id"] for one in server.asked} == {key}
    assert phone.outbox.rows("sent")[0]["answer"] == {"id": "msg_1"}


def test_the_server_says_when_to_come_again(phone: Phone, server: Server) -> None:
    server.says("POST /instances/ti_1/messages", httpx.Response(429, headers={"Retry-After": "40"}))
    phone.say("ti_1", "Hello")
    assert 39 < (phone.outbox.deliver() or 0) <= 40


def test_when_the_line_is_down_one_request_finds_it_out(phone: Phone, server: Server) -> None:
    for n in range(20):
        server.says(f"POST /instances/ti_{n}/messages", LOST)
        phone.say(f"ti_{n}", "Hello")
    phone.outbox.deliver()
    assert len(server.asked) == 1


@pytest.mark.parametrize(("status", "code"), [(409, "conversation-closed"), (412, "stale-version"),
                                              (422, "validation"), (404, "not-found"), (403, "forbidden")])  # fmt: skip
def test_a_no_is_for_the_person_and_holds_what_comes_after_it(
    phone: Phone, server: Server, status: int, code: str
) -> None:
    server.says("POST /instances/ti_1/messages", no(status, code))
    server.says("POST /instances/ti_2/messages", yes(id="msg_2"))
    first, second, other = phone.say("ti_1", "One"), phone.say("ti_1", "Two"), phone.say("ti_2", "Elsewhere")
    phone.outbox.deliver()
    assert [(row["key"], row["answer"]["code"]) for row in phone.conflicts()] == [(first, code)]
    assert [row["key"] for row in phone.outbox.rows("waiting")] == [second]
    assert [row["key"] for row in phone.outbox.rows("sent")] == [other]
    phone.outbox.discard(first)
    server.says("POST /instances/ti_1/messages", yes(id="msg_3"))
    deliver(phone)
    assert phone.outbox.rows("sent")[0]["key"] == second


def test_what_is_sent_otherwise_is_another_thing_with_another_key(phone: Phone, server: Server) -> None:
    server.says("POST /instances/ti_1/messages", no(422, "validation"), yes(id="msg_1"))
    first = phone.say("ti_1", "x" * 9000)
    deliver(phone)
    second = phone.outbox.again(first, {"body": "short", "upload_ids": []})
    deliver(phone)
    assert second != first
    assert json.loads(server.asked[-1].content) == {"body": "short", "upload_ids": [], "client_id": second}
    assert server.keys() == {first, second}


def test_files_first_and_then_what_names_them(phone: Phone, server: Server, tmp_path: Path) -> None:
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(b"JPEG")
    server.says("POST /uploads", LOST, yes(id="up_1", state="checking"))
    server.says("GET /uploads/up_1", httpx.Response(200, json={"id": "up_1", "state": "checking"}),
                httpx.Response(200, json={"id": "up_1", "state": "ready"}))  # fmt: skip
    early = no(422, "validation", errors=[{"code": "upload_not_ready", "meta": {"retry_after": 0}}])
    server.says("POST /cases", early, yes(id="ca_1"))
    server.says("POST /cases/ca_1/comments", yes(id="cm_1"))
    case = phone.raise_case("department-request", {"subject": "Leak"}, files={"files": [photo]})
    phone.comment(f"local:{case}", "It drips")
    photo.unlink()
    deliver(phone)
    assert server.paths() == ["POST /uploads", "POST /uploads", "GET /uploads/up_1", "GET /uploads/up_1",
                              "POST /cases", "POST /cases", "POST /cases/ca_1/comments"]  # fmt: skip
    assert json.loads(server.asked[-2].content)["answers"] == {"subject": "Leak", "files": ["up_1"]}
    assert phone.store.rows("SELECT * FROM files") == []


def test_a_refused_file_is_decided_on_before_what_names_it(phone: Phone, server: Server, tmp_path: Path) -> None:
    (tmp_path / "virus").write_bytes(b"EICAR")
    server.says("POST /uploads", yes(id="up_1", state="refused", refusal="There is a virus in it"))
    phone.say("ti_1", "See this", [tmp_path / "virus"])
    phone.outbox.deliver()
    [conflict] = phone.conflicts()
    assert conflict["answer"]["detail"] == "There is a virus in it"
    phone.outbox.discard(conflict["key"])
    phone.outbox.deliver()
    assert [row["answer"]["code"] for row in phone.conflicts()] == ["incomplete"]


def test_of_drafts_and_ratings_the_newest_is_sent(phone: Phone, server: Server) -> None:
    server.says("PUT /instances/ti_1/steps/a/draft", httpx.Response(200, json={}))
    for words in ("K", "Ke", "Kes"):
        phone.draft("ti_1", "a", {"name": words})
    deliver(phone)
    assert [json.loads(one.content)["answers"]["name"] for one in server.asked] == ["Kes"]


def test_after_a_day_without_an_answer_the_person_looks(
    phone: Phone, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("POST /orders", "POST /instances/ti_1/messages"):
        server.says(name, LOST, yes(id="made"))
    phone.order("cus_1", {"prd_1": 1})
    phone.say("ti_1", "Hello")
    phone.outbox.deliver()
    monkeypatch.setattr(outbox_room, "KEY_LIVES_SECONDS", -1)
    deliver(phone)
    assert [(row["kind"], row["answer"]["code"]) for row in phone.conflicts()] == [("order", "unanswered")]
    assert [row["kind"] for row in phone.outbox.rows("sent")] == ["message"]


def test_what_never_left_has_all_the_time_of_the_world(
    phone: Phone, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.says("POST /orders", httpx.ConnectError("no network"), yes(id="ord_1"))
    phone.order("cus_1", {"prd_1": 1})
    phone.outbox.deliver()
    monkeypatch.setattr(outbox_room, "KEY_LIVES_SECONDS", -1)
    deliver(phone)
    assert [row["kind"] for row in phone.outbox.rows("sent")] == ["order"]


def test_a_step_that_moved_on_is_looked_at_again(phone: Phone, server: Server) -> None:
    old = {"key": "a", "fields": [{"key": "name"}, {"key": "fax"}]}
    phone.store.keep_form("ti_1", '"st-1-en"', old)
    new = {"key": "a", "fields": [{"key": "name"}, {"key": "seats"}]}
    server.says("GET /instances/ti_1/steps/a", httpx.Response(200, json=new, headers={"ETag": '"st-2-en"'}))
    server.says("POST /instances/ti_1/steps/a/submissions", no(412, "stale-version"), yes(id="sub_1"))
    key = phone.submit("ti_1", "a", {"name": "Kestrel", "fax": "1"})
    deliver(phone)
    fresh = phone.look_again(key)
    assert (fresh.kept, fresh.new, fresh.gone) == ({"name": "Kestrel"}, ["seats"], ["fax"])
    phone.send_again(key, fresh, {"seats": 3})
    deliver(phone)
    sent = [one for one in server.asked if one.method == "POST"]
    assert [one.headers["If-Match"] for one in sent] == ['"st-1-en"', '"st-2-en"']
    assert json.loads(sent[-1].content) == {"answers": {"name": "Kestrel", "seats": 3}}


# --- the copy ---


def test_answers_that_were_declined_are_sent_otherwise_on_the_same_form(phone: Phone, server: Server) -> None:
    phone.store.keep_form("ti_1", '"st-1-en"', {"key": "a", "fields": [{"key": "name"}, {"key": "seats"}]})
    server.says("POST /instances/ti_1/steps/a/submissions", no(422, "validation"), yes(id="sub_1"))
    key = phone.submit("ti_1", "a", {"name": "Kestrel", "seats": -1})
    deliver(phone)
    phone.send_again(key, answers={"seats": 3})
    deliver(phone)
    assert [one.headers["If-Match"] for one in server.asked] == ['"st-1-en"'] * 2
    assert json.loads(server.asked[-1].content) == {"answers": {"name": "Kestrel", "seats": 3}}
    assert len(server.keys()) == 2


def test_a_full_snapshot_takes_the_place_of_what_was_there(phone: Phone, server: Server) -> None:
    server.says("GET /sync", page(("upsert", "order", "ord_1", "cus_1"), full=True))
    sync.pull(phone.store, phone.tokens)
    server.says(
        "GET /sync", no(410, "sync-cursor-expired"), page(("upsert", "order", "ord_2", "cus_1"), full=True, more=True)
    )
    server.plan["GET /sync"] = _then_lost(server.plan["GET /sync"], after=2)
    with pytest.raises(NoAnswer):
        sync.pull(phone.store, phone.tokens)
    assert {uid for _, uid in phone.store.objects()} == {"ord_1", "ord_2"}
    server.says("GET /sync", page(("upsert", "order", "ord_3", "cus_1"), full=True))
    sync.pull(phone.store, phone.tokens)
    assert {uid for _, uid in phone.store.objects()} == {"ord_2", "ord_3"}
    assert "cursor=c" in str(server.asked[-1].url)


def test_with_an_account_goes_what_is_of_it(phone: Phone, server: Server) -> None:
    mine, theirs = ("upsert", "order", "ord_1", "cus_1"), ("upsert", "order", "ord_2", "cus_2")
    server.says("GET /sync", page(mine, theirs, ("upsert", "account", "cus_2", "cus_2"), full=True))
    sync.pull(phone.store, phone.tokens)
    server.says("GET /sync", page(("delete", "account", "cus_2", "cus_2")))
    sync.pull(phone.store, phone.tokens)
    assert {uid for _, uid in phone.store.objects()} == {"ord_1"}


def test_a_page_and_its_cursor_are_kept_together_or_not_at_all(
    phone: Phone, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.says("GET /sync", page(("upsert", "order", "ord_1", "cus_1"), full=True))
    monkeypatch.setattr(phone.store, "keep", _dies)
    with pytest.raises(KeyboardInterrupt):
        sync.pull(phone.store, phone.tokens)
    monkeypatch.undo()
    assert (phone.store.objects(), phone.store.fact("cursor")) == ({}, None)


# --- tokens ---


def test_one_refresh_at_a_time(phone: Phone, server: Server) -> None:
    server.says("GET /me", httpx.Response(200, json={}))
    phone.store.keep(access_ends="0")
    threads = [threading.Thread(target=phone.tokens.ask, args=("GET", "/me")) for _ in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert server.paths().count("POST /auth/token") == 1
    assert phone.store.fact("refresh_token") == "rt_2"


def test_a_refresh_whose_answer_is_lost_is_asked_for_again_with_the_same_token(phone: Phone, server: Server) -> None:
    lost = iter([LOST, LOST])
    server.plan["POST /auth/token"] = lambda request: next(lost, None) or server.token(request)
    phone.tokens.refresh(phone.store.fact("access_token") or "")
    assert {json.loads(one.content)["refresh_token"] for one in server.asked} == {"rt_1"}
    assert phone.store.fact("refresh_token") == "rt_2"


def test_signed_out_loses_nothing(phone: Phone, server: Server) -> None:
    server.says("POST /instances/ti_1/messages", no(401, "token-expired"), yes(id="msg_1"))
    server.says("POST /auth/token", no(401, "refresh-reused"))
    phone.say("ti_1", "Hello")
    with pytest.raises(SignedOut):
        phone.outbox.deliver()
    server.plan["POST /auth/token"] = server.token
    phone.tokens.sign_in("priya@mail.example", password="demo")
    deliver(phone)
    assert len(phone.outbox.rows("sent")) == 1


def test_another_person_on_this_phone_sees_nothing_of_the_first(phone: Phone, server: Server) -> None:
    server.says("GET /sync", page(("upsert", "order", "ord_1", "cus_1"), full=True))
    sync.pull(phone.store, phone.tokens)
    phone.say("ti_1", "Hello")
    other = {"access_token": "at_x", "expires_in": 900, "refresh_token": "rt_x", "user": {"id": "usr_2"}}
    server.says("POST /auth/token", httpx.Response(200, json=other))
    phone.tokens.sign_in("gareth@mail.example", password="demo")
    assert (phone.store.objects(), phone.outbox.rows("waiting")) == ({}, [])
    kept = {row["name"] for row in phone.store.rows("SELECT name FROM facts")}
    assert kept == {"installation_id", "user_id", "access_token", "access_ends", "refresh_token"}


def _then_lost(plan: Callable[[httpx.Request], Answer], after: int) -> Callable[[httpx.Request], Answer]:
    left = iter(range(after))
    return lambda request: plan(request) if next(left, None) is not None else LOST


def _dies(**_: object) -> None:
    raise KeyboardInterrupt

"""A housing system that is asked over HTTP: what it says is taken, all else is a fault in words (C41)."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from flask import Flask

from flows import lookups, ports
from flows import settings as room
from flows.access import read_as
from flows.clock import clock
from flows.lookups import Place
from flows.plugin import PassingFault, PermanentFault
from flows.ports import Tenancy
from flows.rules.actors import SYSTEM
from flows.rules.answers import Unavailable
from flows.settings import Settings
from messaging import agreements_http, outside
from messaging.agreements_http import HttpAgreements
from tests.world import World

pytestmark = pytest.mark.parametrize("database", ["sqlite"])
ONE = {
    "id": "agr/1 ä", "number": "AG-1", "tenant_name": "Priya Shah", "address": "12 Mill Lane", "rent_minor": 85_000,
    "starts_on": "2026-12-01", "more": "is passed over",
}  # fmt: skip


class House:
    """A real HTTP server that answers as it is told, and keeps what it was asked."""

    def __init__(self) -> None:
        self.status, self.body, self.headers = 200, b"{}", {}  # type: tuple[int, bytes, dict[str, str]]
        self.wait = 0.0
        self.asked: list[tuple[str, dict[str, str], bytes]] = []
        house = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                content = self.rfile.read(int(self.headers["Content-Length"] or 0))
                house.asked.append((f"{self.command} {self.path}", dict(self.headers), content))
                time.sleep(house.wait)
                try:
                    self.send_response(house.status)
                    for name, value in {"Content-Length": str(len(house.body)), **house.headers}.items():
                        self.send_header(name, value)
                    self.end_headers()
                    self.wfile.write(house.body)
                except OSError:
                    self.close_connection = True

            do_POST = do_GET

            def log_message(self, *_args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def says(self, words: Any, status: int = 200) -> None:
        self.status, self.body = status, words if isinstance(words, bytes) else json.dumps(words).encode()


@pytest.fixture
def house(app: Flask) -> Iterator[House]:
    made = House()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def provider(house: House) -> HttpAgreements:
    return HttpAgreements(f"http://127.0.0.1:{house.server.server_port}/housing/", "s3cret")


@pytest.mark.requirement("C41")
def test_a_search_asks_and_understands(house: House, provider: HttpAgreements) -> None:
    house.says({"agreements": [ONE, {**ONE, "id": "agr2", "active": True, "rent_minor": None}]})
    first, second = provider.search("mill & lane", 21)
    assert first == Tenancy(
        "agr/1 ä", "AG-1", "Priya Shah", "12 Mill Lane", rent_minor=85_000, starts_on=date(2026, 12, 1)
    )
    assert second.is_active
    asked, headers, _ = house.asked[0]
    assert asked == "GET /housing/agreements?q=mill+%26+lane&limit=21"
    assert headers["Authorization"] == "Bearer s3cret"
    house.says({"agreements": [ONE] * 90})
    assert len(provider.search("", 21)) == 21, "no more than was asked for"


@pytest.mark.requirement("C41")
def test_one_is_got_or_is_not_there(house: House, provider: HttpAgreements) -> None:
    house.says(ONE)
    found = provider.get("agr/1 ä")
    assert found is not None
    assert found.number == "AG-1"
    assert house.asked[0][0] == "GET /housing/agreements/agr%2F1%20%C3%A4"
    house.says({"error": "no such"}, 404)
    assert provider.get("gone") is None
    house.says(ONE)
    with pytest.raises(PermanentFault, match="answers with another"):
        provider.get("../../admin")
    assert house.asked[-1][0] == "GET /housing/agreements/..%2F..%2Fadmin", "an id leads nowhere else"


@pytest.mark.requirement("C41")
def test_activating_carries_the_key_that_makes_a_repeat_harmless(house: House, provider: HttpAgreements) -> None:
    for _ in range(2):
        provider.activate("a1", date(2026, 12, 1), "ti_x:completed:0:call")
    assert [one[0] for one in house.asked] == ["POST /housing/agreements/a1/activate"] * 2
    assert {one[1]["Idempotency-Key"] for one in house.asked} == {"ti_x:completed:0:call"}
    assert json.loads(house.asked[0][2]) == {"move_in": "2026-12-01"}
    house.says({}, 404)
    with pytest.raises(PermanentFault, match="answers 404"):
        provider.activate("a1", date(2026, 12, 1), "k")


FAULTS = [
    ((500, b"oh"), PassingFault, "answers 500"),
    ((503, b""), PassingFault, "answers 503"),
    ((429, b""), PassingFault, "answers 429"),
    ((401, b"{}"), PermanentFault, "answers 401"),
    ((302, b""), PermanentFault, "redirects are not followed"),
    ((200, b"x" * (outside.MOST_BYTES + 1)), PermanentFault, "more than 64 KB"),
    ((200, b"<html>"), PermanentFault, "no agreement"),
    ((200, b""), PermanentFault, "no agreement"),
    ((200, b"[]"), PermanentFault, "no agreement"),
    ((200, b'{"agreements": [{"id": 1}]}'), PermanentFault, "no agreement"),
    ((200, b'{"agreements": [{"id": "", "number": "x"}]}'), PermanentFault, "no agreement"),
    ((200, b"\xff\xfe"), PermanentFault, "no agreement"),
]


@pytest.mark.requirement("C41")
@pytest.mark.parametrize(("said", "fault", "words"), FAULTS)
def test_whatever_else_it_says_is_a_fault(
    house: House, provider: HttpAgreements, said: tuple[int, bytes], fault: type[Exception], words: str
) -> None:
    house.status, house.body = said
    house.headers = {"Location": "http://127.0.0.1:1/"} if said[0] == 302 else {}
    for ask in (lambda: provider.search("x", 21), lambda: provider.get("x")):
        with pytest.raises(fault) as told:
            ask()
        assert words in str(told.value)
        assert "s3cret" not in str(told.value)
    assert len(house.asked) == 2, "a redirect is not followed, a fault is not tried again by itself"


@pytest.mark.requirement("C41")
def test_whoever_is_slow_or_away_is_left(
    house: House, provider: HttpAgreements, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outside, "PATIENCE_SECONDS", 0.2)
    house.wait = 5
    begun = time.monotonic()
    with pytest.raises(PassingFault, match="cannot be reached"):
        provider.search("x", 21)
    assert time.monotonic() - begun < 2
    with pytest.raises(PassingFault, match="cannot be reached"):
        HttpAgreements("http://127.0.0.1:9", "t").get("x")


@pytest.mark.requirement("C41", "X21")
@pytest.mark.parametrize("url", ["http://10.0.0.1", "https://169.254.169.254", "https://[::1]", "file:///x", "x"])
def test_no_way_inside_that_nobody_listed(app: Flask, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_args: object) -> None:
        raise AssertionError("a request left")

    monkeypatch.setattr(outside, "_exchange", never)
    with pytest.raises(PermanentFault):
        HttpAgreements(url, "t").search("x", 21)


@pytest.mark.requirement("C41")
def test_lookups_ask_the_provider_of_the_settings(world: World, house: House, provider: HttpAgreements) -> None:
    settings: Settings = room.current()
    assert agreements_http.provider_of(settings) is None
    named = Settings.from_env({}, agreements_url=provider.url, agreements_token="t")
    ports.use_agreements(agreements_http.provider_of(named))
    try:
        place = Place(clock.now(), "UTC")
        house.says({"agreements": [ONE]})
        found = lookups.search(read_as(SYSTEM), place, "housing.agreements", "mill")
        assert [(one.value, one.label, one.exclusive) for one in found.options] == [("agr/1 ä", "AG-1", True)]
        house.says({}, 500)
        with pytest.raises(Unavailable):
            lookups.search(read_as(SYSTEM), place, "housing.agreements", "mill")
        with pytest.raises(Unavailable):
            lookups.one(read_as(SYSTEM), place, "housing.agreements", "agr/1 ä")
    finally:
        ports.use_agreements(None)

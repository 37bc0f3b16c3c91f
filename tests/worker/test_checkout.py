"""The demo's Stripe: its page takes no money, its calls are signed as Stripe signs them, and it stays small."""

from __future__ import annotations

import json
import socket
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import stripe as library

from flows.settings import Settings
from worker.demo import outside
from worker.demo.checkout import Stripe

KEY, SECRET = "sk_demo_1", "whsec_1"


class _Hook(BaseHTTPRequestHandler):
    """Somebody who hears the calls in place of the web part, and is not there the first time."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append((body, self.headers["Stripe-Signature"]))  # type: ignore[attr-defined]
        self.send_response(503 if len(self.server.got) == 1 else 204)  # type: ignore[attr-defined]
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def heard() -> Iterator[HTTPServer]:
    server = HTTPServer(("127.0.0.1", 0), _Hook)
    server.got = []  # type: ignore[attr-defined]
    yield from _serving(server)


@pytest.fixture
def till(heard: HTTPServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stripe]:
    monkeypatch.setattr("worker.demo.checkout.CALL_BACK_SECONDS", 0.01)
    hear = f"http://127.0.0.1:{heard.server_port}/hooks/stripe"
    yield from _serving(Stripe(("127.0.0.1", 0), KEY, SECRET, hear, file=tmp_path / "checkout.json"))


def _serving(server: Any) -> Iterator[Any]:
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def opened(till: Stripe) -> dict[str, Any]:
    price = "line_items[0][price_data]"
    asked = {
        f"{price}[unit_amount]": "4500", f"{price}[currency]": "gbp", f"{price}[product_data][name]": "A <b>key</b>",
        "client_reference_id": "pay_1", "metadata[payment]": "pay_1",
        "success_url": "http://127.0.0.1:9/paid", "cancel_url": "http://127.0.0.1:9/turned",
    }  # fmt: skip
    return till.till.open(asked)


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


def ask(url: str, form: dict[str, str] | None = None, key: str = "") -> tuple[int, str, str]:
    """Status, body and where it leads."""
    body = urllib.parse.urlencode(form).encode() if form is not None else None
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    try:
        with urllib.request.build_opener(_Stay).open(urllib.request.Request(url, body, headers), timeout=5) as answer:
            return answer.status, answer.read().decode(), ""
    except urllib.error.HTTPError as other:
        with other:
            return other.code, other.read().decode(), other.headers.get("Location", "")


def soon(heard: HTTPServer, count: int) -> list[tuple[bytes, str]]:
    deadline = time.monotonic() + 10
    while len(heard.got) < count and time.monotonic() < deadline:  # type: ignore[attr-defined]
        time.sleep(0.01)
    return list(heard.got)  # type: ignore[attr-defined]


@pytest.mark.requirement("X22")
def test_a_person_pays_and_baton_is_told(till: Stripe, heard: HTTPServer) -> None:
    session = opened(till)
    status, page, _ = ask(session["url"])
    assert status == 200
    assert "Pay £45.00" in page
    assert "Decline" in page
    assert "A &lt;b&gt;key&lt;/b&gt;" in page
    assert "no money moves" in page
    assert ask(session["url"], {"how": "decline"})[::2] == (303, "http://127.0.0.1:9/turned")
    assert "Your card was declined." in ask(session["url"])[1]
    assert ask(session["url"], {"how": "pay"})[::2] == (303, "http://127.0.0.1:9/paid")
    assert "Thank you" in ask(session["url"])[1]
    calls = soon(heard, 2)
    assert len(calls) == 2, "the first was not heard well, so it came again"
    for body, signature in calls:
        assert library.WebhookSignature.verify_header(body, signature, SECRET, 300)
        event = json.loads(body)
        assert event["type"] == "checkout.session.completed"
        assert event["data"]["object"]["payment_status"] == "paid"


@pytest.mark.requirement("X22")
def test_a_debit_that_comes_later(till: Stripe, heard: HTTPServer) -> None:
    till.later_seconds = 0.01
    session = opened(till)
    assert ask(session["url"], {"how": "later"})[::2] == (303, "http://127.0.0.1:9/paid")
    kinds = {json.loads(body)["type"] for body, _ in soon(heard, 3)}
    assert kinds == {"checkout.session.completed", "checkout.session.async_payment_succeeded"}


def test_it_remembers_when_it_is_started_again(till: Stripe, tmp_path: Path) -> None:
    session = opened(till)
    till.till.pay(session["id"], "pay")
    other = Stripe(("127.0.0.1", 0), KEY, SECRET, "", file=tmp_path / "checkout.json")
    other.server_close()
    assert other.till.session(session["id"])["payment_status"] == "paid"
    assert other.till.refund({"payment_intent": session["payment_intent"]})["amount"] == 4_500


def test_what_it_refuses(till: Stripe) -> None:
    base = till.till.page
    assert ask(f"{base}/v1/checkout/sessions", {})[0] == 401
    assert ask(f"{base}/v1/checkout/sessions", {}, "sk_wrong")[0] == 401
    assert ask(f"{base}/v1/checkout/sessions", {}, KEY)[0] == 400
    assert ask(f"{base}/v1/checkout/sessions/cs_nobody", key=KEY)[0] == 404
    assert ask(f"{base}/v1/refunds", {"payment_intent": "pi_nobody"}, KEY)[0] == 404
    assert ask(f"{base}/v1/charges", {}, KEY)[0] == 404
    assert ask(f"{base}/checkout/cs_nobody")[0] == 404
    assert ask(f"{base}/checkout/cs_nobody", {"how": "pay"})[0] == 404
    session = opened(till)
    till.till.expire(session["id"])
    assert ask(session["url"])[0] == 410


def test_the_demo_has_its_own_and_nobody_else_has() -> None:
    demo = Settings.from_env({}, mode="demo", secret_key="k" * 40, port=8110)
    assert demo.has_own_checkout
    assert demo.takes_cards
    assert demo.stripe_base == "http://127.0.0.1:8113"
    assert demo.checkout_origin == "http://127.0.0.1:8113"
    key, secret = demo.stripe_keys()
    assert key.startswith("sk_demo_")
    assert secret.startswith("whsec_")
    assert key[8:] != secret[6:]
    real = replace(demo, stripe_key="sk_test_1", stripe_webhook_secret="whsec_2")
    assert not real.has_own_checkout
    assert real.stripe_keys() == ("sk_test_1", "whsec_2")
    assert (real.stripe_base, real.checkout_origin) == ("", "https://checkout.stripe.com")
    other = replace(demo, mode="development")
    assert (other.has_own_checkout, other.takes_cards, other.checkout_origin) == (False, False, "")


def test_the_stand_ins_that_a_demo_needs(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1] - 2
    demo = Settings.from_env({}, mode="demo", data=str(tmp_path), secret_key="k" * 40, port=port)
    for settings, kinds in (
        (demo, {"Provider", "Stripe"}),
        (replace(demo, provision_url="https://x.example"), {"Stripe"}),
        (replace(demo, stripe_key="sk_test_1", stripe_webhook_secret="whsec_1"), {"Provider"}),
    ):
        servers = outside.stand_ins(settings)
        for server in servers:
            server.server_close()
        assert {type(server).__name__ for server in servers} == kinds

"""The demo's Stripe: takes payments that are none, on a page with "Pay" and "Decline".

It stands for somebody else's system, so it runs apart (worker/demo/outside.py) and knows Baton's address and two keys.
It speaks the part of Stripe's API that Baton uses (checkout sessions, refunds) to Stripe's own library, and calls back
as Stripe does, with the same signature. The tests use it too.
"""

from __future__ import annotations

import html
import json
import re
import secrets
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from flows.rules.signatures import sign
from flows.rules.words import money_in_words
from flows.settings import Settings

HOOK = "/hooks/stripe"
LIFE_SECONDS = 24 * 3600
LATER_SECONDS = 6.0
CALL_BACK_TRIES = 6
CALL_BACK_SECONDS = 0.5
MOST_BYTES = 64 * 1024
DECLINED = "Your card was declined."
UNPAID = "Your bank did not let this payment through."

Thing = dict[str, Any]
"""An object of the API: a session, a charge, a refund."""


class Fault(Exception):
    """A refusal as Stripe words it."""

    def __init__(self, status: int, message: str, code: str = "", kind: str = "invalid_request_error") -> None:
        super().__init__(message)
        self.status, self.body = status, {"error": {"type": kind, "message": message, "code": code}}


class Till:
    """The sessions, what was paid in them and what went back; in a file, when one is named, so that it outlives us."""

    def __init__(self, page: str, call: Callable[[str, Thing], None], file: Path | None = None) -> None:
        self.page, self._call, self._file = page, call, file
        self._lock = threading.RLock()
        self.sessions: dict[str, Thing] = {}
        self.charges: dict[str, Thing] = {}
        self._answers: dict[str, list[Any]] = {}
        if file is not None and file.exists():
            kept = json.loads(file.read_text())
            self.sessions, self.charges, self._answers = kept["sessions"], kept["charges"], kept["answers"]

    def once(self, key: str, asked: Mapping[str, str], act: Callable[[], Thing]) -> Thing:
        """Stripe's idempotency: the same key gives the same answer; with other words it is refused."""
        with self._lock:
            if not key:
                return act()
            if key not in self._answers:
                self._answers[key] = [dict(asked), act()]
                self._keep()
            said, answer = self._answers[key]
            if said != asked:
                raise Fault(400, f"The key {key} was used with other parameters", "", "idempotency_error")
            return dict(answer)

    def open(self, asked: Mapping[str, str]) -> Thing:
        price = "line_items[0][price_data]"
        name = f"cs_demo_{secrets.token_hex(12)}"
        session: Thing = {
            "id": name, "object": "checkout.session", "status": "open", "payment_status": "unpaid",
            "amount_total": int(asked[f"{price}[unit_amount]"]), "currency": asked[f"{price}[currency]"],
            "client_reference_id": asked.get("client_reference_id"), "payment_intent": None,
            "metadata": {key[9:-1]: value for key, value in asked.items() if key.startswith("metadata[")},
            "success_url": asked["success_url"], "cancel_url": asked["cancel_url"],
            "url": f"{self.page}/checkout/{name}", "expires_at": int(time.time()) + LIFE_SECONDS,
            "title": asked[f"{price}[product_data][name]"], "error": None,
        }  # fmt: skip
        self.sessions[name] = session
        return session

    def session(self, name: str) -> Thing:
        """As it stands now; one that nobody paid for a day has run out."""
        with self._lock:
            session = self.sessions.get(name)
            if session is None:
                raise Fault(404, f"No such checkout.session: '{name}'", "resource_missing")
            if session["status"] == "open" and time.time() > session["expires_at"]:
                self._move(session, "checkout.session.expired", status="expired")
            return session

    def shown(self, name: str) -> Thing:
        """A session with its payment intent in it, as `expand[]=payment_intent` asks for."""
        session = self.session(name)
        intent: Thing = {"id": session["payment_intent"], "object": "payment_intent", "last_payment_error": None}
        if session["error"]:
            intent["last_payment_error"] = {"message": session["error"]}
        failed = session["error"] and session["status"] == "complete"
        intent["status"] = "requires_payment_method" if failed else "processing"
        return {**session, "payment_intent": intent if session["payment_intent"] else None}

    def expire(self, name: str) -> Thing:
        with self._lock:
            session = self.session(name)
            if session["status"] != "open":
                raise Fault(400, 'Only Checkout Sessions with a status in ["open"] can be expired')
            self._move(session, "checkout.session.expired", status="expired")
            return session

    def pay(self, name: str, how: str) -> Thing:
        """Somebody pressed a button: `pay`, `decline`, or `later` for a bank debit that takes a while."""
        with self._lock:
            session = self.session(name)
            if session["status"] != "open":
                return session
            session["payment_intent"] = session["payment_intent"] or f"pi_demo_{secrets.token_hex(12)}"
            if how == "decline":
                session["error"] = DECLINED
                self._keep()
            elif how == "later":
                self._move(session, "checkout.session.completed", status="complete", error=None)
            else:
                self._take(session)
                self._move(session, "checkout.session.completed", status="complete", payment_status="paid", error=None)
            return session

    def clear(self, name: str, paid: bool = True) -> None:
        """What was to come later is here, or will not come."""
        with self._lock:
            session = self.session(name)
            if paid:
                self._take(session)
                self._move(session, "checkout.session.async_payment_succeeded", payment_status="paid")
            else:
                self._move(session, "checkout.session.async_payment_failed", error=UNPAID)

    def refund(self, asked: Mapping[str, str]) -> Thing:
        with self._lock:
            charge = self.charges.get(asked.get("payment_intent", ""))
            if charge is None:
                raise Fault(404, f"No such payment_intent: '{asked.get('payment_intent')}'", "resource_missing")
            left = charge["amount"] - charge["amount_refunded"]
            amount = int(asked.get("amount") or left)
            if not 0 < amount <= left:
                raise Fault(400, "Charge has already been refunded.", "charge_already_refunded")
            charge["amount_refunded"] += amount
            charge["refunded"] = charge["amount_refunded"] == charge["amount"]
            self._keep()
            self._call("charge.refunded", dict(charge))
            name = f"re_demo_{secrets.token_hex(12)}"
            return {"id": name, "object": "refund", "amount": amount, "currency": charge["currency"],
                    "status": "succeeded", "payment_intent": charge["payment_intent"]}  # fmt: skip

    def _take(self, session: Thing) -> None:
        intent = session["payment_intent"]
        self.charges[intent] = {
            "id": intent.replace("pi_", "ch_"), "object": "charge", "payment_intent": intent,
            "amount": session["amount_total"], "currency": session["currency"], "amount_refunded": 0,
            "refunded": False, "metadata": session["metadata"],
        }  # fmt: skip

    def _move(self, session: Thing, event: str, **to: Any) -> None:
        session.update(to)
        self._keep()
        self._call(event, dict(session))

    def _keep(self) -> None:
        if self._file is not None:
            words = {"sessions": self.sessions, "charges": self.charges, "answers": self._answers}
            written = self._file.with_suffix(".new")
            written.write_text(json.dumps(words))
            written.replace(self._file)


class Stripe(ThreadingHTTPServer):
    """Listens beside Baton. `hear` is where it calls; `key` opens its API, `secret` signs its calls."""

    daemon_threads = True

    def __init__(
        self, address: tuple[str, int], key: str, secret: str, hear: str, page: str = "", file: Path | None = None
    ) -> None:
        super().__init__(address, Door)
        self.key, self.secret, self.hear_url = key, secret, hear
        self.later_seconds = LATER_SECONDS
        self.till = Till(page or f"http://127.0.0.1:{self.server_port}", self.call_back, file)
        self.sent: list[tuple[str, int]] = []
        """The events that were delivered, with the answers they got."""

    def call_back(self, kind: str, thing: Thing) -> None:
        """Tell Baton, from a thread of its own; again, ever later, while it does not answer well."""
        event = {"id": f"evt_{secrets.token_hex(12)}", "object": "event", "type": kind, "data": {"object": thing}}
        body = json.dumps(event).encode()
        threading.Thread(target=self._deliver, args=(kind, body), daemon=True).start()

    def _deliver(self, kind: str, body: bytes) -> None:
        for count in range(CALL_BACK_TRIES if self.hear_url else 0):
            headers = {"Content-Type": "application/json", "Stripe-Signature": sign(body, self.secret, _now())}
            request = urllib.request.Request(self.hear_url, body, headers)  # noqa: S310  # our own http:// address
            try:
                with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
                    self.sent.append((kind, answer.status))
                    return
            except OSError as fault:
                print(f"[warning] {self.hear_url} for {kind}: {fault}", flush=True)  # noqa: T201  # its log
            time.sleep(CALL_BACK_SECONDS * 2**count)

    def clear_later(self, name: str) -> None:
        threading.Timer(self.later_seconds, self.till.clear, (name,)).start()


class Door(BaseHTTPRequestHandler):
    """The API below /v1 for whoever has the key, and the page at /checkout for people."""

    server: Stripe
    timeout = 10
    protocol_version = "HTTP/1.0"

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if found := re.fullmatch(r"/v1/checkout/sessions/(\w+)", path):
            name = found[1]
            return self._api(lambda _asked: self.server.till.shown(name))
        if found := re.fullmatch(r"/checkout/(\w+)", path):
            return self._page(found[1])
        return self._json(404, {"error": {"type": "invalid_request_error", "message": "Unrecognized request URL"}})

    def do_POST(self) -> None:
        path, till = self.path.partition("?")[0], self.server.till
        if path == "/v1/checkout/sessions":
            return self._api(till.open)
        if path == "/v1/refunds":
            return self._api(till.refund)
        if found := re.fullmatch(r"/v1/checkout/sessions/(\w+)/expire", path):
            name = found[1]
            return self._api(lambda _asked: till.expire(name))
        if found := re.fullmatch(r"/checkout/(\w+)", path):
            return self._pressed(found[1], self._sent().get("how", "pay"))
        return self._json(404, {"error": {"type": "invalid_request_error", "message": "Unrecognized request URL"}})

    def _api(self, act: Callable[[Mapping[str, str]], Thing]) -> None:
        asked = self._sent() if self.command == "POST" else {}
        if self.headers.get("Authorization") != f"Bearer {self.server.key}":
            wrong = {"type": "invalid_request_error", "message": "Invalid API Key provided", "code": "api_key_invalid"}
            return self._json(401, {"error": wrong})
        try:
            key = self.headers.get("Idempotency-Key", "") if self.command == "POST" else ""
            return self._json(200, self.server.till.once(key, asked, lambda: act(asked)))
        except Fault as fault:
            return self._json(fault.status, fault.body)
        except (KeyError, ValueError) as missing:
            return self._json(400, {"error": {"type": "invalid_request_error", "message": f"Missing: {missing}"}})

    def _page(self, name: str) -> None:
        try:
            session = self.server.till.session(name)
        except Fault as fault:
            return self._html(404, f"<h1>{html.escape(str(fault))}</h1>")
        if session["status"] == "expired":
            return self._html(410, "<h1>This page has run out</h1><p>Go back to where you came from and pay again.</p>")
        return self._html(200, page_of(session))

    def _pressed(self, name: str, how: str) -> None:
        try:
            session = self.server.till.pay(name, how)
        except Fault as fault:
            return self._html(404, f"<h1>{html.escape(str(fault))}</h1>")
        if how == "later" and session["status"] == "complete" and session["payment_status"] == "unpaid":
            self.server.clear_later(name)
        self.send_response(303)
        self.send_header("Location", session["success_url" if session["status"] == "complete" else "cancel_url"])
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _sent(self) -> dict[str, str]:
        length = self.headers.get("Content-Length") or "0"
        if not (length.isascii() and length.isdigit()) or int(length[:9]) > MOST_BYTES:
            return {}
        return dict(urllib.parse.parse_qsl(self.rfile.read(int(length)).decode(), keep_blank_values=True))

    def _json(self, status: int, words: Thing) -> None:
        self._answer(status, "application/json", json.dumps(words).encode())

    def _html(self, status: int, inner: str) -> None:
        self._answer(status, "text/html; charset=utf-8", FRAME.replace("INNER", inner).encode())

    def _answer(self, status: int, kind: str, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        print(format % args, flush=True)  # noqa: T201  # standard output is its log


FRAME = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Pay – a stand-in for Stripe</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<style>body{font:1.1rem/1.5 system-ui,sans-serif;max-width:28rem;margin:3rem auto;padding:0 1rem}
button{font:inherit;padding:.6rem 1.2rem;margin:0 .5rem .6rem 0;min-height:44px}
.note{border-left:.3rem solid;padding-left:1rem}
</style></head><body><main>INNER</main></body></html>"""


def page_of(session: Mapping[str, Any]) -> str:
    """What whoever pays sees: what for, how much, and the buttons."""
    money = money_in_words(session["amount_total"], session["currency"].upper())
    title, back = html.escape(session["title"]), html.escape(session["cancel_url"])
    if session["status"] == "complete":
        return f'<h1>Thank you</h1><p><a href="{html.escape(session["success_url"])}">Go back</a></p>'
    failed = f"<p role=alert><strong>{DECLINED}</strong> Try another one.</p>" if session["error"] else ""
    return f"""<p class="note">This stands in for Stripe in the demo. No card is asked for and no money moves.</p>
<h1>{money}</h1><p>{title}</p>{failed}<form method="post">
<button name="how" value="pay">Pay {money}</button><button name="how" value="decline">Decline the card</button>
<button name="how" value="later">Pay by bank debit, which takes a moment</button></form>
<p><a href="{back}">Go back without paying</a></p>"""


def _now() -> int:
    return int(time.time())


def of_the_demo(settings: Settings) -> Stripe:
    """The one that the settings of a demo ask for, three ports above Baton's own."""
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(settings.host, settings.host)  # noqa: S104  # compared, not bound
    key, secret = settings.stripe_keys()
    hear, file = f"http://{host}:{settings.port}{HOOK}", settings.folder / "checkout.json"
    return Stripe((settings.host, settings.port_of_checkout), key, secret, hear, settings.checkout_origin, file)

"""Webhooks: signed, repeatable, and never a way inside."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from flask import Flask

from flows.plugin import PassingFault, PermanentFault
from flows.rules.signatures import sign, verify
from flows.settings import Settings
from messaging import webhooks
from messaging.outbox import deliver
from tests.messaging.conftest import Owe, effect


class Listener:
    """A real HTTP server that answers as it is told and keeps what it got."""

    def __init__(self) -> None:
        self.status, self.headers, self.body = 200, {}, b"{}"  # type: tuple[int, dict[str, str], bytes]
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.drip = False
        listener = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                content = self.rfile.read(int(self.headers["Content-Length"]))
                listener.got.append((dict(self.headers), content))
                if listener.drip:
                    self._drip()
                    return
                self.send_response(listener.status)
                for name, value in {"Content-Length": str(len(listener.body)), **listener.headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(listener.body)

            def _drip(self) -> None:
                self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
                try:
                    while True:
                        self.wfile.write(b"a")
                        time.sleep(0.05)
                except OSError:
                    self.close_connection = True

            def log_message(self, *_args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/provision"


@pytest.fixture
def listener() -> Iterator[Listener]:
    made = Listener()
    yield made
    made.server.shutdown()
    made.server.server_close()


only_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.mark.requirement("X21")
def test_a_webhook_is_signed_and_carries_its_key(owe_hook: Owe, listener: Listener, settings: Settings) -> None:
    owed = owe_hook(listener.url)
    assert deliver(owed)
    [(headers, content)] = listener.got
    assert verify(headers["Baton-Signature"], content, settings.webhook_key())
    assert headers["Idempotency-Key"] == effect(owed).key
    assert json.loads(content) == {"event": "order.line.provision", "id": effect(owed).key, "body": {"a": 1}}
    assert effect(owed).payload["result"] == {"status": 200}


@pytest.mark.requirement("X21")
def test_a_signature_holds_for_its_body_its_key_and_five_minutes() -> None:
    header = sign(b"{}", "secret", 1000)
    assert verify(header, b"{}", "secret", now=1299)
    assert not verify(header, b"{} ", "secret", now=1000)
    assert not verify(header, b"{}", "other", now=1000)
    assert not verify(header, b"{}", "secret", now=1301)
    assert not verify(header, b"{}", "secret", now=699)
    unsigned = ("", "t=", "t=x,v1=y", "v1=" + header[-64:], "t=1000", "t=²,v1=a", "t=1,v1=é", ",,,=", "t=" + "9" * 500)
    for nonsense in unsigned:
        assert not verify(nonsense, b"{}", "secret", now=1000)


@only_sqlite
@pytest.mark.requirement("X36")
@pytest.mark.parametrize(
    ("status", "state"),
    [
        (201, "done"),
        (204, "done"),
        (302, "incident"),
        (400, "incident"),
        (404, "incident"),
        (408, "pending"),
        (409, "pending"),
        (425, "pending"),
        (429, "pending"),
        (500, "pending"),
        (503, "pending"),
    ],
)
def test_what_an_answer_means(owe_hook: Owe, listener: Listener, status: int, state: str) -> None:
    listener.status, listener.body = status, b""
    listener.headers = {"Location": "http://127.0.0.1:1/"} if status == 302 else {}
    owed = owe_hook(listener.url)
    deliver(owed)
    assert effect(owed).state == state
    assert len(listener.got) == 1


@only_sqlite
@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("600", 600),
        ("999999999999", 6 * 3600),
        ("soon", 5),
        ("-1", 5),
        ("", 5),
    ],
)
def test_retry_after_is_honoured_within_reason(
    owe_hook: Owe,
    listener: Listener,
    move_clock: Callable[..., Any],
    said: str,
    seconds: int,
) -> None:
    listener.status, listener.headers = 503, {"Retry-After": said}
    owed = owe_hook(listener.url)
    before = move_clock(seconds=0)
    deliver(owed)
    assert abs((effect(owed).next_at - before).total_seconds() - seconds) < 5


@only_sqlite
def test_a_large_answer_is_not_read(owe_hook: Owe, listener: Listener) -> None:
    listener.body = b"x" * (webhooks.MOST_BYTES + 1)
    owed = owe_hook(listener.url)
    assert not deliver(owed)
    assert "64 KB" in effect(owed).last_fault


@only_sqlite
def test_whoever_drips_or_hangs_is_left(
    owe_hook: Owe,
    listener: Listener,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(webhooks, "PATIENCE_SECONDS", 0.3)
    listener.drip = True
    dripped = owe_hook(listener.url)
    assert not deliver(dripped)
    with socket.socket() as hanging:
        hanging.bind(("127.0.0.1", 0))
        hanging.listen()
        hung = owe_hook(f"http://127.0.0.1:{hanging.getsockname()[1]}/")
        assert not deliver(hung)
    assert (effect(dripped).state, effect(hung).state) == ("pending", "pending")
    assert "cannot be reached" in effect(dripped).last_fault


REFUSED = [
    "https://10.0.0.1/",
    "https://169.254.169.254/latest/meta-data",
    "https://[::1]/",
    "https://0.0.0.0/",
    "https://192.168.1.1:8443/",
    "https://[::ffff:10.0.0.1]/",
    "https://[64:ff9b::a00:1]/",
    "https://[2002:a00:1::]/",
    "https://[fe80::1]/",
    "https://[fc00::1]/",
    "https://100.64.0.1/",
    "https://224.0.0.1/",
    "https://0177.0.0.1.nip/",
    "https://localhost/",
    "https://2130706433/",
    "https://0x7f.1/",
    "http://93.184.216.34/",
    "ftp://93.184.216.34/",
    "file:///etc/passwd",
    "gopher://x/",
    "//x/",
    "",
    "https://",
    "https://user@93.184.216.34/",
    "https://93.184.216.34:99999/",
    "https://[::1",
    "https://ｌocalhost/",
    "javascript:alert(1)",
]


@only_sqlite
@pytest.mark.requirement("X21")
@pytest.mark.parametrize("url", REFUSED)
def test_no_way_inside(app: Flask, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_args: object) -> None:
        raise AssertionError("a request left")

    monkeypatch.setattr(webhooks, "_exchange", never)
    if url == "https://0177.0.0.1.nip/":
        monkeypatch.setattr(webhooks, "_resolve", lambda _host, _port: ["93.184.216.34", "127.0.0.1"])
    with pytest.raises(PermanentFault):
        webhooks.post(url, "x", {}, "key")


@only_sqlite
def test_a_name_is_looked_up_once_and_its_address_is_called(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[tuple[str, str]] = []

    def note(url: str, _content: bytes, headers: dict[str, str], host: str) -> None:
        called.append((url, headers["Host"]))
        raise webhooks.httpx.ConnectError("away")

    monkeypatch.setattr(webhooks, "_exchange", note)
    monkeypatch.setattr(webhooks, "_resolve", lambda _host, _port: ["2606:2800:220::1", "93.184.216.34"])
    with pytest.raises(PassingFault):
        webhooks.post("https://hook.example/a?b=1#c", "x", {}, "key")
    assert called == [
        ("https://[2606:2800:220::1]/a?b=1", "hook.example"),
        ("https://93.184.216.34/a?b=1", "hook.example"),
    ]

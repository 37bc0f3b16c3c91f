"""The demo's provider sets up what Baton asks for by signed webhook.

It stands for somebody else's system, so it runs apart (worker/demo/outside.py) and knows Baton's address and key alone.
Most products are ready when it answers; of those in `SLOW` it says 202 and calls back when they are.
"""

from __future__ import annotations

import hashlib
import json
import threading
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from flows.rules.signatures import sign, verify
from flows.settings import Settings

PATH, CALL_BACK = "/provision", "/hooks/provisioning"
SLOW = ("-P1",)
"""How the SKUs end that take longer."""
WORK_SECONDS = 1.5
SLOW_SECONDS = 6.0
CALL_BACK_TRIES = 6
MOST_BYTES = 64 * 1024
HEADER = "Baton-Signature"


def answers_later(sku: str) -> bool:
    return sku.endswith(SLOW)


def reference_of(sku: str, line: str) -> str:
    """The provider's own number for an order line: the same line always gets the same one, so a repeat is harmless."""
    return f"{sku.partition('-')[0]}-{int(hashlib.sha256(line.encode()).hexdigest()[:8], 16) % 900_000 + 100_000}"


class Provider(ThreadingHTTPServer):
    """Listens on loopback, two ports above Baton's own."""

    daemon_threads = True

    def __init__(
        self, settings: Settings, work_seconds: float = WORK_SECONDS, slow_seconds: float = SLOW_SECONDS
    ) -> None:
        super().__init__(("127.0.0.1", settings.port_of_provider), Door)
        self.key = settings.webhook_key()
        host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(settings.host, settings.host)  # noqa: S104  # compared, not bound
        self.call_back_url = f"http://{host}:{settings.port}{CALL_BACK}"
        self.work_seconds, self.slow_seconds = work_seconds, slow_seconds

    def call_back(self, line: str, reference: str) -> None:
        """Tell Baton that a line is set up; again, ever later, while it does not answer."""
        body = json.dumps({"line": line, "reference": reference}).encode()
        for count in range(CALL_BACK_TRIES):
            time.sleep(self.slow_seconds * 2**count)
            headers = {"Content-Type": "application/json", HEADER: sign(body, self.key, int(time.time()))}
            request = urllib.request.Request(self.call_back_url, body, headers)  # noqa: S310  # our own http:// address
            try:
                with urllib.request.urlopen(request, timeout=5):  # noqa: S310
                    return
            except OSError as fault:
                print(f"[warning] {self.call_back_url} for {line}: {fault}", flush=True)  # noqa: T201  # its log


class Door(BaseHTTPRequestHandler):
    """Answers POST /provision and nothing else."""

    server: Provider
    timeout = 10

    def do_POST(self) -> None:
        """401 for a wrong signature, 422 for what is no order line, else what became of the line."""
        length = self.headers.get("Content-Length", "")
        if self.path != PATH or not (length.isascii() and length.isdigit()) or int(length[:9]) > MOST_BYTES:
            return self._answer(404, {"error": f"POST an order line to {PATH}"})
        content = self.rfile.read(int(length))
        if not verify(self.headers.get(HEADER, ""), content, self.server.key):
            return self._answer(401, {"error": f"{HEADER} does not sign this"})
        try:
            body = json.loads(content)["body"]
            sku, line = str(body["sku"]), str(body["line"])
        except (ValueError, KeyError, TypeError):
            return self._answer(422, {"error": "give body.sku and body.line"})
        return self._set_up(sku, line)

    def _set_up(self, sku: str, line: str) -> None:
        reference = reference_of(sku, line)
        if answers_later(sku):
            threading.Thread(target=self.server.call_back, args=(line, reference), daemon=True).start()
            return self._answer(202, {"reference": reference})
        time.sleep(self.server.work_seconds)
        return self._answer(200, {"reference": reference})

    def _answer(self, status: int, words: dict[str, Any]) -> None:
        content = json.dumps(words).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        print(format % args, flush=True)  # noqa: T201  # standard output is its log

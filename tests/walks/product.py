"""The product as `baton up` starts it: where it is, what it wrote, its clock, and people who sign in to it."""

from __future__ import annotations

import email
import email.policy
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock_time
from pathlib import Path
from typing import Any
from urllib.request import urlopen
from zoneinfo import ZoneInfo

from playwright.sync_api import Browser, ConsoleMessage, Page, expect

PATIENCE = 60_000
"""Milliseconds: a machine that is busy with other tests too may need them."""
PORTS = 4
"""Web, live, provider and checkout stand side by side."""


@dataclass
class Product:
    """A running Baton."""

    address: str
    folder: Path
    environment: dict[str, str]

    def move_clock(self, by: str) -> None:
        subprocess.run(
            [sys.executable, "-m", "worker", "demo", "clock", by], env=self.environment, check=True, capture_output=True
        )

    def move_clock_to(self, day: date, at: str) -> None:
        """Move on to a local time of a day in the buyer's zone: reminders go out at nine, whatever time it is now."""
        goal = datetime.combine(day, clock_time.fromisoformat(at), ZoneInfo("Europe/London"))
        self.move_clock(f"+{int((goal - self.now()).total_seconds())}s")

    def kill(self, part: str) -> None:
        """As a machine that runs out of memory would: without a word. The supervisor starts it again."""
        [process] = [path for path in Path("/proc").glob("[0-9]*") if self._is(path, part)]
        os.kill(int(process.name), signal.SIGKILL)

    def _is(self, process: Path, part: str) -> bool:
        try:
            command = (process / "cmdline").read_bytes().split(b"\0")
            return (
                part.encode() in command
                and f"BATON_DATA={self.folder}\0".encode() in (process / "environ").read_bytes()
            )
        except OSError:
            return False  # it has ended, or is somebody else's

    def now(self) -> datetime:
        shift = self.folder / "clock-shift"
        return datetime.now(UTC) + timedelta(seconds=float(shift.read_text()) if shift.exists() else 0)

    def today(self) -> date:
        return self.now().astimezone(ZoneInfo("Europe/London")).date()

    def mails(self, words: str) -> list[str]:
        """File names of the mails whose text has these words."""
        return [
            path.name
            for path in sorted((self.folder / "mail").glob("*.eml"))
            if words in path.read_text(errors="replace").replace("=\n", "")
        ]

    def mail_to(self, address: str, words: str) -> str:
        """The text of the newest mail to this address that has these words; waited for."""

        def text() -> str:
            for path in sorted((self.folder / "mail").glob("*.eml"), reverse=True):
                mail = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
                body = mail.get_body(("plain",))
                whole = f"{mail['Subject']}\n{body.get_content() if body else ''}"
                if address in str(mail["To"]) and words in whole:
                    return whole
            return ""

        wait_for(text, f"a mail to {address} with {words!r}")
        return text()

    def link_in(self, mail: str, path: str) -> str:
        """The first link of a mail that leads below this path."""
        found = re.search(re.escape(f"{self.address}{path}") + r"[\w\-./]*", mail)
        assert found, mail
        return found[0]


@contextmanager
def up(folder: Path, port: int, **environment: str) -> Iterator[Product]:
    """`baton up` in demo mode on this folder and port, until the block ends."""
    whole = {
        **os.environ, "BATON_MODE": "demo", "BATON_DATA": str(folder), "BATON_PORT": str(port), "DATABASE_URL": "",
        "REDIS_URL": "", **environment,
    }  # fmt: skip
    with (folder / "up.log").open("w") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "worker", "up"], env=whole, stdout=said, stderr=said, start_new_session=True
        )
    running = Product(f"http://127.0.0.1:{port}", folder, whole)
    try:
        wait_for(lambda: is_ready(running.address), f"the product, see {folder}", patience=2 * PATIENCE)
        yield running
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()


@contextmanager
def visitor(product: Product, chromium: Browser, *expected: str, **more: Any) -> Iterator[Page]:
    """Somebody at a browser of their own; whatever its console complains of, if it was not `expected`, fails the test.

    `more` is for Playwright's `new_context`.
    """
    context = chromium.new_context(base_url=product.address, reduced_motion="reduce", **more)
    context.set_default_timeout(PATIENCE)
    expect.set_options(timeout=PATIENCE)
    page = context.new_page()
    complaints: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        if message.type == "error" and not any(words in message.text for words in ("status of 422", *expected)):
            complaints.append(f"{message.text} {message.location['url']} on {page.url}")

    page.on("console", hear)
    yield page
    assert complaints == []
    context.close()


def sign_in(page: Page, address: str) -> None:
    """With the password of the demo."""
    page.goto("/sign-in")
    page.get_by_label("Email", exact=True).fill(address)
    page.get_by_label("Use my password").check()
    page.locator("#password").fill("demo")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("button", name="Continue")).to_have_count(0)


def sign_in_by_mail(product: Product, page: Page, address: str) -> None:
    """With the code that comes by mail."""
    page.goto("/sign-in")
    page.get_by_label("Email", exact=True).fill(address)
    page.get_by_role("button", name="Continue").click()
    code = re.search(r"\b\d{6}\b", product.mail_to(address, "code"))
    assert code
    page.get_by_label("Code", exact=True).fill(code[0])
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("button", name="Sign in")).to_have_count(0)


def wait_for(happened: Callable[[], object], what: str, patience: int = PATIENCE) -> None:
    end = time.monotonic() + patience / 1000
    while not happened():
        assert time.monotonic() < end, f"waited in vain for {what}"
        time.sleep(0.1)


def free_port() -> int:
    """A port whose neighbours are free too."""
    while True:
        with socket.socket() as first:
            first.bind(("127.0.0.1", 0))
            port = int(first.getsockname()[1])
        try:
            for neighbour in range(port, port + PORTS):
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", neighbour))
        except (OSError, OverflowError):
            continue
        return port


def is_ready(address: str) -> bool:
    try:
        with urlopen(f"{address}/readyz", timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False

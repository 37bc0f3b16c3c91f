"""The phone as a real process that may be killed, the person who holds it, and the staff at the other end."""

from __future__ import annotations

import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import httpx

from phone.app import Phone
from tests.walks.product import wait_for

CLIENT = Path(__file__).parents[2] / "docs" / "examples" / "mobile-client"
PASSWORD = "demo"


class Life:
    """`python -m phone live` on a folder: the app in somebody's hand. `hand` presses its buttons, on the same file."""

    def __init__(self, folder: Path, server: str, poll: float = 1.0, **more: str) -> None:
        self.folder, self.server, self.poll, self.more = folder, server, poll, more
        self.hand = Phone(folder, server)
        self.process: subprocess.Popen[bytes] | None = None
        self.deaths = 0

    def sign_in(self, email: str, server: str = "") -> None:
        """Where the line is good: how a person signs in again and again is not the matter here."""
        at = Phone(self.folder, server or self.server)
        at.tokens.sign_in(email, password=PASSWORD)
        at.close()

    def start(self) -> None:
        more = [word for name, value in self.more.items() for word in (f"--{name}", value)]
        command = [
            sys.executable, "-m", "phone", "--home", str(self.folder), "--server", self.server,
            "--longest-pause", "1", "live", "--poll", str(self.poll), *more,
        ]  # fmt: skip
        with (self.folder / "said.log").open("ab") as said:
            self.process = subprocess.Popen(command, cwd=CLIENT, stdin=subprocess.PIPE, stdout=said, stderr=said)

    def hint(self) -> None:
        self._input.write(b"hint\n")
        self._input.flush()

    def kill(self) -> None:
        """SIGKILL, wherever it is; the next start goes on from what is on the disk."""
        assert self._running.poll() is None, self.said
        self._bury()
        self.deaths += 1

    def end(self) -> None:
        """The app is closed, as a person does it."""
        self._input.close()
        assert self._running.wait(60) == 0, self.said
        self.process = None

    def close(self) -> None:
        if self.process is not None:
            self._bury()
        self.hand.close()

    @property
    def said(self) -> str:
        return (self.folder / "said.log").read_text()

    def is_done(self) -> bool:
        """Everything that was pressed has been answered, with a yes."""
        rows = self.hand.outbox.rows("waiting", "checking", "conflict")
        conflicts = [(row["path"], row["answer"]) for row in rows if row["state"] == "conflict"]
        assert not conflicts, conflicts
        return not rows

    def delivered(self) -> None:
        wait_for(self.is_done, f"the outbox to be empty, see {self.folder}")

    def objects(self, kind: str) -> list[dict[str, Any]]:
        return [one for (_, _), one in self.hand.store.objects(kind).items()]

    @property
    def _running(self) -> subprocess.Popen[bytes]:
        assert self.process is not None, "it does not run"
        return self.process

    @property
    def _input(self) -> IO[bytes]:
        assert self._running.stdin is not None
        return self._running.stdin

    def _bury(self) -> None:
        self._running.kill()
        self._running.wait(30)
        self._input.close()
        self.process = None


@contextmanager
def living(folder: Path, server: str, poll: float = 1.0, **more: str) -> Iterator[Life]:
    life = Life(folder, server, poll, **more)
    try:
        yield life
    finally:
        life.close()


class Desk:
    """Somebody of ours, or a customer at another device, over a good line."""

    def __init__(self, server: str, email: str) -> None:
        body = {"grant_type": "password", "email": email, "password": PASSWORD, "installation_id": f"desk of {email}"}
        answer = httpx.post(f"{server}/api/v1/auth/token", json=body, timeout=60).raise_for_status()
        token = {"Authorization": f"Bearer {answer.json()['access_token']}"}
        self.http = httpx.Client(base_url=f"{server}/api/v1", headers=token, timeout=60)

    def get(self, path: str, **params: Any) -> Any:
        return self.http.get(path, params=params).raise_for_status().json()

    def do(self, path: str, **body: Any) -> Any:
        headers = {"Idempotency-Key": str(uuid.uuid4()), "If-Match": "*"}
        answer = self.http.post(path, json=body, headers=headers)
        assert answer.status_code < 300, f"{path}: {answer.text}"
        return answer.json()


@contextmanager
def desk(server: str, email: str) -> Iterator[Desk]:
    there = Desk(server, email)
    try:
        yield there
    finally:
        there.http.close()


def as_new(folder: Path, server: str, email: str) -> dict[tuple[str, str], Any]:
    """What a phone has that was bought this minute."""
    fresh = Phone(folder / uuid.uuid4().hex, server)
    try:
        fresh.tokens.sign_in(email, password=PASSWORD)
        fresh.round()
        return fresh.store.objects()
    finally:
        fresh.close()


def is_in_step(life: Life, server: str, email: str) -> bool:
    """Whether what the phone keeps is what a new one would be given."""
    at = Phone(life.folder, server)
    at.round()
    at.close()
    return life.hand.store.objects() == as_new(life.folder, server, email)

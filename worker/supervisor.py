"""Keeps a few processes running: restarts what dies, keeps what they say, and leaves no orphan behind."""

from __future__ import annotations

import contextlib
import ctypes
import os
import re
import select
import signal
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

LONGEST_PAUSE_SECONDS = 10.0
CALM_SECONDS = 30.0
GRACE_SECONDS = 8.0
MOST_BYTES = 5 * 1024 * 1024
PR_SET_PDEATHSIG = 1
WORRYING = re.compile(rb'(\[|"level": *")(warning|error|critical) *("|\])', re.IGNORECASE)

Say = Callable[[str], None]


class Log:
    """What one child says: all of it in a file that never outgrows 5 MB twice, warnings on the console too."""

    def __init__(self, file: Path, warn: Say) -> None:
        self.reader, self.writer = os.pipe()
        os.set_blocking(self.reader, False)
        self.file, self._warn, self._rest = file, warn, b""
        file.parent.mkdir(parents=True, exist_ok=True)
        self._out = file.open("ab", buffering=0)

    def drain(self) -> None:
        """Take over what has been said since the last time; never waits."""
        with contextlib.suppress(BlockingIOError):
            while said := os.read(self.reader, 65536):
                self._out.write(said)
                *lines, self._rest = (self._rest + said).split(b"\n")
                for line in filter(WORRYING.search, lines):
                    self._warn(f"{self.file.stem}: {line.decode(errors='replace').strip()}")
        if self._out.tell() > MOST_BYTES:
            self._out.close()
            self.file.replace(self.file.with_suffix(".log.1"))
            self._out = self.file.open("ab", buffering=0)

    def close(self) -> None:
        """No more is said."""
        for end in (self.reader, self.writer):
            os.close(end)
        self._out.close()


@dataclass
class Child:
    """One process: its name, what it runs once forked, and how it has fared."""

    name: str
    run: Callable[[], object]
    log: Log | None = None
    pid: int = 0
    started_at: float = 0.0
    resume_at: float = 0.0
    falls: int = 0


@dataclass
class Supervisor:
    """Forks its children and watches them. `apart` gives each a process group, so that all of it can be ended."""

    say: Say
    apart: bool = True
    children: list[Child] = field(default_factory=list)
    stopping: bool = False

    def start(self, child: Child) -> None:
        """Fork the child and let it run; the caller has one thread only, or forking would be unsafe."""
        sys.stdout.flush()
        sys.stderr.flush()
        parent = os.getpid()
        child.pid = os.fork()
        if child.pid == 0:
            _become(child, parent, self.apart)
        child.started_at = time.monotonic()
        if child not in self.children:
            self.children.append(child)

    def watch(self, until: Callable[[], bool] = lambda: False) -> None:
        """Restart what dies and take over what is said, until told to stop or `until` holds."""
        while not self.stopping and not until():
            self.round()

    def round(self, pause_seconds: float = 0.2) -> None:
        """One look at every child; returns after `pause_seconds`, or sooner when one says something."""
        logs = {child.log.reader: child.log for child in self.children if child.log}
        if logs:
            for reader in select.select([*logs], [], [], pause_seconds)[0]:
                logs[reader].drain()
        else:
            time.sleep(pause_seconds)
        for child in self.children:
            if child.pid and (ending := _ending(child.pid)) is not None:
                self._bury(child, ending)
            elif not child.pid and time.monotonic() >= child.resume_at:
                self.start(child)

    def _bury(self, child: Child, ending: int) -> None:
        if self.apart:  # what it started itself goes with it, before a new one needs the same port
            _signal_group(child.pid, signal.SIGKILL)
        calm = time.monotonic() - child.started_at > CALM_SECONDS
        child.falls = 1 if calm else child.falls + 1
        child.resume_at = time.monotonic() + min(0.1 * 2**child.falls, LONGEST_PAUSE_SECONDS)
        child.pid = 0
        where = f"; see {child.log.file}" if child.log else ""
        self.say(f"{child.name} ended ({_named(ending)}), starting it again{where}")

    def obey_signals(self) -> None:
        """SIGTERM and SIGINT mean: stop tidily."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)

    def _stop(self, *_: object) -> None:
        self.stopping = True

    def end_all(self) -> None:
        """Ask every child to end, the first one last because the others need it; after 8 s end it without asking."""
        for wave in (self.children[1:], self.children[:1]):
            running = [child for child in wave if child.pid]
            for child in running:
                os.kill(child.pid, signal.SIGTERM)
            deadline = time.monotonic() + GRACE_SECONDS
            for child in running:
                self._end(child, deadline)

    def _end(self, child: Child, deadline: float) -> None:
        while _ending(child.pid) is None:
            if time.monotonic() > deadline:
                os.kill(child.pid, signal.SIGKILL)
                os.waitpid(child.pid, 0)
                break
            time.sleep(0.02)
        if self.apart:
            _signal_group(child.pid, signal.SIGKILL)
        if child.log:
            child.log.drain()
        child.pid = 0


def program(arguments: Sequence[str]) -> Callable[[], NoReturn]:
    """What a child runs: this program in its place."""
    return lambda: os.execv(arguments[0], [*arguments])  # noqa: S606  # our own arguments, no shell


def die_with(parent: int) -> None:
    """Let the kernel send SIGTERM when the parent dies, however it dies (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            os._exit(0)


def _become(child: Child, parent: int, apart: bool) -> NoReturn:
    """In the fork: nothing of the parent's stays but what the child is to run."""
    code = 1
    try:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        if apart:
            os.setsid()
        die_with(parent)
        if child.log:
            os.dup2(child.log.writer, 1)
            os.dup2(child.log.writer, 2)
        child.run()
        code = 0
    except SystemExit as ending:
        code = ending.code if isinstance(ending.code, int) else 1
    except BaseException:  # noqa: BLE001  # nothing of a child may ever return into the parent's code
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _ending(pid: int) -> int | None:
    """The wait status of a child that has ended, None while it runs."""
    found, status = os.waitpid(pid, os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if found else None


def _named(ending: int) -> str:
    return f"exit code {ending}" if ending >= 0 else signal.Signals(-ending).name


def _signal_group(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)

"""The supervisor: what dies is started again, and when it goes itself, however it goes, nothing stays behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from worker.supervisor import Log

PROGRAM = """
import subprocess, sys, time
from pathlib import Path
from worker.supervisor import Child, Log, Supervisor
folder = Path(sys.argv[1])

def sleep_with_a_child():
    child = subprocess.Popen(["sleep", "300"])
    print("[warning] child", child.pid, flush=True)
    with (folder / "pids").open("a") as file:
        file.write(f"{__import__('os').getpid()} {child.pid}\\n")
    time.sleep(300)

supervisor = Supervisor(lambda line: print(line, flush=True))
supervisor.obey_signals()
supervisor.start(Child("sleeper", sleep_with_a_child, Log(folder / "logs" / "sleeper.log", supervisor.say)))
supervisor.watch()
supervisor.end_all()
"""


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    started = subprocess.Popen([sys.executable, "-c", PROGRAM, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    yield started
    started.kill()
    started.wait()
    assert started.stdout
    started.stdout.close()


def soon(what: Callable[[], object]) -> None:
    """Wait until it holds; after ten seconds it never will."""
    deadline = time.monotonic() + 10
    while not what():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


def family(folder: Path) -> list[tuple[int, int]]:
    """(child, grandchild) of every start so far."""
    try:
        lines = (folder / "pids").read_text().splitlines()
    except FileNotFoundError:
        return []
    return [(int(child), int(grandchild)) for child, grandchild in (line.split() for line in lines)]


def lives(pid: int) -> bool:
    """True while the process runs; one that is dead but not yet buried does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_what_dies_is_started_again_and_its_own_children_go_with_it(
    supervisor: subprocess.Popen[str], tmp_path: Path
) -> None:
    soon(lambda: len(family(tmp_path)) == 1)
    child, grandchild = family(tmp_path)[0]
    os.kill(child, signal.SIGKILL)
    soon(lambda: len(family(tmp_path)) == 2)
    assert not lives(grandchild)
    assert all(map(lives, family(tmp_path)[1]))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_told_to_stop_it_leaves_no_orphan(
    supervisor: subprocess.Popen[str], tmp_path: Path, number: signal.Signals
) -> None:
    soon(lambda: family(tmp_path))
    supervisor.send_signal(number)
    said, _ = supervisor.communicate(timeout=10)
    assert supervisor.returncode == 0
    assert not any(map(lives, family(tmp_path)[0]))
    assert "sleeper: [warning] child" in said
    assert "[warning] child" in (tmp_path / "logs" / "sleeper.log").read_text()


def test_killed_outright_its_children_go_too(supervisor: subprocess.Popen[str], tmp_path: Path) -> None:
    soon(lambda: family(tmp_path))
    child, grandchild = family(tmp_path)[0]
    supervisor.kill()
    soon(lambda: not lives(child))
    os.kill(grandchild, signal.SIGKILL)  # of a child's own children the child itself takes care, as gunicorn does


def test_a_log_shows_warnings_only_and_never_outgrows_its_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("worker.supervisor.MOST_BYTES", 100)
    shown: list[str] = []
    log = Log(tmp_path / "web.log", shown.append)
    for line in (
        b"[info     ] all is well\n",
        b"[error    ] ",
        b"the mail is stuck\n",
        b'{"level": "warning", "event": "x"}\n',
    ):
        os.write(log.writer, line)
        log.drain()
    assert shown == ["web: [error    ] the mail is stuck", 'web: {"level": "warning", "event": "x"}']
    os.write(log.writer, b"x" * 200)
    log.drain()
    assert (tmp_path / "web.log").stat().st_size == 0
    assert (tmp_path / "web.log.1").stat().st_size > 200
    log.close()

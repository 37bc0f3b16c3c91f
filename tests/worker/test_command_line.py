"""`baton`: quick help, one clear line and exit code 2 for a mistake, and the demo's clock."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from flows.clock import clock
from worker.__main__ import COMMANDS
from worker.commands.demo import span
from worker.trouble import Trouble


def baton(*arguments: str, folder: Path, **more: str) -> subprocess.CompletedProcess[str]:
    env = {"PATH": os.environ["PATH"], "BATON_DATA": str(folder), "PYTHONPATH": os.pathsep.join(sys.path), **more}
    return subprocess.run(
        [sys.executable, "-m", "worker", *arguments], env=env, capture_output=True, text=True, timeout=60
    )


def test_help_names_every_command_and_loads_no_framework(tmp_path: Path) -> None:
    said = baton("--help", folder=tmp_path)
    assert said.returncode == 0
    assert all(f"  {name} " in said.stdout for name in COMMANDS)
    probe = "import sys; from worker.__main__ import cli; cli(['--help'], standalone_mode=False); print([*sys.modules])"
    loaded = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True).stdout
    assert not any(f"'{name}'" in loaded for name in ("flask", "sqlalchemy", "rq", "redis", "pydantic"))


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(name: str, tmp_path: Path) -> None:
    said = baton(name, "--help", folder=tmp_path)
    assert said.returncode == 0, said.stderr
    assert said.stdout.startswith(f"Usage: baton {name}")


@pytest.mark.parametrize(
    ("setting", "value", "cure"),
    [
        ("BATON_PORT", "eighty", "BATON_PORT is 'eighty'; use a whole number"),
        ("BATON_PORT", "70000", "use a port from 1 to 65535"),
        ("BATON_MODE", "holiday", "use one of demo"),
        ("BATON_DATA", "/proc/nowhere", "choose another folder"),
    ],
)
def test_up_refuses_what_makes_no_sense(setting: str, value: str, cure: str, tmp_path: Path) -> None:
    said = baton("up", folder=tmp_path, **{setting: value})
    assert said.returncode == 2
    assert cure in said.stderr
    assert said.stderr.count("\n") == 1


def test_up_refuses_a_port_that_is_taken(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        said = baton("up", folder=tmp_path, BATON_PORT=port)
    assert said.returncode == 2
    assert f"127.0.0.1:{port}" in said.stderr
    assert "set BATON_PORT to a free port" in said.stderr


def test_a_database_that_does_not_answer_is_one_line(tmp_path: Path) -> None:
    said = baton("db", "upgrade", folder=tmp_path, DATABASE_URL="postgresql://baton:geheim@127.0.0.1:9/baton")
    assert said.returncode == 2
    assert "check DATABASE_URL" in said.stderr
    assert "geheim" not in said.stderr
    assert "Traceback" not in said.stderr


def test_nothing_is_published_where_no_database_answers(tmp_path: Path) -> None:
    payload = tmp_path / "order.yaml"
    payload.write_text("order: {}\n")
    away = {"DATABASE_URL": "postgresql://x@127.0.0.1:9/x"}
    said = baton("flows", "publish", "order.placed", "--with", str(payload), folder=tmp_path, **away)
    assert said.returncode == 2
    assert "Traceback" not in said.stderr
    assert "for the cure: baton doctor" in said.stderr


def test_the_clock_moves_in_a_demo_only(tmp_path: Path) -> None:
    said = baton("demo", "clock", "+3d", folder=tmp_path, BATON_MODE="development")
    assert said.returncode == 2
    assert "This is not a demo" in said.stderr
    assert not (tmp_path / "clock-shift").exists()
    baton("db", "upgrade", folder=tmp_path, BATON_MODE="demo")
    assert "3 days, 0:00:00 ahead" in baton("demo", "clock", "+3d", folder=tmp_path, BATON_MODE="demo").stdout
    assert "2 days, 0:00:00 ahead" in baton("demo", "clock", "-1d", folder=tmp_path, BATON_MODE="demo").stdout
    clock.follow(tmp_path / "clock-shift")
    assert clock.shift == timedelta(days=2)
    clock.follow(None)
    assert "the real time" in baton("demo", "clock", "reset", folder=tmp_path, BATON_MODE="demo").stdout


def test_moving_the_clock_loads_neither_flows_nor_migrations() -> None:
    """It is done again and again, and what is loaded takes all of its time."""
    probe = "import sys, worker.commands.demo; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True).stdout
    assert {"alembic", "rq", "pydantic"}.isdisjoint(loaded.split())


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("+3d", timedelta(days=3)),
        ("-1d", timedelta(days=-1)),
        ("2w1d", timedelta(days=15)),
        ("+90m30s", timedelta(minutes=90.5)),
    ],
)
def test_spans(text: str, meant: timedelta) -> None:
    assert span(text) == meant


@pytest.mark.parametrize("text", ["", "3", "+3 d", "three", "+999999d", "--1d"])
def test_what_is_no_span_is_refused(text: str) -> None:
    with pytest.raises(Trouble):
        span(text)


def test_doctor_names_a_cure_for_all_that_is_ill(tmp_path: Path) -> None:
    said = baton("doctor", folder=tmp_path, BATON_MODE="development")
    assert said.returncode == 2
    assert "cure: baton db upgrade" in said.stdout
    assert "REDIS_URL" in said.stdout


@pytest.mark.requirement("X33")
def test_a_flow_is_drawn_here_or_into_a_file(tmp_path: Path) -> None:
    said = baton("flows", "diagram", "tenant-onboarding", "--format", "mermaid", folder=tmp_path)
    assert said.returncode == 0, said.stderr
    assert said.stdout.startswith("flowchart TD")
    picture = tmp_path / "case.svg"
    said = baton("flows", "diagram", "department-request", "--format", "svg", "-o", str(picture), folder=tmp_path)
    assert said.stdout == f"Drawn in {picture}\n"
    assert picture.read_text(encoding="utf-8").startswith("<svg ")
    assert baton("flows", "diagram", "coro-order-fulfilment", folder=tmp_path).stdout.startswith("Coro Info Required")


@pytest.mark.parametrize(
    ("arguments", "cure"),
    [
        (["tenant-onbording"], "did you mean 'tenant-onboarding'?"),
        (["tenant-onboarding", "-o", "/proc/nowhere/x.svg"], "choose another file"),
        (["tenant-onboarding", "--format", "png"], "'svg', 'mermaid', 'text'"),
    ],
)
def test_what_cannot_be_drawn_is_one_line(arguments: list[str], cure: str, tmp_path: Path) -> None:
    said = baton("flows", "diagram", *arguments, folder=tmp_path)
    assert said.returncode == 2
    assert cure in said.stderr
    assert "Traceback" not in said.stderr

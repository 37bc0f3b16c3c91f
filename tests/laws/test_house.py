"""The laws of the house that can be read off the files (ARCHITECTURE: laws written as tests from the first day)."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from flows.settings import Settings

ROOT = Path(__file__).parents[2]
ROOMS = ("flows", "messaging", "portal", "admin", "worker")
VAGUE = {"utils", "util", "helpers", "helper", "common", "misc", "base2", "tools", "stuff"}


@cache
def sources(*suffixes: str) -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    paths = [ROOT / line for line in listed.stdout.splitlines()]
    return [
        path
        for path in paths
        if path.suffix in suffixes and path.is_file() and "vendor" not in path.parts and "versions" not in path.parts
    ]


def code() -> Iterator[tuple[Path, ast.Module]]:
    for path in sources(".py"):
        if path.relative_to(ROOT).parts[0] in (*ROOMS, "wsgi.py"):
            yield path, ast.parse(path.read_text())


def test_no_file_is_longer_than_400_lines() -> None:
    long = {
        str(p.relative_to(ROOT)): n
        for p in sources(".py", ".html", ".css", ".js", ".md")
        if (n := len(p.read_text().splitlines())) > 400
    }
    assert long == {}


def test_every_file_says_what_its_room_is_for() -> None:
    assert [str(path.relative_to(ROOT)) for path, tree in code() if not ast.get_docstring(tree)] == []


def test_no_room_has_a_vague_name() -> None:
    assert [
        str(path.relative_to(ROOT)) for path, _ in code() if VAGUE & {*path.relative_to(ROOT).with_suffix("").parts}
    ] == []


def test_only_work_commits_and_rolls_back() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path, tree in code() for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
        and node.func.attr in ("commit", "rollback") and path.relative_to(ROOT).as_posix() != "flows/work.py"
    ]  # fmt: skip
    assert found == []


def test_the_ladder_holds() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "importlinter.cli", "lint-imports"], cwd=ROOT, capture_output=True, text=True
    )
    if "No module named" in ran.stderr or "is a package" in ran.stderr:
        ran = subprocess.run([Path(sys.executable).parent / "lint-imports"], cwd=ROOT, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr


WEB_AND_QUEUES = (
    "flask",
    "werkzeug",
    "redis",
    "rq",
    "httpx",
    "smtplib",
    "flask_login",
    "flask_wtf",
    "flask_mailman",
    "socketio",
)
ONLY = {
    "flask_admin": ("admin/",),
    "flask_socketio": ("messaging/live",),
    "wsgi": ("worker/",),
    **dict.fromkeys(WEB_AND_QUEUES, ("messaging/", "portal/", "admin/", "worker/", "wsgi.py")),
    "flask": ("flows/db.py", "messaging/", "portal/", "admin/", "worker/", "wsgi.py"),
    "flask_sqlalchemy": ("flows/db.py",),
    "rq": ("worker/",),
    "stripe": ("messaging/payments/",),
}
"""Module, and the beginnings of the only files that may import it."""
PURE = {"flows/rules/": {"flows", "cel", "holidays"}, "flows/plugins/": {"flows", "pydantic"}}
"""Rooms that may import these and the standard library, nothing else."""


def strangers(place: str, tree: ast.Module) -> list[str]:
    """What a file imports although its room may not."""
    found = [name for name in imported(tree) if name in ONLY and not place.startswith(ONLY[name])]
    for room, allowed in PURE.items():
        if place.startswith(room):
            found += [name for name in imported(tree) if name not in allowed and name not in sys.stdlib_module_names]
    if place.startswith("flows/rules/"):
        found += [
            name
            for name in modules(tree)
            if name.startswith("flows.") and not name.startswith(("flows.rules", "flows.words"))
        ]
    if place.startswith("flows/plugins/"):
        found += [name for name in modules(tree) if name.startswith("flows.") and name != "flows.plugin"]
    return sorted(found)


def test_every_room_imports_only_what_is_its_own() -> None:
    found = {
        str(path.relative_to(ROOT)): names
        for path, tree in code()
        if (names := strangers(path.relative_to(ROOT).as_posix(), tree))
    }
    assert found == {}


@pytest.mark.parametrize(("place", "line"), [
    ("flows/actions/closing.py", "import redis"),
    ("flows/actions/closing.py", "from flask_sqlalchemy import SQLAlchemy"),
    ("flows/work.py", "from flask import g"),
    ("flows/rules/moves.py", "import sqlalchemy"),
    ("flows/rules/moves.py", "from flows.models import Step"),
    ("flows/plugins/coro/actions.py", "from flows.actions import ordering"),
    ("messaging/outbox.py", "from flask_socketio import SocketIO"),
    ("portal/web.py", "import flask_admin"),
    ("portal/web.py", "from rq import Queue"),
    ("portal/web.py", "import wsgi"),
    ("portal/pages/pay.py", "import stripe"),
])  # fmt: skip
def test_a_deliberate_violation_is_caught(place: str, line: str) -> None:
    assert strangers(place, ast.parse(line))


ONLY_IN_PYTEST = ("scenarios.py", "scenario_items.py")
"""What pytest itself loads, where there is one (`pytest --flows`)."""


def test_nothing_is_imported_that_is_not_declared() -> None:
    declared = {
        re.match(r"[A-Za-z0-9_.-]+", requirement)[0].lower().replace("_", "-")  # type: ignore[index]
        for requirement in tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    }
    by_module = packages_distributions()
    undeclared = set()
    for path, tree in code():
        for name in imported(tree):
            owners = {owner.lower().replace("_", "-") for owner in by_module.get(name, [])}
            if name in sys.stdlib_module_names or name in (*ROOMS, "wsgi", "migrations", "tests", "baton"):
                continue
            if "pytest" in owners and path.name in ONLY_IN_PYTEST:
                continue
            if not owners & declared:
                undeclared.add(f"{path.relative_to(ROOT)}: {name} of {', '.join(owners) or 'nobody'}")
    assert undeclared == set()


def modules(tree: ast.Module) -> set[str]:
    """Full names of the modules a file imports (`from a import b` counts as a)."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module)
    return names


def imported(tree: ast.Module) -> set[str]:
    """The packages those modules belong to."""
    return {name.partition(".")[0] for name in modules(tree)}


@pytest.mark.parametrize("setting", [name for name, _, _ in Settings.documented()])
def test_every_setting_is_in_the_readme(setting: str) -> None:
    assert f"`{setting}`" in (ROOT / "README.md").read_text()


def test_nothing_names_this_machine() -> None:
    found = [
        str(path.relative_to(ROOT))
        for path in sources(".py", ".html", ".css", ".js", ".md", ".toml", ".yaml")
        if "/" + "work/" in path.read_text()
    ]
    assert found == []

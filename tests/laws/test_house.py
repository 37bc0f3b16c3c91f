"""The laws of the house that can be read off the files (ARCHITECTURE: laws written as tests from the first day)."""

from __future__ import annotations

import ast
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
    listed = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True)
    paths = [ROOT / line for line in listed.stdout.splitlines()]
    return [path for path in paths if path.suffix in suffixes and path.is_file() and "vendor" not in path.parts and "versions" not in path.parts]


def code() -> Iterator[tuple[Path, ast.Module]]:
    for path in sources(".py"):
        if path.relative_to(ROOT).parts[0] in (*ROOMS, "wsgi.py"):
            yield path, ast.parse(path.read_text())


def test_no_file_is_longer_than_400_lines() -> None:
    long = {str(p.relative_to(ROOT)): n for p in sources(".py", ".html", ".css", ".js", ".md") if (n := len(p.read_text().splitlines())) > 400}
    assert long == {}


def test_every_file_says_what_its_room_is_for() -> None:
    assert [str(path.relative_to(ROOT)) for path, tree in code() if not ast.get_docstring(tree)] == []


def test_no_room_has_a_vague_name() -> None:
    assert [str(path.relative_to(ROOT)) for path, _ in code() if VAGUE & {*path.relative_to(ROOT).with_suffix("").parts}] == []


def test_only_work_commits_and_rolls_back() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path, tree in code() for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ("commit", "rollback")
        and path.relative_to(ROOT).as_posix() != "flows/work.py"
    ]  # fmt: skip
    assert found == []


def test_the_ladder_holds() -> None:
    ran = subprocess.run([sys.executable, "-m", "importlinter.cli", "lint-imports"], cwd=ROOT, capture_output=True, text=True)
    if "No module named" in ran.stderr or "is a package" in ran.stderr:
        ran = subprocess.run([Path(sys.executable).parent / "lint-imports"], cwd=ROOT, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_the_heart_speaks_no_web_no_queue_no_mail() -> None:
    strangers = {"flask", "werkzeug", "redis", "rq", "httpx", "smtplib", "flask_login", "flask_wtf", "flask_admin", "flask_socketio", "socketio", "flask_mailman"}
    found = [
        f"{path.relative_to(ROOT)}: {name}" for path, tree in code() for name in imported(tree)
        if path.relative_to(ROOT).parts[0] == "flows" and name in strangers
    ]  # fmt: skip
    assert found == []


def test_nothing_is_imported_that_is_not_declared() -> None:
    declared = {
        requirement.split(";")[0].split("[")[0].strip(" ").rstrip("<>=!~,.0123456789 ").lower().replace("_", "-")
        for requirement in tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    }
    by_module = packages_distributions()
    undeclared = set()
    for path, tree in code():
        for name in imported(tree):
            owners = {owner.lower().replace("_", "-") for owner in by_module.get(name, [])}
            if name in sys.stdlib_module_names or name in (*ROOMS, "wsgi", "migrations", "tests", "baton"):
                continue
            if not owners & declared:
                undeclared.add(f"{path.relative_to(ROOT)}: {name} of {', '.join(owners) or 'nobody'}")
    assert undeclared == set()


def imported(tree: ast.Module) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.split(".")[0])
    return names


@pytest.mark.parametrize("setting", [name for name, _, _ in Settings.documented()])
def test_every_setting_is_in_the_readme(setting: str) -> None:
    assert f"`{setting}`" in (ROOT / "README.md").read_text()


def test_nothing_names_this_machine() -> None:
    found = [str(path.relative_to(ROOT)) for path in sources(".py", ".html", ".css", ".js", ".md", ".toml", ".yaml") if "/" + "work/" in path.read_text()]
    assert found == []

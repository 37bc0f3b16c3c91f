"""Which requirement is proved by which test: read off the marks, written to docs/requirements.md."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
TABLE = ROOT / "docs" / "requirements.md"
DOORS = {
    "rules": "rule", "queries": "query", "catalogue": "catalogue", "play": "played flows", "actions": "verb",
    "portal": "portal", "browser": "browser", "admin": "back office", "api": "JSON", "messaging": "messages",
    "worker": "worker",
    "chaos": "real processes", "walks": "whole product", "laws": "law",
    "guided": "verb", "stages": "verb", "payments": "money", "housing": "lettings", "private": "private answers",
    "external_plugin": "plugin of others", "docs": "documentation",
    "changing": "verb", "security": "security", "talk": "conversation", "phone": "mobile app",
}  # fmt: skip


@cache
def proofs() -> dict[str, list[tuple[str, str]]]:
    """Requirement id to (door, test) pairs, in reading order."""
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        whole_file: list[str] = []
        tree = ast.parse(path.read_text())
        for node in tree.body:
            if isinstance(node, ast.Assign) and any(
                isinstance(t, ast.Name) and t.id == "pytestmark" for t in node.targets
            ):
                whole_file = _ids_in(node.value)
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                ids = whole_file + [one for decorator in node.decorator_list for one in _ids_in(decorator)]
                door = DOORS.get(path.relative_to(ROOT / "tests").parts[0], "rule")
                for requirement in dict.fromkeys(ids):
                    found[requirement].append((door, f"{path.relative_to(ROOT)}::{node.name}"))
    return dict(sorted(found.items(), key=lambda item: _order(item[0])))


def _ids_in(node: ast.AST) -> list[str]:
    calls = [
        call
        for call in ast.walk(node)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "requirement"
    ]
    return [
        arg.value for call in calls for arg in call.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)
    ]


def _order(requirement: str) -> tuple[str, int, str]:
    letter, number = re.match(r"([A-Z])(\d*)", requirement).groups()  # type: ignore[union-attr]
    return letter, int(number or 0), requirement


def table() -> str:
    """The page as it should be now."""
    lines = [
        "# Which requirement is proved by which test", "",
        "Written by `make requirements` from the tests' marks; a law keeps it current.", "",
        "| id | doors | tests |", "|---|---|---|",
    ]  # fmt: skip
    for requirement, tests in proofs().items():
        doors = ", ".join(dict.fromkeys(door for door, _ in tests))
        names = "<br>".join(f"`{name.removeprefix('tests/')}`" for _, name in tests)
        lines.append(f"| {requirement} | {doors} | {names} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    TABLE.write_text(table())

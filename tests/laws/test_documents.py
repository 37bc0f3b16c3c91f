"""What can be asked of the product is written down: every key of the flow language, every command."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from flows import plugin
from flows.authoring.meanings import MEANINGS, group_of
from flows.authoring.plugin_reference import SECTIONS, plugin_reference
from flows.authoring.reference import reference
from flows.catalogue.schema import FlowDefinition
from portal.api.problems import SLUGS
from worker.__main__ import cli
from worker.commands_reference import commands_reference, every_command

ROOT = Path(__file__).parents[2]


def test_every_key_of_the_flow_language_has_a_meaning_and_no_other_has() -> None:
    schema = FlowDefinition.model_json_schema()
    keys: dict[str, set[str]] = {"FlowDefinition": set(schema["properties"])}
    for model, part in schema["$defs"].items():
        keys.setdefault(group_of(model), set()).update(part["properties"])
    assert {group: set(words) for group, words in MEANINGS.items()} == keys


def test_the_page_about_the_flow_language_is_current() -> None:
    assert (ROOT / "docs" / "flow-language.md").read_text() == reference(), "run `make reference`"


def test_the_page_about_the_interface_of_plugins_is_current_and_names_everything() -> None:
    assert sorted(name for names in SECTIONS.values() for name in names) == sorted(plugin.__all__)
    assert all(getattr(plugin, name).__doc__ for name in plugin.__all__)
    assert (ROOT / "docs" / "flows" / "plugin.md").read_text() == plugin_reference(), "run `make reference`"


def test_the_page_about_the_commands_is_current() -> None:
    assert (ROOT / "docs" / "commands.md").read_text() == commands_reference(cli), "run `make reference`"


def test_every_page_is_in_the_index() -> None:
    index = (ROOT / "docs" / "README.md").read_text()
    pages = [*(ROOT / "docs").glob("*.md"), *(ROOT / "docs" / "flows").glob("*.md")]
    missing = [str(page.relative_to(ROOT)) for page in pages if f"({page.relative_to(ROOT / 'docs')})" not in index]
    assert missing == ["docs/README.md"]


@pytest.mark.parametrize("path", [path for path, _ in every_command(cli, ())], ids=" ".join)
def test_every_command_is_in_the_readme(path: tuple[str, ...]) -> None:
    """In the table of commands, its own name in the row of its group."""
    table = (ROOT / "README.md").read_text().partition("## Commands")[2].partition("\n## ")[0]
    rows = [row.split("|")[1].replace("`", " ").replace(",", " ").split() for row in table.splitlines() if "`" in row]
    assert any(set(path) <= set(row) for row in rows), f"baton {' '.join(path)}"


def asserted() -> set[tuple[object, ...]]:
    """The pairs, as `(409, "step-locked")`, that a test of the API compares an answer with, for being the same."""
    tests = [path for room in ("api", "payments") for path in (ROOT / "tests" / room).glob("test_*.py")]
    compared = (one for path in tests for one in ast.walk(ast.parse(path.read_text())) if isinstance(one, ast.Compare))
    sides = (one.comparators[0] for one in compared if isinstance(one.ops[0], ast.Eq))
    pairs = (side.elts[:2] for side in sides if isinstance(side, ast.Tuple))
    return {tuple(word.value for word in pair if isinstance(word, ast.Constant)) for pair in pairs}


@pytest.mark.requirement("D5")
def test_every_refusal_of_the_api_is_brought_about_by_a_test() -> None:
    """API.md 7.7: each is an answer that a test got, with its status."""
    assert {(slug.status, name) for name, slug in SLUGS.items()} - asserted() == set()

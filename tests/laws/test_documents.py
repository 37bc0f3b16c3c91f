"""What can be asked of the product is written down: every key of the flow language, every command."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from flows.authoring.meanings import MEANINGS, group_of
from flows.authoring.reference import reference
from flows.catalogue.schema import FlowDefinition
from portal.api.problems import SLUGS
from worker.__main__ import cli

ROOT = Path(__file__).parents[2]


def test_every_key_of_the_flow_language_has_a_meaning_and_no_other_has() -> None:
    schema = FlowDefinition.model_json_schema()
    keys: dict[str, set[str]] = {"FlowDefinition": set(schema["properties"])}
    for model, part in schema["$defs"].items():
        keys.setdefault(group_of(model), set()).update(part["properties"])
    assert {group: set(words) for group, words in MEANINGS.items()} == keys


def test_the_page_about_the_flow_language_is_current() -> None:
    assert (ROOT / "docs" / "flow-language.md").read_text() == reference(), "run `make reference`"


def commands(group: click.Group, *before: str) -> Iterator[tuple[str, ...]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from commands(command, *before, name)
        elif not command.hidden:
            yield (*before, name)


@pytest.mark.parametrize("path", list(commands(cli)), ids=" ".join)
def test_every_command_is_in_the_readme(path: tuple[str, ...]) -> None:
    """In the table of commands, its own name in the row of its group."""
    table = (ROOT / "README.md").read_text().partition("## Commands")[2].partition("\n## ")[0]
    rows = [row.split("|")[1].replace("`", " ").replace(",", " ").split() for row in table.splitlines() if "`" in row]
    assert any(set(path) <= set(row) for row in rows), f"baton {' '.join(path)}"


@pytest.mark.requirement("D5")
@pytest.mark.parametrize("slug", SLUGS)
def test_every_refusal_of_the_api_is_brought_about_by_a_test(slug: str) -> None:
    """API.md 7.7: each is asked for by name where the API is tried."""
    tried = (
        path.read_text()
        for room in ("api", "payments", "phone", "security")
        for path in (ROOT / "tests" / room).glob("*.py")
    )
    assert any(f'"{slug}"' in text for text in tried)

"""The page for authors of flows tells the truth: its commands are run, its story is played, its table is whole."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner
from werkzeug.serving import BaseWSGIServer

from flows.authoring.play.deeds import VERBS
from flows.authoring.play.scenario import Done, Expected, read_scenarios
from flows.authoring.play.telling import tell
from flows.catalogue.registry import Registry
from tests.docs.pages import texts_of
from tests.play.conftest import interrupted
from worker.commands.flows import flows
from worker.preview import local

PAGE = (Path(__file__).parents[2] / "docs" / "flow-authors.md").read_text()


def commands() -> Iterator[list[str]]:
    for block in texts_of(PAGE, "sh"):
        for line in block.replace("\\\n", " ").splitlines():
            yield shlex.split(line)[2:]


@pytest.mark.requirement("X31", "X33", "X35")
@pytest.mark.parametrize("words", [*commands()], ids=" ".join)
def test_commands_of_the_page_run(words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(Path(__file__).parent)
    monkeypatch.setenv("BATON_MODE", "test")
    given = [{"my-flows/": "flows/", "5000": "40"}.get(word, word) for word in words]
    if given[0] == "fuzz":
        given += ["--jobs", "1"]
    if given[0] == "preview":
        given += ["--port", "0"]
        monkeypatch.setattr(local, "Product", lambda: SimpleNamespace(close=lambda: None))  # no page is asked for
        monkeypatch.setattr(BaseWSGIServer, "serve_forever", interrupted)
    ran = CliRunner().invoke(flows, given)
    assert ran.exception is None or isinstance(ran.exception, SystemExit), ran.output
    assert ran.exit_code in ((0, 1) if given[0] == "fuzz" else (0,)), ran.output
    assert "REFUSED" not in ran.output
    if given[-2:] == ["--at", "2026-03-26T10:00"]:
        assert f"```\n{ran.output}```" in PAGE


@pytest.mark.requirement("X32")
def test_the_story_of_the_page_holds(registry: Registry) -> None:
    stories, problems = read_scenarios(texts_of(PAGE, "yaml")[0], "page.yaml")
    assert not problems
    assert [tell(registry, story).failures for story in stories] == [[]]


@pytest.mark.requirement("X32")
def test_every_verb_and_key_of_a_story_stands_on_the_page() -> None:
    keys = {field.alias or name for model in (Done, Expected) for name, field in model.model_fields.items()}
    missing = [name for name in (*VERBS, *keys - {"verb", "thing", "words", "at"}) if f"`{name}`" not in PAGE]
    assert missing == []

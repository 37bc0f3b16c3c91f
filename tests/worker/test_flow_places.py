"""Which flow a name means: for every command the folder that stands here, and else the one that is loaded."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.catalogue.test_beside import FLOW, LOCALE, MAIL, STORY
from worker.commands.flows import flows

pytestmark = pytest.mark.requirement("X35")

COMMANDS = (("lint", "--strict"), ("simulate",), ("test",), ("diagram", "--format", "text"), ("i18n", "status"))


def write(folder: Path, flow: str) -> None:
    texts = {
        "tea.flow.yaml": flow,
        "mail/tea/ordered.en.md": MAIL,
        "mail/tea/ordered.cy.md": MAIL,
        "locales/tea.cy.yaml": LOCALE,
        "scenarios/tea.yaml": STORY,
    }
    for name, text in texts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


@pytest.fixture(autouse=True)
def loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A flow that is loaded; whoever asks stands somewhere else."""
    write(tmp_path / "installed", FLOW)
    (tmp_path / "here").mkdir()
    monkeypatch.setenv("BATON_FLOW_FOLDERS", str(tmp_path / "installed"))
    monkeypatch.setenv("BATON_MODE", "test")
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "installed"


def baton(*words: str) -> Result:
    return CliRunner().invoke(flows, words)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_name_is_that_of_what_is_loaded_where_nothing_stands(command: tuple[str, ...]) -> None:
    Path("tea").mkdir()
    found = baton(*command, "tea")
    assert found.exit_code == 0, found.output


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("named", ["tea", "tea/", "tea/tea.flow.yaml"])
def test_a_flow_that_stands_here_is_meant_before_the_loaded_one_of_its_name(
    command: tuple[str, ...], named: str
) -> None:
    write(Path("tea"), FLOW.replace("title: Order tea", "title: Order tea ${{ now }}"))  # an error (F235)
    found = baton(*command, named)
    assert found.exit_code > 0
    assert "F235" in found.output
    write(Path("tea"), FLOW.replace("title: Choose", "title: Select"))
    assert "Select" in baton("diagram", named, "--format", "mermaid").output


@pytest.mark.parametrize("command", COMMANDS)
def test_a_mended_flow_is_worked_on_though_it_is_loaded_as_it_was(command: tuple[str, ...]) -> None:
    write(Path("tea"), FLOW.replace("Which tea", "Which leaf"))
    for named in ("tea", "tea/tea.flow.yaml"):
        found = baton(*command, named)
        assert found.exit_code == 0, found.output


def test_a_story_is_played_with_the_text_beside_it() -> None:
    write(Path("tea"), FLOW.replace("actor: customer", "actor: staff"))
    assert baton("test", "tea/scenarios/tea.yaml").exit_code == 1
    write(Path("tea"), FLOW.replace("Which tea", "Which leaf"))
    assert baton("test", "tea/scenarios/tea.yaml").exit_code == 0

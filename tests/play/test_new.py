"""`baton flows new`: what it writes is clean and plays, it never writes over anything, and names the cure."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from importlib import invalidate_caches
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from flows.authoring.checks import lint_paths
from flows.authoring.play import telling
from flows.authoring.starter import KINDS
from flows.catalogue.loader import load_packages
from worker.commands.flows import flows


@pytest.fixture(autouse=True)
def somewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BATON_MODE", "test")


def baton(*words: str) -> Result:
    return CliRunner().invoke(flows, words)


def files(folder: str) -> set[str]:
    return {str(path.relative_to(folder)) for path in Path(folder).rglob("*") if path.is_file()}


@pytest.mark.requirement("D2", "X35")
@pytest.mark.parametrize("kind", KINDS)
def test_a_new_flow_is_clean_and_its_next_commands_run(kind: str) -> None:
    said = baton("new", "window-repair", "--kind", kind)
    assert said.exit_code == 0, said.output
    assert {"window-repair.flow.yaml", "scenarios/window-repair.yaml"} < files("window-repair")
    commands = re.findall(r"^  baton flows (.*)$", said.output, re.MULTILINE)
    assert len(commands) == 3
    for command in commands:
        ran = baton(*command.split())
        assert ran.exit_code == 0, ran.output
        assert "my" not in re.findall(r"\w+", ran.output), "the starter's own name is left nowhere"
        assert "REFUSED" not in ran.output
    assert not re.search(r"#python|my.flow", "".join(path.read_text() for path in Path().rglob("*.[mypt]*")))


@pytest.fixture
def importable(tmp_path: Path) -> Iterator[Path]:
    """A folder whose packages can be imported, and are forgotten afterwards."""
    sys.path.insert(0, str(tmp_path / "gate-opener"))
    yield tmp_path
    sys.path.remove(str(tmp_path / "gate-opener"))
    for name in [name for name in sys.modules if name.partition(".")[0] == "gate_opener"]:
        del sys.modules[name]


@pytest.mark.requirement("D2", "X32")
@pytest.mark.parametrize("kind", KINDS)
def test_a_new_package_brings_an_action_and_its_stories_hold(kind: str, importable: Path) -> None:
    said = baton("new", "gate-opener", "--kind", kind, "--package", "--into", str(importable))
    assert said.exit_code == 0, said.output
    assert {"pyproject.toml", "README.md", "tests/test_actions.py", "gate_opener/actions.py"} < files("gate-opener")
    invalidate_caches()
    shop = ("shop", "flows.plugins.shop")
    registry = load_packages([shop, ("gate_opener", "gate_opener")])
    assert registry.broken == []
    assert registry.names("actions")[0] == "gate_opener.report"
    assert registry.flows["gate-opener"].problems == ()
    text, code = telling.report(registry, ["gate-opener"])
    assert code == 0, text
    assert lint_paths([importable / "gate-opener"], strict=True, registry=registry) == ("ok", 0)


@pytest.mark.requirement("D2")
def test_nothing_is_written_over() -> None:
    Path("window-repair").mkdir()
    said = baton("new", "window-repair")
    assert (said.exit_code, "is there already; choose another name" in said.output) == (2, True)
    assert files("window-repair") == set()
    Path("full").write_text("a file")
    said = baton("new", "window-repair", "--into", "full/below")
    assert said.exit_code == 2
    assert "full" in said.output


@pytest.mark.requirement("D2")
@pytest.mark.parametrize(
    ("name", "more", "cure"),
    [
        ("Window Repair!", (), "try window-repair"),
        ("window_repair", (), "try window-repair"),
        ("2nd-visit", (), "try nd-visit"),
        ("???", (), "such as window-repair"),
        ("a" * 60, (), "at most 48"),
        ("json", ("--package",), "try json-flow"),
        ("class", ("--package",), "try class-flow"),
        ("flows", ("--package",), "try flows-flow"),
    ],
)
def test_a_bad_name_is_refused_with_its_cure(name: str, more: tuple[str, ...], cure: str) -> None:
    said = baton("new", name, *more)
    assert said.exit_code == 2
    assert cure in said.output
    assert list(Path().iterdir()) == []


@pytest.mark.requirement("D2", "X35")
def test_a_flow_at_a_path_that_is_not_served_says_why() -> None:
    baton("new", "window-repair")
    file = Path("window-repair", "window-repair.flow.yaml")
    file.write_text(file.read_text().replace("actor: staff", "actor: stuff"))
    for words in (("simulate", "window-repair"), ("test", "window-repair/scenarios/window-repair.yaml")):
        said = baton(*words)
        assert said.exit_code == 2
        assert "window-repair/window-repair.flow.yaml is not loaded" in said.output
        assert "did you mean 'staff'?" in said.output


@pytest.mark.requirement("D2", "X35")
def test_lint_calls_what_lies_beside_a_flow_by_its_path() -> None:
    """So that an editor or a terminal opens it."""
    baton("new", "window-repair", "--into", "deep")
    mail = Path("deep/window-repair/mail/window-repair/created.cy.md")
    mail.write_text(mail.read_text().replace("instance.url", "instance.uri"))
    assert f"{mail}:7:" in baton("lint", "deep").output


@pytest.mark.requirement("D2")
def test_of_several_flows_in_a_folder_one_is_named() -> None:
    baton("new", "first", "--into", "both")
    baton("new", "second", "--into", "both")
    said = baton("diagram", "both")
    assert (said.exit_code, "There are 2 flows in both: first, second" in said.output) == (2, True)
    said = baton("diagram", "both/second/second.flow.yaml")
    assert said.exit_code == 0
    assert "4 of 4 cases" in baton("test", "both").output
    assert "neither a flow nor" in baton("test", "nowhere").output
    assert "No flow is called nowhere" in baton("diagram", "nowhere").output


@pytest.mark.requirement("D2")
def test_an_installed_flow_is_taken_as_it_is() -> None:
    here = Path(__file__).parents[2] / "flows" / "plugins" / "coro"
    said = baton("simulate", str(here / "coro-order-fulfilment.flow.yaml"), "--at", "2026-03-26T10:00")
    assert said.exit_code == 0, said.output
    assert "call orders.cancel" in said.output

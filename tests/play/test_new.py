"""`baton flows new`: what it writes is clean and plays, it never writes over anything, and names the cure."""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterator
from importlib import invalidate_caches
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from werkzeug.serving import BaseWSGIServer

from flows.authoring.checks import lint_paths
from flows.authoring.play import telling
from flows.authoring.starter import KINDS
from flows.catalogue.loader import load_packages
from tests.play.conftest import interrupted
from worker.commands.flows import flows


@pytest.fixture(autouse=True)
def somewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BATON_MODE", "test")


def baton(*words: str) -> Result:
    return CliRunner().invoke(flows, words)


def files(folder: str) -> set[str]:
    return {str(path.relative_to(folder)) for path in Path(folder).rglob("*") if path.is_file()}


@pytest.mark.requirement("X23")
@pytest.mark.parametrize("kind", KINDS)
def test_a_text_that_was_changed_in_a_new_flow_is_told_as_translated_from_another(kind: str) -> None:
    baton("new", "gas-safety", "--kind", kind)
    flow = Path("gas-safety/gas-safety.flow.yaml")
    said = baton("i18n", "status", str(flow))
    assert "100 %" in said.output, said.output
    flow.write_text(flow.read_text().replace("title: Gas safety", "title: Gas and safety"))
    assert ", 1 stale" in baton("i18n", "status", str(flow)).output


@pytest.mark.requirement("D2", "X35")
@pytest.mark.parametrize("kind", KINDS)
def test_a_new_flow_is_clean_and_its_next_commands_run(kind: str) -> None:
    said = baton("new", "window-repair", "--kind", kind)
    assert said.exit_code == 0, said.output
    assert {"window-repair.flow.yaml", "scenarios/window-repair.yaml"} < files("window-repair")
    commands = re.findall(r"^  baton flows (.*)$", said.output, re.MULTILINE)
    assert len(commands) == 4
    assert commands.pop() == "schema > window-repair/flow-1.schema.json"
    assert "$schema=flow-1.schema.json" in Path("window-repair/window-repair.flow.yaml").read_text()
    assert "title: Window repair\n" in Path("window-repair/locales/window-repair.cy.yaml").read_text()
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
    project = tomllib.loads(Path("gate-opener/pyproject.toml").read_text())["project"]
    assert project["optional-dependencies"]["test"] == ["pytest>=9,<10"], "`make up` installs none"
    assert f"python -m pip install -e '{importable}/gate-opener[test]'" in said.output
    assert 'python -m pip install -e ".[test]"' in Path("gate-opener/README.md").read_text()
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
def test_a_name_that_is_served_already_is_refused() -> None:
    said = baton("new", "coro-order-fulfilment")
    assert (said.exit_code, "is served already, from coro/" in said.output) == (2, True)
    assert "choose another name" in said.output
    assert not Path("coro-order-fulfilment").exists()


@pytest.mark.requirement("D2")
@pytest.mark.parametrize("place", ["flows/authoring/starters/package", "tests/external_plugin/package"])
def test_a_package_asks_pypi_for_nothing_of_ours_and_says_which_baton_it_fits(place: str) -> None:
    """`baton` on PyPI is somebody else's: pip would fetch that, and all that it needs, beside the wheel."""
    project = Path(__file__).parents[2] / place
    asked = tomllib.loads((project / "pyproject.toml").read_text())["project"]["dependencies"]
    assert [one for one in asked if one.lower().startswith("baton")] == []
    [root] = project.glob("*/__init__.py*")
    assert re.search(r'^requires_plugin_api = "1\.\d+"$', root.read_text(), re.MULTILINE)


@pytest.mark.requirement("D2", "X31", "X32", "X35")
def test_commands_that_only_read_flows_write_nothing_where_they_are_called(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BATON_DATA", raising=False)
    monkeypatch.setattr(BaseWSGIServer, "serve_forever", interrupted)
    baton("new", "window-repair")
    for words in (
        "lint",
        "list",
        "schema",
        "i18n status",
        "test window-repair",
        "simulate window-repair --days 1",
        "diagram window-repair",
        "fuzz window-repair --steps 5 --jobs 1",
        "preview window-repair --port 0",
    ):
        said = baton(*words.split())
        assert said.exit_code == 0, said.output
        assert [path.name for path in Path().iterdir()] == ["window-repair"], words


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

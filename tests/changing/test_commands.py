"""`baton flows diff` and `baton flows migrate` as people run them."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from flows import catalogue
from tests.changing.conftest import V1, Changing
from tests.changing.test_migrating import NEW_STEP, RENAMED
from tests.guided.conftest import HOUSEHOLD
from worker.commands import flow_changes
from worker.commands.flows import flows

Run = Callable[..., Result]


@pytest.fixture
def run(change: Changing, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """A command beside the product of this test: the same database, the flows that are loaded in it."""
    monkeypatch.setenv("BATON_MODE", "test")
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.setenv("BATON_DATA", str(tmp_path))
    (tmp_path / "baton.db").touch()
    monkeypatch.setattr("wsgi.create_app", lambda *_: _SameProduct())
    monkeypatch.setattr(flow_changes, "_loaded", lambda name: catalogue.current().flows[name])

    def act(*words: str) -> Result:
        ran = CliRunner().invoke(flows, [*words])
        assert ran.exception is None or isinstance(ran.exception, SystemExit), ran.output
        return ran

    return act


class _SameProduct:
    """The context that the test has open already."""

    def app_context(self) -> AbstractContextManager[None]:
        return nullcontext()


@pytest.mark.requirement("X12")
def test_diff_of_versions_files_and_paths(change: Changing, run: Run, tmp_path: Path) -> None:
    change.start()
    change.write(*RENAMED, *NEW_STEP)
    ran = run("diff", "move-in", "1", "2")
    assert ran.exit_code == 1
    assert ran.output.startswith("move-in: version 1 → version 2\n\nSteps\n")
    assert "+ meter “Read the meter” added\n      running ones: a new step for the customer" in ran.output
    ran = run("diff", "move-in", "2", "file")
    assert (ran.exit_code, ran.output) == (0, "move-in: version 2 → file\nBoth say the same.\n")
    (tmp_path / "old.yaml").write_text(V1)
    ran = run("diff", "move-in", str(tmp_path / "old.yaml"), "file", "--format", "json")
    told = json.loads(ran.output)
    assert [one["kind"] for one in told["changes"] if one["part"] == "steps"] == ["renamed", "added"]
    for words, cure in (("9", "there are 2, 1"), ("nowhere.yaml", "is no file")):
        ran = run("diff", "move-in", words, "file")
        assert (ran.exit_code, cure in ran.output) == (2, True)


@pytest.mark.requirement("X13")
def test_nothing_is_made_in_a_folder_without_a_product(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.setenv("BATON_MODE", "test")
    monkeypatch.setenv("BATON_DATA", str(tmp_path / "elsewhere"))
    for words in (["diff", "coro", "1", "2"], ["migrate", "coro", "--to", "2", "--plan"], ["why", "TI-2031"]):
        ran = CliRunner().invoke(flows, words)
        assert (ran.exit_code, f"There is no database in {tmp_path / 'elsewhere'}" in ran.output) == (2, True)
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.requirement("X13")
def test_plan_apply_and_undo(change: Changing, run: Run) -> None:
    change.start()
    green = change.ref
    change.submit("household", HOUSEHOLD)
    change.start()
    asked = '      has_pets: {type: boolean, label: "Do you have pets?", required: true}\n'
    change.write((asked, asked + "      adults: {type: integer, label: Adults, required: true}\n"))
    ran = run("migrate", "move-in", "--to", "2", "--plan")
    assert ran.output.startswith("move-in → version 2: 0 green, 2 yellow, 0 red\n")
    assert "yellow       1  “Your household” asks one thing more: “Adults”\n" in ran.output
    assert f"yellow  {green}  v1  Priya Shah: “Your household” was sent without “Adults”" in ran.output
    ran = run("migrate", "move-in", "--to", "2", "--apply")
    assert ran.output.startswith("0 of 2 moved to version 2 of move-in.\n")
    assert ran.output.splitlines()[-1] == "With --yellow the 2 that are yellow move too."
    ran = run("migrate", "move-in", "--to", "file", "--ref", green, "--apply", "--yellow")
    assert ran.output.startswith("1 of 1 moved to version 2 of move-in.\n")
    ran = run("migrate", "move-in", "--to", "2", "--apply", "--yellow")
    assert ran.output.startswith("1 of 1 moved"), "again for the rest"
    back = ran.output.splitlines()[-1].partition("baton flows ")[2].split()
    ran = run(*back)
    assert (ran.exit_code, ran.output) == (0, "1 of 1 taken back; each is as it was before.\n")
    assert run(*back).exit_code == 2, "nothing is left"
    assert run("migrate", "move-in").exit_code == 2
    ran = run("migrate", "move-in", "--to", "2", "--plan", "--apply")
    assert (ran.exit_code, "--plan or --apply, not both" in ran.output) == (2, True)


@pytest.mark.requirement("X12", "X13")
def test_versions_as_pages_write_them_and_references_that_are_none(change: Changing, run: Run) -> None:
    change.start()
    change.write(*NEW_STEP)
    assert run("diff", "move-in", "v1", "v2").output == run("diff", "move-in", "1", "2").output
    assert run("migrate", "move-in", "--to", "v2", "--plan").output.startswith("move-in → version 2: 0 green, 1 yellow")
    for words, cure in ((["TI-9999"], "There is no request TI-9999"), (["TI-2041x"], "a reference looks like TI-2041")):
        for what in (["--to", "2", "--plan"], ["--to", "2", "--apply"], ["--undo", "mig_one"]):
            ran = run("migrate", "move-in", *what, "--ref", *words)
            assert (ran.exit_code, cure in ran.output) == (2, True), ran.output
    ran = run("migrate", "other", "--undo", "mig_one", "--ref", change.ref)
    assert (ran.exit_code, f"{change.ref} is of the flow move-in, not of other" in ran.output) == (2, True)


@pytest.mark.requirement("X12", "X13")
def test_a_version_that_cannot_be_read_is_named_with_the_reason(change: Changing, run: Run) -> None:
    change.start()
    change.write(*NEW_STEP)
    change.write(*RENAMED)
    change.spoil(2)
    for words in (
        ("diff", "move-in", "2", "file"),
        ("diff", "move-in", "1", "2"),
        ("migrate", "move-in", "--to", "2", "--plan"),
        ("migrate", "move-in", "--to", "2", "--apply"),
    ):
        ran = run(*words)
        assert (ran.exit_code, ran.output.count("\n")) == (2, 1), ran.output
        assert "Version 2 of move-in cannot be read: published flow:1:1: error F101 'title'" in ran.output
    assert change.now().flow_version.number == 1

"""`baton flows lint` as its author runs it."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from worker.commands.flows import flows

pytestmark = pytest.mark.requirement("X35")

FLOW = """\
flow: tea
schema: 1
title: Order tea
start: {customer: true}
steps:
  choose: {title: Choose, actor: customer, fields: {kind: {type: text, label: Which tea}}}
"""


def lint(*words: str) -> Result:
    return CliRunner().invoke(flows, ["lint", *words])


def test_without_a_path_what_the_settings_name_is_checked_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in (("broken", FLOW.replace("actor", "acter")), ("sound", FLOW)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "tea.flow.yaml").write_text(text)
    monkeypatch.setenv("BATON_FLOW_FOLDERS", str(tmp_path / "broken"))
    found = lint()
    assert found.exit_code == 1
    assert "error F102 unknown key 'acter'; did you mean 'actor'?" in found.output
    monkeypatch.setenv("BATON_FLOW_FOLDERS", str(tmp_path / "sound"))
    assert "tea.flow.yaml" not in lint().output


def test_a_warning_says_that_it_is_one_and_strict_alone_fails(tmp_path: Path) -> None:
    (tmp_path / "locales").mkdir()
    (tmp_path / "tea.flow.yaml").write_text(FLOW)
    (tmp_path / "locales" / "tea.cy.yaml").write_text("steps: {chose: {title: Dewis}}\n")
    found = lint(str(tmp_path))
    assert ": warning F602 the flow has no words at 'steps.chose'; did you mean 'choose'?" in found.output
    assert (found.exit_code, lint("--strict", str(tmp_path)).exit_code) == (0, 1)


def test_without_a_line_to_show_there_is_no_caret(tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere"
    found = lint(str(nowhere))
    assert found.output == f"{nowhere}:1:1: error F903 there is no such file or folder\n"
    assert found.exit_code == 2

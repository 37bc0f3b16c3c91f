"""Locales, mails and stories beside a flow: lint reads them as what they are, and tells what is wrong in them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from flows.authoring.checks import MORE_LATER, lint_paths
from flows.catalogue.loader import load
from flows.catalogue.registry import Registry
from tests.catalogue.shipped import shipped

pytestmark = pytest.mark.requirement("X35")

FLOW = """\
flow: tea
schema: 1
title: Order tea
start: {customer: true}
steps:
  choose: {title: Choose, actor: customer, fields: {kind: {type: text, label: Which tea}}}
effects:
  created: [{email: tea/ordered}]
"""
MAIL = "Subject: Your tea\n\nWe have your order.\n"
STORY = """\
flow: tea
cases:
  a cup is ordered:
    start: {customer: true}
    do: [{at: 2026-01-05T10:00, submit: choose, data: {kind: green}}]
    then: [{status: completed, email: tea/ordered}]
"""
LOCALE = "title: Archebu te\nsteps: {choose: {title: Dewis, fields: {kind: {label: Pa de}}}}\n"


@pytest.fixture
def tea(tmp_path: Path) -> Path:
    """A folder with a flow, a mail, a locale and a story, all of them right."""
    put(tmp_path / "tea.flow.yaml", FLOW)
    put(tmp_path / "mail/tea/ordered.en.md", MAIL)
    put(tmp_path / "mail/tea/ordered.cy.md", "Subject: Eich te\n\nMae eich archeb gennym.\n")
    put(tmp_path / "locales/tea.cy.yaml", LOCALE)
    put(tmp_path / "scenarios/tea.yaml", STORY)
    return tmp_path


def put(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def lint(path: Path, registry: Registry | None = None) -> tuple[list[str], int]:
    """`file:line code` of everything that lint says of a path, and the exit code."""
    report, code = lint_paths([path], "json", registry=registry or Registry())
    return [f"{Path(one['file']).name}:{one['line']} {one['code']}" for one in json.loads(report)], code


def cures(path: Path) -> list[str]:
    return [one["cure"] for one in json.loads(lint_paths([path], "json", registry=Registry())[0])]


@pytest.mark.parametrize(
    "path", ["", "tea.flow.yaml", "locales", "locales/tea.cy.yaml", "scenarios", "scenarios/tea.yaml", "mail",
             "mail/tea/ordered.en.md"],
)  # fmt: skip
def test_what_is_right_is_ok_as_what_it_is(tea: Path, path: str) -> None:
    assert lint(tea / path) == ([], 0)


def test_a_relative_path_inside_a_folder_beside_flows(tea: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tea / "scenarios")
    put(tea / "scenarios" / "tea.yaml", STORY.replace("choose", "chose"))
    assert lint(Path("tea.yaml")) == (["tea.yaml:5 S107"], 1)


def test_a_folder_without_flows_reads_nothing_else_as_a_flow(tea: Path) -> None:
    (tea / "tea.flow.yaml").unlink()
    for path in (tea, tea / "locales", tea / "scenarios" / "tea.yaml", tea / "locales" / "tea.cy.yaml"):
        found, code = lint(path)
        assert ([one.partition(" ")[2] for one in found], code) == (["F903"], 2), path


@pytest.mark.parametrize(
    ("right", "wrong", "said", "cure"),
    [
        ("submit: choose", "submit: chose", "tea.yaml:5 S107", "did you mean 'choose'?"),
        ("kind: green", "knd: green", "tea.yaml:5 S107", "did you mean 'kind'?"),
        ("email: tea/ordered", "email: tea/orderd", "tea.yaml:6 S107", "did you mean 'tea/ordered'?"),
        ("status: completed", "status: complete", "tea.yaml:6 S107", "did you mean 'completed'?"),
        ("flow: tea", "flow: coffee", "tea.yaml:1 S107", "there are: tea"),
        (
            "submit: choose, data: {kind: green}",
            "cancel: true, remarks: {kind: no}",
            "tea.yaml:5 S107",
            "there is none",
        ),
        ("submit: choose", "sumbit: choose", "tea.yaml:5 S102", "did you mean 'submit'?"),
        ("then: [", "then: ", "tea.yaml:6 F001", ""),
    ],
)
def test_a_story_that_cannot_be_told_is_told_beside_its_flow(
    tea: Path, right: str, wrong: str, said: str, cure: str
) -> None:
    put(tea / "scenarios" / "tea.yaml", STORY.replace(right, wrong, 1))
    for path in (tea, tea / "tea.flow.yaml", tea / "scenarios" / "tea.yaml"):
        assert lint(path) == ([said], 1)
    assert not cure or cures(tea) == [cure]


def test_a_story_of_a_flow_that_is_broken_is_left_alone(tea: Path) -> None:
    put(tea / "tea.flow.yaml", FLOW.replace("actor: customer", "actor: custmer"))
    assert lint(tea) == (["tea.flow.yaml:6 F104"], 1)


@pytest.mark.parametrize(
    ("name", "code", "cure"),
    [
        ("mail/tea/made.en.md", "F503", "name it in an effect: email: tea/made; or take it out"),
        ("mail/tea/ordered.md", "F504", "call it ordered.en.md, or another language"),
        ("mail/tea/ordered.welsh.md", "F504", "call it ordered.en.md, or another language"),
        ("mail/ordered.en.txt", "F504", "a mail is called NAME.en.md"),
    ],
)
def test_a_mail_that_nobody_gets_is_a_warning(tea: Path, name: str, code: str, cure: str) -> None:
    put(tea / name, MAIL)
    assert lint(tea) == ([f"{Path(name).name}:1 {code}"], 0)
    assert cures(tea) == [cure]


def test_a_mail_with_a_slip_in_its_name_is_told_with_the_one_that_is_missing(tea: Path) -> None:
    (tea / "mail/tea/ordered.en.md").rename(tea / "mail/tea/orderd.en.md")
    put(tea / "scenarios/tea.yaml", STORY.replace(", email: tea/ordered", ""))
    (tea / "mail/tea/ordered.cy.md").rename(tea / "mail/tea/orderd.cy.md")
    assert cures(tea) == [
        "did you mean 'tea/orderd'?",
        "a flow sends 'tea/ordered', and there is no such mail: is it this one?",
    ]


def test_a_slip_in_the_flow_is_not_proposed_as_the_name_of_a_mail(tea: Path) -> None:
    put(tea / "tea.flow.yaml", FLOW.replace("tea/ordered", "tea/orderd"))
    put(tea / "scenarios/tea.yaml", STORY.replace(", email: tea/ordered", ""))
    assert cures(tea) == [
        "did you mean 'tea/ordered'?",
        "a flow sends 'tea/orderd', and there is no such mail: is it this one?",
    ]


def test_a_mail_named_by_its_last_part_is_the_one_beside_the_flow(tea: Path) -> None:
    put(tea / "tea.flow.yaml", FLOW.replace("email: tea/ordered", "email: created"))
    for name in ("ordered.en.md", "ordered.cy.md"):
        (tea / "mail/tea" / name).rename(tea / "mail/tea" / name.replace("ordered", "created"))
    put(tea / "scenarios/tea.yaml", STORY.replace(", email: tea/ordered", ""))
    registry = shipped()
    report, _ = lint_paths([tea / "tea.flow.yaml"], "json", registry=registry)
    assert [one["cure"] for one in json.loads(report) if one["code"] == "F501"] == ["did you mean 'tea/created'?"]


def test_a_mail_that_is_there_in_welsh_only_is_not_proposed_for_itself(tea: Path) -> None:
    (tea / "mail/tea/ordered.en.md").unlink()
    put(tea / "scenarios/tea.yaml", STORY.replace(", email: tea/ordered", ""))
    assert cures(tea) == ["write mail/tea/ordered.en.md"]


def test_a_wrong_hole_of_the_flow_is_not_asked_of_its_locale(tea: Path) -> None:
    help_ = "steps:\n  choose: {title: Choose, help: 'For ${{ custmer.name }}', "
    put(tea / "tea.flow.yaml", FLOW.replace("steps:\n  choose: {title: Choose, ", help_))
    said = LOCALE.replace("title: Dewis,", "title: Dewis, help: 'I ${{ customer.name }}',")
    put(tea / "locales/tea.cy.yaml", said)
    assert lint(tea) == (["tea.flow.yaml:6 F232"], 1)


@pytest.mark.parametrize(
    ("right", "wrong", "cure"),
    [
        ("title: Archebu te", "title: 5", "put it in quotes"),
        ("kind: {label: Pa de}", "kind: Pa de", "name which: label"),
    ],
)
def test_a_path_of_a_locale_is_not_proposed_for_itself(tea: Path, right: str, wrong: str, cure: str) -> None:
    put(tea / "locales/tea.cy.yaml", LOCALE.replace(right, wrong))
    assert cure in cures(tea)


def test_mails_that_another_flow_of_the_folder_or_the_product_sends_are_used(tea: Path) -> None:
    put(tea / "coffee.flow.yaml", FLOW.replace("flow: tea", "flow: coffee").replace("tea/ordered", "tea/made"))
    put(tea / "mail/tea/made.en.md", MAIL)
    put(tea / "mail/review-waiting.en.md", MAIL)
    assert lint(tea / "tea.flow.yaml") == (["review-waiting.en.md:1 F503"], 0)
    assert lint_paths([tea], registry=Registry(), sent={"review-waiting"}) == ("ok", 0)


def test_what_is_loaded_is_looked_at_with_what_lies_beside_it(tea: Path) -> None:
    put(tea / "scenarios" / "tea.yaml", STORY.replace("choose", "chose"))
    put(tea / "mail/tea/made.en.md", MAIL)
    report, code = lint_paths(registry=load([tea], entry_points=False))
    assert code == 1
    assert [f"{tea.name}/{name}" in report for name in ("scenarios/tea.yaml:5", "mail/tea/made.en.md:1")] == [
        True,
        True,
    ]


def test_nothing_that_ships_has_a_mail_or_a_story_without_use() -> None:
    assert lint_paths(registry=shipped()) == ("ok", 0)


def test_a_loaded_flow_is_looked_at_by_its_name() -> None:
    assert lint(Path("tenant-onboarding"), shipped()) == ([], 0)


def test_a_report_that_stops_early_says_so(tea: Path) -> None:
    wrong = FLOW.replace("actor: customer", "actor: custmer").replace("tea/ordered", "tea/orderd")
    put(tea / "tea.flow.yaml", wrong)
    report, _ = lint_paths([tea], registry=Registry())
    assert report.endswith(f"\n\n{MORE_LATER}")
    assert "F501" not in report
    assert lint_paths(registry=load([tea], entry_points=False))[0].endswith(MORE_LATER)
    put(tea / "tea.flow.yaml", wrong.replace("custmer", "customer"))
    assert MORE_LATER not in lint_paths([tea], registry=Registry())[0]


@pytest.mark.parametrize("form", ["json", "sarif", "github"])
def test_reports_for_machines_have_nothing_but_mistakes(tea: Path, form: str) -> None:
    put(tea / "tea.flow.yaml", FLOW.replace("actor: customer", "actor: custmer"))
    report, _ = lint_paths([tea], form, registry=Registry())
    assert MORE_LATER not in report
    assert form == "github" or json.loads(report)
    assert form != "github" or report.count("\n") == 0


def test_a_mail_that_is_no_text_does_not_hide_what_is_wrong_with_the_flow(tea: Path) -> None:
    put(tea / "tea.flow.yaml", FLOW.replace("actor: customer", "actor: custmer"))
    (tea / "mail/tea/ordered.cy.md").write_bytes(b"Subject: caf\xe9\n")
    assert lint(tea) == (["tea.flow.yaml:6 F104", "tea.flow.yaml:1 F901"], 2)


def test_a_locale_of_a_flow_that_cannot_be_read_is_told_why_nothing_is_said_of_it(tea: Path) -> None:
    put(tea / "tea.flow.yaml", FLOW.replace("actor: customer", "actor: custmer"))
    assert lint(tea / "locales" / "tea.cy.yaml") == (["tea.flow.yaml:6 F104"], 1)

"""What authors are told of flows that start flows: lint, scenarios, simulation, fuzz, diagram, and their page."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from flows import catalogue
from flows.authoring import checks
from flows.authoring.diagram import FORMATS
from flows.authoring.play.fuzz import fuzz
from flows.authoring.play.scenario import Expected, read_scenarios
from flows.authoring.play.telling import tell
from flows.catalogue.registry import Registry
from flows.catalogue.schema.effects import Child
from tests.children.conftest import HERE
from tests.docs.pages import texts_of
from worker.commands.flows import flows

pytestmark = pytest.mark.parametrize("database", ["sqlite"])
ROOT = Path(__file__).parents[2]
DEMO = ROOT / "worker" / "demo" / "flows"
PAGE = (ROOT / "docs" / "child-tasks.md").read_text()
PARENT = """\
flow: parent
schema: 1
title: Parent
start: {{staff: true}}
steps:
  one: {{title: One, actor: staff, fields: {{word: {{type: text, label: Word, sensitive: true}}}}}}
  two: {{title: Two, actor: system, done_when: '{condition}'}}
effects:
  {moment}:
    - start: {child}
"""
CHILD = """\
flow: the-child
schema: 1
title: Child
{more}
start:
  staff: true
  fields:
    about: {type: text, label: About, required: true}
    paper: {type: file, label: Paper}
    size: {type: choice, label: Size, options: {small: Small, large: Large}}
steps:
  go: {title: Go, actor: staff}
outcomes:
  well: {label: Well, kind: positive}
"""


def codes(
    folder: Path,
    child: str = "{flow: the-child, with: {about: x}}",
    condition: str = "!child.the_child.open",
    moment: str = "created",
    more: str = "",
) -> list[str]:
    """What lint says of a parent; its child lies beside it."""
    (folder / "parent.flow.yaml").write_text(PARENT.format(child=child, condition=condition, moment=moment))
    (folder / "the-child.flow.yaml").write_text(CHILD.replace("{more}", more))
    text, _ = checks.lint_paths([folder / "parent.flow.yaml"], registry=Registry())
    return re.findall(r"\bF\d{3}\b", text)


@pytest.mark.requirement("X35")
@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        ({}, []),
        ({"child": "the-child"}, ["F404"]),
        ({"child": "{flow: the-chil, with: {about: x}}", "condition": "data.word == 'a'"}, ["F420"]),
        ({"child": "{flow: something-else}", "condition": "data.word == 'a'"}, ["F402"]),
        ({"child": "{flow: the-child, with: {abuot: x}}"}, ["F403", "F404"]),
        ({"child": "{flow: the-child, with: {about: x, paper: y}}"}, ["F422"]),
        ({"child": "{flow: the-child, with: {about: x, size: lagre}}"}, ["F425"]),
        ({"child": "{flow: the-child, with: {about: x, size: large}}"}, []),
        ({"child": "{flow: the-child, with: {about: '${{ data.wrod }}'}}"}, ["F232"]),
        ({"child": "{flow: the-child, with: {about: '${{ data.word }}'}}"}, ["F712"]),
        ({"condition": "child.other.open"}, ["F232"]),
        ({"condition": "child.the_child.stauts == 'completed'"}, ["F232"]),
        ({"condition": "child.the_child.status == 'complete'"}, ["F233"]),
        ({"condition": "child.the_child.outcome == 'wel'"}, ["F233"]),
        ({"condition": "child.the_child.outcome == 'well'"}, []),
        ({"more": "archived: true"}, ["F421"]),
        ({"child": "parent", "condition": "!child.parent.open"}, ["F424"]),
        ({"more": "effects: {created: [{start: parent}]}"}, ["F424"]),
        ({"more": "effects: {created: [{if: instance.open, start: parent}]}"}, []),
    ],
)
def test_lint_tells_what_is_wrong_with_a_start(tmp_path: Path, wrong: dict[str, str], expected: list[str]) -> None:
    made = {name: text.replace("'", '"') if name == "condition" else text for name, text in wrong.items()}
    assert codes(tmp_path, **made) == expected


@pytest.mark.requirement("X35")
def test_a_flow_of_states_that_cannot_be_cancelled_cannot_end_with_its_parent(tmp_path: Path) -> None:
    job = (HERE / "flows" / "house-job.flow.yaml").read_text()
    (tmp_path / "house-job.flow.yaml").write_text(re.sub(r"  (Dropped|drop): .*\n", "", job))
    child = "{flow: house-job, with: {subject: x, department: Repairs}, with_parent: true}"
    assert codes(tmp_path, child, "!child.house_job.open") == ["F423"]


@pytest.mark.requirement("D2")
def test_every_key_and_every_code_stands_on_the_page() -> None:
    keys = [field.alias or name for name, field in Child.model_fields.items()]
    assert [key for key in keys if f"`{key}`" not in PAGE] == []
    assert [code for code in ("F403", "F404", "F420", "F421", "F422", "F423", "F424", "F425") if code not in PAGE] == []
    assert "started" in Expected.model_fields


@pytest.fixture(scope="module")
def demo() -> Registry:
    return catalogue.loader.load([DEMO])


@pytest.mark.requirement("X32")
def test_the_story_of_the_page_and_those_of_the_demo_hold(demo: Registry) -> None:
    [page] = [block for block in texts_of(PAGE, "yaml") if block.startswith("flow:")]
    file = DEMO / "northgate" / "scenarios" / "report-a-repair.yaml"
    for text, name in ((page, "docs"), (file.read_bytes(), str(file))):
        stories, problems = read_scenarios(text, name)
        assert not problems
        for story in stories:
            assert [str(one) for one in tell(demo, story).failures] == [], story.name


@pytest.mark.requirement("X32")
@pytest.mark.parametrize(
    ("then", "said"),
    [
        ("{started: department-task, times: 2}", "a start of department-task came 1 times, not 2"),
        ("{started: department-request}", "a start of department-request never came; there came department-task"),
        ("{on: department-task, state: Resolved}", "state is New, not Resolved"),
        ("{on: department-request, state: New}", "nothing of department-request was started"),
    ],
)
def test_what_comes_out_otherwise_is_told(demo: Registry, then: str, said: str) -> None:
    story = f"""\
flow: report-a-repair
cases:
  it:
    start: {{customer: true, at: 2026-03-02T09:00}}
    do: [{{at: 2026-03-02T10:00, submit: look, data: {{ours: true, visit: false, part: Handle}}}}]
    then: [{then}]
"""
    [read], problems = read_scenarios(story, "story.yaml")
    assert not problems
    assert said in next(one.text for one in tell(demo, read).failures)


@pytest.mark.requirement("X31")
def test_the_command_of_the_page_shows_the_child(monkeypatch: pytest.MonkeyPatch) -> None:
    [line] = [line for block in texts_of(PAGE, "sh") for line in block.splitlines()]
    monkeypatch.setenv("BATON_MODE", "test")
    monkeypatch.setenv("BATON_FLOW_FOLDERS", str(DEMO))
    ran = CliRunner().invoke(flows, shlex.split(line)[2:], catch_exceptions=False)
    assert "start department-task" in ran.output
    assert "department-task: doing: New to InProgress" in ran.output


@pytest.mark.requirement("X33")
def test_a_diagram_shows_what_starts(demo: Registry) -> None:
    definition = demo.flows["report-a-repair"].definition
    said = "Starts department-task, if “A part that has to be ordered first” is there"
    assert said in FORMATS["text"](definition)
    assert "Done by itself when the department task has ended" in FORMATS["text"](definition)
    assert "Starts department-task" in FORMATS["mermaid"](definition)


@pytest.mark.requirement("X31")
def test_fuzz_follows_children_and_finds_a_parent_that_waits_for_ever(tmp_path: Path) -> None:
    waits = (HERE / "flows" / "put-it-right.flow.yaml").read_text()
    for name in ("home-visit", "house-job"):
        (tmp_path / f"{name}.flow.yaml").write_text((HERE / "flows" / f"{name}.flow.yaml").read_text())
    (tmp_path / "put-it-right.flow.yaml").write_text(waits)
    report = fuzz(catalogue.loader.load_packages([], [tmp_path]), "put-it-right", 250, 1)
    told = [finding for finding in report.findings.values() if finding.code == "dead-end"]
    assert re.search(r"visit (open|reopened)", told[0].text)
    assert any("in home-visit" in line for finding in told for line in finding.story)

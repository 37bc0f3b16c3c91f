"""Scenario files: the shipped ones hold, what comes out otherwise is told, a mistake stands on its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows import catalogue
from flows.authoring.play import telling
from flows.authoring.play.scenario import read_scenarios
from flows.catalogue.registry import Registry
from tests.installed import WITHOUT_OUR_PLUGINS
from tests.play.conftest import HERE

pytest_plugins = ["pytester"]

STORY = """\
flow: quick-answer
cases:
  answered:
    start: {customer: true, at: 2026-03-02T09:00}
    do:
      - {at: 2026-03-02T10:00, submit: say, data: {words: Yes}}
    then:
      - {by: 2026-03-02T10:01, status: completed, outcome: complete, steps: {say: completed}, data: {words: Yes}}
  silent:
    start: {same_as: answered}
    then:
      - {by: 2026-03-03T09:01, notice: Please answer, times: 1, waiting_on: customer}
      - {by: 2026-03-10T09:00, status: expired}
"""


@pytest.mark.requirement("X32")
def test_the_shipped_stories_hold(registry: Registry) -> None:
    text, code = telling.report(registry, [])
    assert code == 0, text
    assert "3 of 3 cases came out as told" in text


@pytest.mark.requirement("X32")
def test_a_file_of_ones_own(registry: Registry, tmp_path: Path) -> None:
    file = tmp_path / "quick.yaml"
    file.write_text(STORY)
    text, code = telling.report(registry, [str(file)], show=True)
    assert code == 0, text
    assert "2026-03-03 09:00  nudge 1 of 1  notice" in text


@pytest.mark.requirement("X32")
@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ("status: completed", "status: expired", "8:9: status is completed, not expired"),
        ("{say: completed}", "{say: open}", "step say is completed, not open"),
        ("data: {words: Yes}}\n  silent", "data: {words: No}}\n  silent", "data.words is 'Yes', not 'No'"),
        ("times: 1", "times: 2", "12:9: a notice with “Please answer” came 1 times, not 2"),
        ("notice: Please answer", "email: coro/created", "the mail coro/created came 0 times, not 1"),
        ("submit: say, data: {words: Yes}", "submit: say, data: {words: [1]}", "6:9: submit say was refused"),
        ("submit: say, data: {words: Yes}", "submit: say, refused: true", "was to be refused, and was done"),
        ("submit: say, data: {words: Yes}", "approve: say, refused: spelt-otherwise", "it was refused as"),
        (
            "submit: say, data: {words: Yes}",
            "approve: say, refused: not waiting for you",
            "), not as 'not waiting for you'",
        ),
        ("submit: say, data: {words: Yes}", "rate: great", "6:9: rate with a number"),
        ("status: completed", "status: In progress", "8:9: status is completed, not In progress"),
        ("status: expired", "status: not_started", "status is expired, not not_started"),
        ("customer: true", "staff: true", "it did not begin"),
        ("flow: quick-answer", "flow: quick-anser", "did you mean 'quick-answer'"),
    ],
)
def test_what_comes_out_otherwise_is_told_with_its_line(
    registry: Registry, tmp_path: Path, right: str, wrong: str, said: str
) -> None:
    assert right in STORY
    file = tmp_path / "quick.yaml"
    file.write_text(STORY.replace(right, wrong, 1))
    text, code = telling.report(registry, [str(file)])
    assert code == 1
    assert said in text


@pytest.mark.requirement("X32")
@pytest.mark.parametrize(
    ("right", "wrong", "place", "said"),
    [
        ("submit: say", "sumbit: say", "6:9", "did you mean 'submit'"),
        ("submit: say", "submit: say, approve: say", "6:9", "one verb, not two"),
        ("same_as: answered", "same_as: anwsered", "10:22", "did you mean 'answered'"),
        ("status: completed", "staus: completed", "8:32", "did you mean 'status'"),
        ("at: 2026-03-02T10:00", "at: soon", "6:14", "a moment like"),
        ("cases:", "case:", "2:1", "did you mean 'cases'"),
        ("    then:\n      - {by: 2026-03-02T10:01", "    than:\n      - {by: 2026-03-02T10:01", "7:5", "'then'"),
        ("flow: quick-answer\n", "- a\n- b\n", "1:1", "begins with `flow:`"),
        ("start: {customer: true, at: 2026-03-02T09:00}", "start: [", "6:7", "not readable as YAML"),
        ("true, at: 2026-03-02T09:00", "true, at: 9999-12-31T09:00", "4:33", "a moment like"),
        ("true, at: 2026-03-02T09:00", "true, zone: London", "4:35", "did you mean 'Europe/London'"),
        ("      - {at: 2026-03-02T10:00, submit: say, data: {words: Yes}}", "      no", "6:7", "should be a list"),
        ("steps: {say: completed}", "steps: say", "8:77", "'steps' should be a map"),
    ],
)
def test_a_mistake_stands_on_its_line(right: str, wrong: str, place: str, said: str) -> None:
    text = wrong if right.startswith("flow:") else STORY.replace(right, wrong, 1)
    stories, problems = read_scenarios(text, "quick.yaml")
    assert stories == []
    told = "\n".join(problem.text() for problem in problems)
    assert f"quick.yaml:{place}" in told
    assert said in told


MISNAMED = [
    ("submit: say", "submit: sya", "6:32", "no step is called 'sya'; did you mean 'say'?"),
    ("submit: say", "as: stranger, submit: say", "6:32", "no person is called 'stranger'; did you mean"),
    ("submit: say", "on: quick-anser, submit: say", "6:32", "no flow is called 'quick-anser'; did you mean"),
    (
        "{words: Yes}}\n    then",
        "{wrods: Yes}}\n    then",
        "6:52",
        "no question is called 'wrods'; did you mean 'words'?",
    ),
    ("submit: say, data: {words: Yes}", "act: go", "6:32", "no action is called 'go'; none is"),
    ("submit: say, data: {words: Yes}", "end: complet", "6:32", "no outcome is called 'complet'; did you mean"),
    ("submit: say, data: {words: Yes}", "assign: reviewr", "6:32", "did you mean 'reviewer'?"),
    ("submit: say, data: {words: Yes}", "return: say, remarks: {wrods: Why}", "6:55", "did you mean 'words'?"),
    ("steps: {say: completed}", "steps: {sey: completed}", "8:78", "no step is called 'sey'; did you mean 'say'?"),
    ("steps: {say: completed}", "steps: {say: compleet}", "8:78", "no state of a step is called 'compleet'; did you"),
    ("status: completed", "status: complted", "8:32", "no status is called 'complted'; did you mean 'completed'?"),
    ("outcome: complete", "outcome: compete", "8:51", "no outcome is called 'compete'; did you mean 'complete'?"),
    ("data: {words: Yes}}\n  silent", "data: {wrods: Yes}}\n  silent", "8:102", "no answer is called 'wrods'"),
    ("notice: Please answer", "email: coro/creatd", "12:32", "no mail is called 'coro/creatd'; did you mean"),
    ("notice: Please answer", "called: orders.cancl", "12:32", "no action of a plugin is called 'orders.cancl'; did"),
    ("waiting_on: customer", "waiting_on: custmer", "12:65", "no side is called 'custmer'; did you mean 'customer'?"),
    ("customer: true", "customer: true, fields: {a: 1}", "4:38", "no question of the start is called 'a'; none is"),
]


@pytest.mark.requirement("X32")
@pytest.mark.parametrize("refused", ["", ", refused: true"])
@pytest.mark.parametrize(("right", "wrong", "place", "said"), MISNAMED)
def test_a_name_that_the_flow_does_not_have_is_told_before_anything_is_played(
    registry: Registry, tmp_path: Path, right: str, wrong: str, place: str, said: str, refused: str
) -> None:
    """Also where a refusal is waited for: that the flow does not know a word is none (found by a new author)."""
    assert right in STORY
    file = tmp_path / "quick.yaml"
    file.write_text(STORY.replace(right, wrong, 1).replace("}}\n    then", f"}}{refused}}}\n    then", 1))
    text, code = telling.report(registry, [str(file)])
    assert code == 1
    assert f"quick.yaml:{place}: " in text
    assert said in text
    assert "was refused" not in text


@pytest.mark.requirement("X32")
@pytest.mark.parametrize("refused", ["true", "validation", "enter the words"])
def test_a_refusal_is_waited_for_by_its_code_or_its_words(registry: Registry, tmp_path: Path, refused: str) -> None:
    file = tmp_path / "quick.yaml"
    file.write_text(STORY.replace("submit: say, data: {words: Yes}", f"submit: say, data: {{}}, refused: {refused}", 1)
                    .replace("{by: 2026-03-02T10:01, status: completed, outcome: complete, steps: {say: completed},"
                             " data: {words: Yes}}", "{status: not started}", 1))  # fmt: skip
    text, code = telling.report(registry, [str(file)])
    assert code == 0, text


@pytest.mark.requirement("X32")
def test_files_that_are_none_are_told(registry: Registry) -> None:
    text, code = telling.report(registry, ["nothing.yaml"])
    assert (code, "neither a flow nor a scenario file" in text) == (2, True)
    text, code = telling.report(registry, ["quick-answer"])
    assert (code, "scenarios/<name>.yaml" in text) == (1, True)


@pytest.mark.requirement("X32")
def test_pytest_collects_them(pytester: pytest.Pytester) -> None:
    here = Path(__file__).parent / "flows" / "quick-answer.flow.yaml"
    pytester.makefile(".flow.yaml", **{"quick-answer": here.read_text()})
    pytester.mkdir("scenarios").joinpath("quick.yaml").write_text(STORY.replace("status: expired", "status: completed"))
    pytester.runpytest_subprocess(*WITHOUT_OUR_PLUGINS).assert_outcomes()
    ran = pytester.runpytest_subprocess(*WITHOUT_OUR_PLUGINS, "--flows", "-v")
    ran.assert_outcomes(passed=1, failed=1)
    ran.stdout.fnmatch_lines(["*quick.yaml:13:9: status is expired, not completed"])


@pytest.mark.requirement("X32")
@pytest.mark.parametrize(
    ("flow", "said"),
    [
        ("quick-anser", "flows/scenarios/quick.yaml:1:1: no flow is called 'quick-anser'; did you mean 'quick-answer'"),
        ("department-task", "flows/scenarios/quick.yaml is for department-task, as its `flow:` says"),
    ],
)
def test_a_story_beside_a_flow_that_is_for_another_is_named(tmp_path: Path, flow: str, said: str) -> None:
    own = tmp_path / "flows"
    (own / "scenarios").mkdir(parents=True)
    (own / "quick-answer.flow.yaml").write_text((HERE / "flows" / "quick-answer.flow.yaml").read_text())
    (own / "scenarios" / "quick.yaml").write_text(STORY.replace("flow: quick-answer", f"flow: {flow}"))
    text, code = telling.report(catalogue.load([own]), ["quick-answer"])
    assert code == 1
    assert said in text

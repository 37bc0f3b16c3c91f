"""`simulate`: the real engine on a stage tells the week that the design page tells, and refuses nonsense in words."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from flows import catalogue, settings
from flows import work as working
from flows.authoring.play.beginning import Opening
from flows.authoring.play.deeds import NotUnderstood
from flows.authoring.play.simulate import moment_named, opening_of, planned, simulate, text_of
from flows.catalogue.registry import Registry
from flows.clock import clock
from flows.rules.errors import BatonError
from tests.catalogue.shipped import ROOT

LONDON = "Europe/London"
START = datetime(2026, 3, 26, 10, tzinfo=ZoneInfo(LONDON))


@pytest.mark.requirement("X31", "A10", "A6")
def test_the_week_of_coro_over_the_change_of_the_clocks(registry: Registry) -> None:
    told = text_of(simulate(registry, "coro-order-fulfilment", START, LONDON)).splitlines()
    assert told == [
        "coro-order-fulfilment   2026-03-26T10:00 Europe/London      (clocks change on 2026-03-29)",
        "  2026-03-26T10:00+00:00  day 0  created          mail coro/created, notice",
        "  2026-03-29T09:00+01:00  day 3  reminder 1 of 3  mail coro/reminder",
        "  2026-03-31T09:00+01:00  day 5  reminder 2 of 3  mail coro/reminder",
        "  2026-04-02T09:00+01:00  day 7  reminder 3 of 3  mail coro/reminder",
        "  2026-04-02T23:59+01:00  day 7  EXPIRED          call orders.cancel, mail coro/expired",
        "  ended: expired",
    ]


@pytest.mark.requirement("X31")
def test_deeds_are_done_and_refusals_told(registry: Registry) -> None:
    doing = ["+4d 12:00 submit details company_name=''"]
    played = simulate(registry, "coro-order-fulfilment", START, LONDON, doing)
    refused = [line for line in played.lines if line.refused]
    assert [(line.day, "Enter the company name" in line.happened) for line in refused] == [(4, True)]
    assert played.status == "ended: expired"
    assert "day 0  created          mail coro/created" in text_of(played), "a long refusal pushes nothing away"
    whole = ["+4d submit details company_name=Acme domain_name=acme.example admin_email=it@acme.example"]
    played = simulate(registry, "coro-order-fulfilment", START, LONDON, whole)
    assert played.status == "ended: completed"
    assert played.lines[-1].set_off == "call orders.finalise, call orders.provision"


@pytest.mark.requirement("X31")
def test_answers_that_are_not_given_are_made_up_beside_those_that_are(registry: Registry) -> None:
    doing = ["+4d submit details admin_email=it@acme.example"]
    played = simulate(registry, "coro-order-fulfilment", START, LONDON, doing)
    assert [line.happened for line in played.lines if line.refused] == []
    assert played.status == "ended: completed"


@pytest.mark.requirement("X31")
@pytest.mark.parametrize("flow", ["tenant-onboarding", "department-request", "department-task", "quick-answer"])
def test_every_way_in_can_be_simulated(registry: Registry, flow: str) -> None:
    played = simulate(registry, flow, START, LONDON, days=30)
    assert played.lines[0].happened.startswith("created")


@pytest.mark.requirement("X31")
def test_nothing_of_the_process_is_changed_even_by_a_play_that_fails(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(working, "heralds", [lambda _work: None])
    before = (catalogue.current(), settings.current(), [*working.heralds])
    simulate(registry, "quick-answer", START, LONDON, days=1)
    with pytest.raises(BatonError):
        simulate(registry, "quick-answer", START, LONDON, opening=Opening("staff"))
    assert (catalogue.current(), settings.current(), [*working.heralds]) == before
    assert abs((clock.now() - datetime.now(UTC)).total_seconds()) < 5


@pytest.mark.requirement("X31")
@pytest.mark.parametrize(
    ("words", "cure"),
    [
        ("", "say when and what"),
        ("tomorrow submit details", "begin with when"),
        ("+4d sumbit details", "did you mean 'submit'"),
        ("+4d submit", "submit which step"),
        ("+4d", "say what is done"),
        ("+4d 'submit", "No closing quotation"),
        ("2020-01-01T10:00 submit details", "before the flow begins"),
    ],
)
def test_what_makes_no_sense_is_refused_with_its_cure(words: str, cure: str) -> None:
    with pytest.raises(NotUnderstood, match=cure):
        planned(words, START, LONDON)


@pytest.mark.requirement("X31")
@pytest.mark.parametrize(
    ("words", "cure"),
    [
        ("+1h stranger submit say", "no person is called 'stranger'"),
        ("+1h submit sya", "no step is called 'sya'; did you mean 'say'"),
        ("+1h submit say wrods=Yes", "no question is called 'wrods'; did you mean 'words'"),
        ("+1h submit say on=quick-anser", "no flow is called 'quick-anser'; did you mean 'quick-answer'"),
        ("+1h assign reviewr", "did you mean 'reviewer'"),
        ("+1h rate great", "rate with a number"),
    ],
)
def test_what_the_stage_does_not_know_is_refused_with_its_cure(registry: Registry, words: str, cure: str) -> None:
    with pytest.raises(NotUnderstood, match=cure):
        simulate(registry, "quick-answer", START, LONDON, [words])


@pytest.mark.requirement("X31")
@pytest.mark.parametrize(
    ("text", "cure"),
    [
        (b"payload: [1]", "each a map"),
        (b"paylod: {a: 1}", "did you mean 'payload'"),
        (b"a: b: c", "given.yaml:1"),
        (b"just words", "write a map"),
    ],
)
def test_a_file_of_openings_is_checked(text: bytes, cure: str) -> None:
    with pytest.raises(NotUnderstood, match=cure):
        opening_of(text, "given.yaml", None)
    with pytest.raises(NotUnderstood, match="no moment"):
        moment_named("soon", LONDON)


@pytest.mark.requirement("Q23")
def test_a_step_reopened_after_the_end_came_can_be_done_again(registry: Registry) -> None:
    doing = ["+1h submit say words=Yes", "+30d manager reopen say", "+31d submit say words=No"]
    played = simulate(registry, "quick-answer", START, LONDON, doing)
    assert [line for line in played.lines if line.refused] == []
    assert played.status == "ended: completed"
    left_open = simulate(registry, "quick-answer", START, LONDON, doing[:2])
    assert left_open.status == "ended: expired"
    assert left_open.lines[-1].day == 32


@pytest.mark.requirement("X31")
def test_a_play_imports_nothing_of_the_web_nor_of_the_log() -> None:
    """Their imports took a sixth of the second in which the command answers."""
    words = ["baton", "flows", "simulate", "coro-order-fulfilment", "--days", "1"]
    code = f"import sys, atexit; sys.argv = {words}; atexit.register(lambda: print(*sys.modules)); "
    ran = subprocess.run([sys.executable, "-c", code + "from worker.__main__ import main; main()"],
        capture_output=True, text=True, check=True)  # fmt: skip
    assert "mail coro/created" in ran.stdout
    assert {"flask", "werkzeug", "jinja2", "structlog", "rich"}.isdisjoint(ran.stdout.split())


@pytest.mark.requirement("X31")
def test_answers_of_several_parts_are_written_as_in_a_scenario() -> None:
    registry = catalogue.load([ROOT / "tests" / "flows_with_files"])

    def refused(rooms: str) -> list[str]:
        doing = [f"+1d submit photos photos=sample rooms='{rooms}'"]
        return [
            line.happened for line in simulate(registry, "report-a-repair", START, LONDON, doing).lines if line.refused
        ]

    assert refused("[{name: Kitchen, plan: sample}, {name: Hall}]") == []
    assert "Enter the rooms" in refused("Kitchen")[0]
    assert refused("[Kitchen]")
    with pytest.raises(NotUnderstood, match="not readable as YAML"):
        refused("[{name: Kitchen")

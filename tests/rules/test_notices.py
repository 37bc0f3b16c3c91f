"""The catalogue of notices and what a person may choose, without a database."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from flows.rules.notices import (
    KINDS,
    choices_from,
    end_of_quiet,
    is_wanted,
    kind_for,
    kind_of_moment,
    kinds_for,
    quiet_problems,
    with_choice,
)


def test_what_belongs_to_a_request_always_comes() -> None:
    nothing = choices_from("customer", {}, None)
    for name in ("task-waiting", "reminder", "changes-needed", "outcome", "order", "payment", "access"):
        assert is_wanted(nothing, KINDS[name], "mail"), name
    assert not is_wanted(nothing, KINDS["reminder"], "push")
    assert not is_wanted(nothing, KINDS["unread-daily"], "mail")
    assert not is_wanted({}, KINDS["unread-daily"], "push"), "never comes this way"
    assert is_wanted({}, KINDS["unread-daily"], "mail"), "on until it is turned off"


def test_one_choice_changes_nothing_else() -> None:
    chosen = choices_from("customer", {"mail": ["progress"], "push": []}, ("22:00", "07:00"))
    without = with_choice(chosen, "mail", "progress", False)
    assert not is_wanted(without, KINDS["progress"], "mail")
    assert with_choice(without, "mail", "progress", True) == chosen
    assert without["quiet"] == ["22:00", "07:00"]


@pytest.mark.parametrize(("moment", "kind"), [
    ("created", "task-waiting"), ("timer.reminder.2", "reminder"), ("overdue", "reminder"),
    ("overdue.12", "reminder"), ("overdue.12.assigned", "assigned"),
    ("step.details.opened.1", "task-waiting"), ("step.details.returned.4", "changes-needed"),
    ("step.details.submitted.1", "progress"), ("step.details.completed.1", "progress"), ("completed", "outcome"),
    ("completed.9", "outcome"), ("assigned.0", "assigned"), ("timer.late.1.assigned", "assigned"),
    ("action.doing.3", "progress"), ("rated.7", "progress"),
])  # fmt: skip
def test_the_kind_of_what_a_flow_says_is_that_of_its_moment(moment: str, kind: str) -> None:
    assert kind_of_moment(moment) == kind


def test_staff_and_customers_have_kinds_of_their_own() -> None:
    assert kind_for("reminder", "staff").name == "work"
    assert kind_for("assigned", "customer").name == "progress"
    assert kind_for("message", "staff").name == kind_for("message", "customer").name == "message"
    assert {"task-waiting", "order"} & {kind.name for kind in kinds_for("staff")} == set()


@pytest.mark.parametrize(("begins", "ends", "wrong"), [
    ("", "", []), ("22:00", "07:00", []), ("24:00", "07:00", ["/quiet_from"]), ("22:00", "", ["/quiet_to"]),
    ("9:00", "x", ["/quiet_from", "/quiet_to"]), ("07:00", "07:00", ["/quiet_to"]),
])  # fmt: skip
def test_quiet_hours_are_two_times_or_none(begins: str, ends: str, wrong: list[str]) -> None:
    assert [problem.pointer for problem in quiet_problems(begins, ends)] == wrong


@pytest.mark.parametrize(("quiet", "local", "ends"), [
    (["22:00", "07:00"], (23, 30), "2026-03-29T06:00"), (["22:00", "07:00"], (21, 59), None),
    (["22:00", "07:00"], (6, 59), "2026-03-28T07:00"), (["22:00", "07:00"], (7, 0), None),
    (["09:00", "17:00"], (12, 0), "2026-03-28T17:00"), (["09:00", "17:00"], (17, 0), None),
])  # fmt: skip
def test_quiet_hours_go_over_midnight_and_the_change_of_clocks(
    quiet: list[str], local: tuple[int, int], ends: str | None
) -> None:
    """The night before 29 March 2026 is an hour shorter in London: 7 in the morning is 6 o'clock UTC."""
    now = datetime(2026, 3, 28, *local, tzinfo=UTC)
    expected = datetime.fromisoformat(f"{ends}+00:00") if ends else None
    assert end_of_quiet({"quiet": quiet}, now, "Europe/London") == expected
    assert end_of_quiet({}, now, "Europe/London") is None

"""Pictures of the past out of events alone: steps and questions have the names that they had (X10, X13)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from flows.rules.past import RENAMED, TRACES, Moment, moments, picture, steps_of_today

BEGAN = datetime(2026, 11, 2, 9, tzinfo=UTC)


@dataclass(frozen=True)
class Told:
    seq: int
    kind: str = "told"
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def at(self) -> datetime:
        return BEGAN + timedelta(hours=self.seq)


def told(seq: int, steps: Mapping[str, Any], **facts: Any) -> Told:
    return Told(seq, facts={**facts, TRACES: {"steps": steps}})


def new(name: str, position: int) -> dict[str, Any]:
    return {"name": [None, name], "position": [None, position], "state": [None, "open"]}


def names(life: list[Moment], seq: int, today: Mapping[int, Mapping[str, Any]]) -> dict[int, str]:
    found = picture(life, life[seq - 1], {}, today)
    return {row_id: step["name"] for row_id, step in found.steps.items()}


@pytest.mark.requirement("X10", "X13")
def test_steps_that_change_names_with_each_other_stay_themselves() -> None:
    life = moments(
        [
            told(1, {"7": new("first", 1), "8": new("second", 2)}),
            told(2, {"7": {"state": ["open", "completed"]}}),
            told(
                3,
                {
                    "7": {"name": ["first", "second"], "position": [1, 2]},
                    "8": {"name": ["second", "first"], "position": [2, 1]},
                },
            ),
        ]
    )
    today = {
        7: {"name": "second", "position": 2, "state": "completed"},
        8: {"name": "first", "position": 1, "state": "open"},
    }
    assert names(life, 1, today) == {7: "first", 8: "second"}
    assert [*names(life, 3, today).items()] == [(8, "first"), (7, "second")]
    before, after = (picture(life, life[n], {}, today) for n in (1, 2))
    assert (before.since["steps.first.state"], after.since["steps.second.state"]) == (life[1], life[1])
    assert before.since["steps.second.state"] == life[0]


@pytest.mark.requirement("X10", "X13")
def test_a_step_that_came_with_a_move_and_went_again_is_there_in_between() -> None:
    gone = {name: [pair[1], None] for name, pair in new("more", 2).items()}
    life = moments([told(1, {"7": new("first", 1)}), told(2, {"9": new("more", 2)}), told(3, {"9": gone})])
    today = {7: {"name": "first", "position": 1, "state": "open"}}
    assert [names(life, seq, today) for seq in (1, 2, 3)] == [{7: "first"}, {7: "first", 9: "more"}, {7: "first"}]


@pytest.mark.requirement("X10", "X13")
def test_questions_go_by_the_names_of_then_through_every_move_and_the_way_back() -> None:
    life = moments(
        [
            told(1, {}),
            told(2, {}, **{RENAMED: {"a": "b", "x": "y"}}),
            told(3, {}, **{RENAMED: {"b": "c"}}),
            told(4, {}, **{RENAMED: {"c": "b"}}),
            told(5, {}, **{RENAMED: {"y": "a"}}),
        ]
    )
    kept = {"b": 1, "a": 2, "same": 3}
    then = [picture(life, one, {}, {}).under_names_of_then(kept) for one in life]
    assert then[0] == {"a": 1, "x": 2, "same": 3}
    assert then[1] == {"b": 1, "y": 2, "same": 3}
    assert then[2] == {"c": 1, "y": 2, "same": 3}
    assert then[3] == then[1]
    assert then[4] == kept


@pytest.mark.requirement("X10", "X13")
def test_an_event_is_about_the_step_that_has_another_name_today() -> None:
    swapped = {"7": {"name": ["first", "second"]}, "8": {"name": ["second", "first"], "state": ["open", "locked"]}}
    events = [
        told(1, {"7": new("first", 1), "8": new("second", 2)}),
        told(2, {}, step="first"),
        told(3, swapped),
        told(4, {}, step="first"),
        told(5, {"7": {"name": ["second", "third"]}, "9": new("second", 3)}),
        told(6, {}, step="second"),
        Told(7, facts={"step": None}),
    ]
    assert steps_of_today(events) == ["", "third", "", "first", "", "second", ""]

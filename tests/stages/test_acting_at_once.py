"""Two hands on one task at the same moment: one moves it, the other sees where it is now; and fair shares."""

from __future__ import annotations

from collections import Counter

import pytest
from flask import Flask
from sqlalchemy import func, select

from flows import access
from flows.actions import acting, beginning
from flows.actions.beginning import Wish
from flows.models import Department, Instance
from flows.rules.actors import SYSTEM
from flows.work import end_reading, unit_of_work
from tests.actions.test_races import at_once
from tests.stages.desk import TASK, Desk

ROUNDS = 100


@pytest.mark.requirement("B14", "B15")
def test_forward_against_doing_a_hundred_times_on_each_database(app: Flask, desk: Desk) -> None:
    """Both saw the same page; whoever commits second is told that it has moved on, and changes nothing."""
    asked = {"to_department": "dep_lettings", "to_user": "usr_liv"}
    winners: Counter[int] = Counter()
    for _ in range(ROUNDS):
        seen = desk.make_task(by="gus", assignee="usr_rob")
        ref, version = seen.reference, seen.version

        def move(who: str, action: str, given: dict[str, str], ref: str = ref, version: int = version) -> None:
            with unit_of_work(desk.people[who]) as work:
                acting.act(work, access.instance_to_change(work, ref), action, asked=given, version=version)

        outcome = at_once(app, lambda: move("gus", "forward", asked), lambda: move("rob", "doing", {}))
        assert sorted(outcome) == ["done", "stale-version"]
        winners[outcome.index("done")] += 1
        after = desk.now(ref)
        expected = ("New", "usr_liv") if outcome[0] == "done" else ("InProgress", "usr_rob")
        assert (after.state, after.assignee and after.assignee.uid) == expected
    assert sum(winners.values()) == ROUNDS


@pytest.mark.requirement("B6")
@pytest.mark.parametrize("strategy", ["least_busy", "round_robin"])
def test_shares_are_fair_when_many_come_at_once(app: Flask, desk: Desk, strategy: str) -> None:
    """Sixteen tasks at one moment for a department of two: eight each."""
    flow = "department-task"
    with pytest.MonkeyPatch.context() as patch:
        from flows import catalogue

        loaded = catalogue.current().flows[flow]
        start = loaded.definition.start.model_copy(update={"assign": strategy})
        changed = loaded.definition.model_copy(update={"start": start})
        patch.setitem(catalogue.current().flows, flow, type(loaded)(
            changed, loaded.text, loaded.content_hash, loaded.plugin, loaded.path
        ))  # fmt: skip

        def begin() -> None:
            with unit_of_work(desk.people["ada"]) as work:
                beginning.start_by_staff(work, flow, "", Wish(fields=dict(TASK)))

        begin()  # the house and the flow's text are there from now on
        assert at_once(app, *[begin] * 15) == ["done"] * 15
    end_reading()
    repairs = select(Department.id).where(Department.uid == "dep_repairs").scalar_subquery()
    shares = access.read_as(SYSTEM).execute(
        select(Instance.assignee_id, func.count())
        .where(Instance.department_id == repairs)
        .group_by(Instance.assignee_id)
    )
    assert sorted(count for _, count in shares) == [8, 8]

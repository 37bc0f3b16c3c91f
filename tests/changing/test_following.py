"""A flow that says `running: follow`: what is green moves with the next ticks, everything else stays."""

from __future__ import annotations

import pytest

from flows import access
from flows.actions import migrating
from flows.queries import migration_runs
from flows.work import unit_of_work
from tests.changing.conftest import V1, Changing
from tests.changing.test_migrating import NEW_STEP
from tests.guided.conftest import HOUSEHOLD
from worker import following
from worker.following import Follower

FOLLOW = ("rating: {", "running: follow\n\nrating: {")
OTHER_WORDS = ("title: Your household", "title: Who lives with you")


def numbers(change: Changing, *refs: str) -> list[int]:
    found = []
    for ref in refs:
        change.ref = ref
        found.append(change.now().flow_version.number)
    return found


def begun(change: Changing, many: int, flow: str = "move-in") -> list[str]:
    return [change.start(flow).reference for _ in range(many)]


@pytest.mark.requirement("X13")
def test_what_is_green_moves_in_batches(change: Changing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "BATCH", 2)
    refs = begun(change, 3)
    follower = Follower()
    change.write(OTHER_WORDS)
    assert not follower.turn()
    assert numbers(change, *refs) == [1, 1, 1], "it does not say so"
    change.write(OTHER_WORDS, FOLLOW)
    assert follower.turn(), "there is more"
    assert not follower.turn()
    assert numbers(change, *refs) == [3, 3, 3]
    assert not follower.turn()
    [run] = migration_runs.of_flow(change.world.admin, "move-in")
    assert (run.moved, run.who) == (3, "Baton")


@pytest.mark.requirement("X13")
def test_one_flow_of_which_there_is_more_holds_up_no_other(change: Changing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "BATCH", 1)
    twin = V1.replace("flow: move-in", "flow: move-out")
    change.write(text=twin, name="move-out")
    many, [other] = begun(change, 2), begun(change, 1, "move-out")
    change.write(OTHER_WORDS, FOLLOW)
    change.write(OTHER_WORDS, FOLLOW, text=twin, name="move-out")
    assert Follower().turn(), "there is more"
    assert numbers(change, *many, other) == [2, 1, 2]


@pytest.mark.requirement("X13")
def test_what_is_yellow_stays_and_what_was_taken_back_too(change: Changing) -> None:
    [ref] = begun(change, 1)
    change.write(*NEW_STEP, FOLLOW)
    Follower().turn()
    assert numbers(change, ref) == [1]
    change.write(OTHER_WORDS, FOLLOW)
    Follower().turn()
    assert numbers(change, ref) == [3]
    with unit_of_work(change.world.admin) as work:
        migrating.undo(work, access.instance_to_change(work, ref))
    Follower().turn()
    assert numbers(change, ref) == [1]


@pytest.mark.requirement("X13")
def test_one_on_which_a_condition_breaks_stays_and_the_others_move(change: Changing) -> None:
    breaks, other = begun(change, 2)
    change.ref = breaks
    change.submit("household", HOUSEHOLD)
    number = change.write(FOLLOW, ("when: data.has_pets == true", "when: 100 / (data.income - 300000) > 1"))
    Follower().turn()
    assert numbers(change, breaks, other) == [1, number]
    change.ref = breaks
    verdict, reasons = change.said(number)
    assert verdict == "red"
    assert reasons[0].startswith("it cannot be judged: “Tell us about your pets” has the condition `100 / (data.income")


@pytest.mark.requirement("X12", "X13")
def test_one_whose_text_cannot_be_read_any_more_stays_and_the_others_move(change: Changing) -> None:
    [old] = begun(change, 1)
    change.write(OTHER_WORDS)
    [other] = begun(change, 1)
    number = change.write(FOLLOW)
    change.spoil(1)
    Follower().turn()
    assert numbers(change, old, other) == [1, number]
    change.ref = old
    assert "it cannot be judged: " in change.plan(number).in_words


@pytest.mark.requirement("X13")
def test_there_and_back_and_there_again(change: Changing) -> None:
    [ref] = begun(change, 1)
    follower = Follower()
    for words in ([FOLLOW], [FOLLOW, OTHER_WORDS], [FOLLOW], [FOLLOW, OTHER_WORDS]):
        number = change.write(*words)
        follower.turn()
        assert numbers(change, ref) == [number]
    assert len(migration_runs.of_flow(change.world.admin, "move-in")) == 4


@pytest.mark.requirement("X13")
def test_what_people_have_moved_stays_until_there_is_another_text(change: Changing) -> None:
    back, stays = begun(change, 2)
    number = change.write(OTHER_WORDS, FOLLOW)
    change.ref = back
    change.migrate(number)
    change.migrate(1)
    Follower().turn()
    assert numbers(change, back, stays) == [1, number]
    change.ref = stays
    change.migrate(1)
    Follower().turn()
    assert numbers(change, back, stays) == [1, 1]
    newest = change.write(OTHER_WORDS, FOLLOW, ("title: Collect your keys", "title: Fetch your keys"))
    Follower().turn()
    assert numbers(change, back, stays) == [newest, newest]

"""Every cell of state, action and actor, what each action needs, and what becomes of it (B13 to B30)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest
from sqlalchemy import select

from flows import access, catalogue
from flows.actions import closing, firing, reopening
from flows.models import Effect, Timer
from flows.queries import timeline
from flows.queries.invariants import broken
from flows.rules.actors import SYSTEM
from flows.rules.errors import BatonError, Invalid, OutOfStep, Refused, Stale
from flows.work import unit_of_work
from tests.stages.desk import Desk

WAYS = {
    "New": (),
    "InProgress": (("gus", "doing"),),
    "Resolved": (("gus", "doing"), ("gus", "complete")),
    "Cancelled": (("gus", "cancel"),),
    "ReOpen": (("gus", "cancel"), ("priya", "reopen")),
}
ASKED = {"to_department": "dep_lettings", "to_user": "usr_liv"}
ACTORS = {"gus": {"assignee", "manager"}, "rob": set(), "lea": set(), "priya": {"creator", "customer"}}
STAGE_TABLE = {
    "New": {"doing", "forward", "reply", "cancel", "customer_start", "customer_close"},
    "InProgress": {"forward", "reply", "complete", "cancel", "customer_close"},
    "Resolved": {"reopen"},
    "Cancelled": {"reopen"},
    "ReOpen": {"doing", "forward", "reply", "cancel", "customer_start", "customer_close"},
}
"""DOMAIN.md section 4, with what a client may set (Q14); typed here, not read off the flow."""


def go_to(desk: Desk, state: str) -> None:
    desk.raise_case()
    with unit_of_work(desk.people["ada"]) as work:
        instance = access.instance_to_change(work, desk.ref)
        instance.assignee_id = desk.people["gus"].user_id
    for who, action in WAYS[state]:
        desk.act(who, action, "Because")
    assert desk.now().state == state


@pytest.mark.requirement("B13", "B14", "B15", "B16", "B17", "B18", "B19", "B20", "B21", "B22", "B23", "B24", "B25",
                         "B26", "B27", "B28", "B29", "B30", "B34", "Q10", "Q14")  # fmt: skip
@pytest.mark.parametrize("state", list(WAYS))
def test_every_cell_of_the_table(desk: Desk, state: str) -> None:
    """Who is offered what is what the table says, and what is not offered is refused without changing anything."""
    flow = catalogue.current().flows["department-request"].definition
    go_to(desk, state)
    for who, parts in ACTORS.items():
        expected = {name for name in STAGE_TABLE[state] if parts & {*flow.actions[name].by}}
        assert desk.actions(who) == expected, who
        for name in flow.actions.keys() - expected:
            with pytest.raises(BatonError) as refusal:
                desk.act(who, name, "Because", asked=ASKED if name == "forward" else {})
            assert isinstance(refusal.value, Refused | OutOfStep)
            assert desk.now().state == state


@pytest.mark.parametrize("state", list(WAYS))
def test_every_offered_action_leads_where_it_says(desk: Desk, state: str) -> None:
    flow = catalogue.current().flows["department-request"].definition
    for who in ("gus", "priya"):
        go_to(desk, state)
        for name in sorted(desk.actions(who)):
            go_to(desk, state)
            after = desk.act(who, name, "Because", asked=ASKED if name == "forward" else {})
            assert after.state == (flow.actions[name].to or state), (who, name)


@pytest.mark.requirement("B17", "B20", "B23", "B25", "Q13")
def test_cancel_and_complete_need_a_comment(desk: Desk) -> None:
    go_to(desk, "InProgress")
    for action in ("cancel", "complete"):
        with pytest.raises(Invalid) as wrong:
            desk.act("gus", action, "  ")
        assert [problem.pointer for problem in wrong.value.problems] == ["/comment"]
    desk.act("gus", "complete", "The pipe was replaced")
    instance = desk.now()
    assert (instance.status, instance.close_message, instance.waiting_on) == (
        "completed",
        "The pipe was replaced",
        None,
    )
    seen = [entry.sentence for entry in timeline.of_instance(desk.people["priya"], instance) if entry.kind == "acted"]
    assert "Complete, now Resolved. The pipe was replaced" in seen


@pytest.mark.requirement("B15", "B21", "B28", "Q12")
def test_forward_to_a_person_of_another_department(desk: Desk) -> None:
    go_to(desk, "InProgress")
    instance = desk.forward("gus", "lettings", "liv", "It is about the tenancy")
    assert (instance.state, desk.assignee()) == ("InProgress", "liv")
    assert desk.facts("acted")[-1]["asked"] == {"Department": "Lettings", "Assign to": "Liv Colleague"}
    told = [entry.sentence for entry in timeline.of_instance(desk.people["priya"], instance)]
    assert not any(word in sentence for sentence in told for word in ("tenancy", "Forward", "Lettings", "Liv"))


@pytest.mark.requirement("Q12")
def test_the_person_must_belong_to_the_department(desk: Desk) -> None:
    go_to(desk, "New")
    with pytest.raises(Invalid) as wrong:
        desk.forward("gus", "lettings", "rob")
    assert [problem.pointer for problem in wrong.value.problems] == ["/fields/to_user"]
    with pytest.raises(Invalid):
        desk.forward("gus", "nowhere", "liv")
    assert desk.assignee() == "gus"


@pytest.mark.requirement("B15", "Q12")
def test_without_a_person_it_goes_to_the_queue_and_a_member_takes_it(desk: Desk) -> None:
    desk.make_task()
    with unit_of_work(desk.people["ada"]) as work:
        access.instance_to_change(work, desk.ref).assignee_id = desk.people["gus"].user_id
    desk.forward("gus", "lettings", None)
    assert desk.assignee() is None
    with pytest.raises(Refused):
        desk.take("rob")
    desk.take("liv")
    assert desk.assignee() == "liv"


@pytest.mark.requirement("B16", "B22", "B29", "Q11")
def test_reply_hands_back_to_the_creator_as_new(desk: Desk) -> None:
    go_to(desk, "InProgress")
    instance = desk.act("gus", "reply", "Which flat is it?")
    assert (instance.state, desk.assignee(), instance.waiting_on) == ("New", "priya", "customer")
    seen = [entry.sentence for entry in timeline.of_instance(desk.people["priya"], instance) if entry.kind == "acted"]
    assert "Which flat is it?" in seen[-1]


@pytest.mark.requirement("Q11")
def test_reply_is_hidden_when_the_assignee_is_the_creator(desk: Desk) -> None:
    desk.make_task(by="gus", assignee="usr_gus")
    assert "reply" not in desk.actions("gus")
    with pytest.raises(OutOfStep):
        desk.act("gus", "reply")


@pytest.mark.requirement("Q14", "B4")
def test_a_client_sets_what_the_flow_lets_them(desk: Desk) -> None:
    desk.raise_case()
    assert desk.act("priya", "customer_start").state == "InProgress"
    assert desk.act("priya", "customer_close").state == "Resolved"
    assert desk.act("priya", "reopen").state == "ReOpen"
    with pytest.raises(Invalid, match="Say why"):
        desk.act("priya", "cancel")
    assert desk.act("priya", "cancel", "It stopped").state == "Cancelled"
    for action in ("forward", "reply", "doing", "complete"):
        with pytest.raises(Refused):
            desk.act("priya", action, "Please")


def test_a_strangers_case_is_not_there(desk: Desk) -> None:
    desk.raise_case()
    with pytest.raises(Refused) as refusal:
        desk.act("stan", "cancel", "Mine")
    assert refusal.value.status == 404


def test_an_older_page_moves_nothing(desk: Desk) -> None:
    go_to(desk, "New")
    seen = desk.now().version
    desk.forward("gus", "lettings", "liv")
    with pytest.raises(Stale):
        desk.act("liv", "doing", version=seen)
    assert desk.now().state == "New"


@pytest.mark.requirement("B13", "B6")
def test_a_case_begins_new_in_its_department_with_whoever_has_least_to_do(desk: Desk) -> None:
    first = desk.raise_case()
    assert (first.state, first.status, first.reference[:3], first.title) == (
        "New",
        "not_started",
        "CA-",
        "Noise from flat 4",
    )
    begun = [desk.assignee()]
    for _ in range(3):
        desk.raise_case()
        begun.append(desk.assignee())
    assert begun == ["gus", "rob", "gus", "rob"]


@pytest.mark.requirement("Q9", "C22")
def test_overdue_and_stale_ones_are_reminded(desk: Desk, move_clock: Callable[..., datetime]) -> None:
    desk.raise_case()
    move_clock(days=8)
    with unit_of_work(SYSTEM) as work:
        firing.fire_due(work, desk.now().id)
    sent = access.read_as(SYSTEM).scalars(select(Effect.payload)).all()
    assert {one["template"] for one in sent} >= {"case/overdue", "case/waiting"}
    desk.act(desk.assignee() or "", "doing")
    waiting = access.read_as(SYSTEM).scalars(select(Timer).where(Timer.ended_at.is_(None))).all()
    assert {timer.name for timer in waiting} == {"stale"}


@pytest.mark.requirement("B7", "B12")
def test_nobody_is_mailed_about_what_is_hidden_from_them(desk: Desk) -> None:
    """The same end, of a case that its customer sees and of one on it that they do not."""
    case = desk.raise_case().reference
    mailed = []
    for hidden in (False, True):
        desk.make_task(flow="department-request", parent=case, is_internal=hidden, fields={"details": "Every night"})
        desk.act("gus" if desk.assignee() is None else desk.assignee() or "", "cancel", "Not needed")
        owed = access.read_as(SYSTEM).scalars(select(Effect).where(Effect.instance_id == desk.now().id)).all()
        mailed.append(
            [one.payload["template"] for one in owed if one.payload.get("to") == desk.people["priya"].user_id]
        )
    assert mailed[0] != []
    assert mailed[1] == []


@pytest.mark.requirement("B26")
def test_the_verbs_of_guided_requests_do_not_move_a_case(desk: Desk) -> None:
    desk.raise_case()
    for verb in (
        lambda work, case: closing.cancel_request(work, case, "Twice"),
        lambda work, case: closing.conclude(work, case, "complete", ""),
        lambda work, case: reopening.revive(work, case, "Again"),
    ):
        with pytest.raises(OutOfStep, match="its own actions"), unit_of_work(desk.people["ada"]) as work:
            verb(work, access.instance_to_change(work, desk.ref))
    assert desk.now().state == "New"


@pytest.mark.requirement("B26", "B24")
def test_reopened_and_resolved_again_breaks_nothing(desk: Desk) -> None:
    desk.raise_case()
    who = desk.assignee() or ""
    for action in ("doing", "complete"):
        desk.act(who, action, "Done")
    desk.act("priya", "reopen", "It is back")
    for action in ("doing", "complete"):
        desk.act(who, action, "Done again")
    desk.now()
    assert {says: rows for says, rows in broken(access.read_as(SYSTEM)).items() if rows} == {}


@pytest.mark.requirement("B15")
def test_a_move_writes_its_row_once_and_asks_for_nothing_twice(
    desk: Desk, count_statements: Callable[[], list[str]]
) -> None:
    """What is driven by hand has no steps to ask for; a department that is chosen is looked up once."""
    go_to(desk, "InProgress")
    made = count_statements()
    desk.act("gus", "forward", "Yours", asked=ASKED)
    assert not [one for one in made if "FROM steps" in one]
    for once in ("UPDATE instances", "INSERT INTO timeline_events", "SELECT departments.uid, departments.name \n"):
        assert len([one for one in made if one.startswith(once)]) == 1, once

"""A case that is with its customer: what they may do, what they are asked, and how it comes back (B16, Q11, Q14)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest
from sqlalchemy import select

from flows import access
from flows.access import read_as
from flows.actions import firing
from flows.events import MailSent
from flows.models import Effect, Notice
from flows.queries import timeline
from flows.rules.actors import SYSTEM
from flows.rules.errors import Refused
from flows.work import end_reading, unit_of_work
from tests.stages.desk import Desk

pytestmark = pytest.mark.parametrize("database", ["sqlite"])


@pytest.fixture
def parts() -> tuple[str, ...]:
    """What people hear belongs to it."""
    return ("messaging",)


@pytest.fixture
def asked(desk: Desk) -> str:
    """Who replied to Priya, with whom the case is now."""
    desk.raise_case()
    who = desk.assignee() or ""
    desk.act(who, "reply", "Which flat is it?")
    assert desk.assignee() == "priya"
    return who


def mailed(desk: Desk, who: str) -> list[str]:
    """Templates of every mail owed to somebody for this case, oldest first."""
    end_reading()
    owed = read_as(SYSTEM).scalars(select(Effect).where(Effect.instance_id == desk.now().id).order_by(Effect.id))
    return [one.payload["template"] for one in owed if one.payload.get("to") == desk.people[who].user_id]


def noticed(desk: Desk, who: str) -> list[str]:
    end_reading()
    mine = select(Notice.text).where(Notice.user_id == desk.people[who].user_id, Notice.at_top)
    return list(read_as(SYSTEM).scalars(mine.order_by(Notice.id)))


@pytest.mark.requirement("Q14", "B4")
def test_a_client_who_is_asked_is_no_colleague(desk: Desk, asked: str) -> None:
    assert desk.actions("priya") == {"cancel", "customer_start", "customer_close"}
    for action in ("doing", "forward", "reply"):
        with pytest.raises(Refused):
            desk.act("priya", action)


@pytest.mark.requirement("B16", "Q11")
def test_a_client_is_asked_and_the_answer_goes_back_to_whoever_asked(desk: Desk, asked: str) -> None:
    assert mailed(desk, "priya") == ["case-question"]
    assert noticed(desk, "priya") == ["We need an answer from you: Noise from flat 4"]
    before = len(mailed(desk, asked))
    desk.comment("priya", "It is flat 4")
    instance = desk.now()
    assert (desk.assignee(), instance.state, instance.waiting_on) == (asked, "New", "staff")
    assert mailed(desk, asked)[before:] == ["case/assigned"]
    assert desk.facts("assigned")[-1]["note"] == "The customer has answered"
    assert desk.box(asked, "pending") == [desk.ref]
    desk.comment("priya", "On the third floor")
    assert len(desk.facts("assigned")) == 2, "the second comment moves nothing"
    assert noticed(desk, asked) == [f"Priya Shah commented on Noise from flat 4 ({desk.ref})"]


def test_what_a_client_ended_and_reopens_is_seen_by_somebody(desk: Desk, asked: str) -> None:
    desk.act("priya", "customer_close", "Found it")
    desk.act("priya", "reopen", "No, it was another one")
    assert (desk.assignee(), desk.now().waiting_on) == (asked, "staff")


def test_reminders_for_colleagues_do_not_reach_the_client(
    desk: Desk, asked: str, move_clock: Callable[..., datetime]
) -> None:
    move_clock(days=8)
    with unit_of_work(SYSTEM) as work:
        firing.fire_due(work, desk.now().id)
    assert mailed(desk, "priya") == ["case-question"]
    assert "case/overdue" in mailed(desk, "gus"), "the manager of the department"


@pytest.mark.requirement("B15")
def test_whoever_it_is_forwarded_to_is_told(desk: Desk) -> None:
    desk.make_task(by="gus", assignee="usr_rob")
    desk.forward("rob", "lettings", "liv", "Please look")
    assert mailed(desk, "liv") == ["task/assigned"]
    desk.act("liv", "reply", "What exactly?")
    assert mailed(desk, "gus") == ["task/assigned"]
    assert noticed(desk, "gus") == []


@pytest.mark.requirement("C29")
def test_whoever_takes_it_themselves_is_not_told_that_it_is_theirs(desk: Desk) -> None:
    desk.make_task(by="gus", assignee="usr_rob")
    desk.forward("rob", "lettings", None, "Please look")
    desk.take("liv")
    assert (desk.assignee(), mailed(desk, "liv")) == ("liv", [])
    desk.act("liv", "reply", "What exactly?")
    assert mailed(desk, "gus") == ["task/assigned"]


@pytest.mark.requirement("B12")
def test_a_comment_is_heard_on_the_other_side_once(desk: Desk) -> None:
    desk.raise_case()
    who = desk.assignee() or ""
    desk.comment(who, "Between us", is_internal=True)
    assert noticed(desk, "priya") == []
    for words in ("We come on Monday", "Or on Tuesday"):
        desk.comment(who, words)
    assert len(noticed(desk, "priya")) == 1
    desk.comment("priya", "Thank you")
    assert noticed(desk, who) == [f"Priya Shah commented on Noise from flat 4 ({desk.ref})"]


def test_mails_to_colleagues_are_not_the_clients_to_read(desk: Desk) -> None:
    desk.raise_case()
    with unit_of_work(SYSTEM) as work:
        instance = access.instance_to_change(work, desk.ref)
        work.record(instance, MailSent("case/assigned", "Gus Agent", "It is yours", to_staff=True))
        work.record(instance, MailSent("case/resolved", "Priya Shah", "Resolved"))
    told = [entry.sentence for entry in timeline.of_instance(desk.people["priya"], desk.now())]
    assert "Mail sent to Priya Shah: Resolved" in told
    assert not any("Gus" in sentence for sentence in told)

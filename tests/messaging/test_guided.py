"""Mails and notices about guided requests: who hears of what, once, in their language, after the words of the flow."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from flows import access, catalogue
from flows.access import read_as
from flows.actions import amending, beginning, closing, firing, onboarding, rating, reopening
from flows.actions.beginning import Wish
from flows.models import Effect, Membership, Notice, Organisation, TimelineEvent, User
from flows.rules.actors import SYSTEM
from flows.settings import Settings
from flows.work import end_reading, unit_of_work
from messaging import mailing
from messaging.outbox import deliver
from tests.guided.conftest import HOUSEHOLD, IDENTITY, SHIPPED, Play
from tests.messaging.conftest import mails, part
from tests.served import serve
from tests.world import World

FOLDERS = Path(__file__).parents[1]


@pytest.fixture
def play(app: Flask, world: World) -> Iterator[Play]:
    before = catalogue.current()
    serve(SHIPPED, FOLDERS / "guided" / "flows", FOLDERS / "messaging" / "flows")
    yield Play(world)
    catalogue.use(before)


def owed() -> list[tuple[str, str]]:
    """Template and first name of every mail that is owed, oldest first."""
    end_reading()
    found = read_as(SYSTEM).scalars(select(Effect).where(Effect.kind == "email").order_by(Effect.id)).all()
    names = {user.id: user.first_name for user in read_as(SYSTEM).scalars(select(User))}
    return [(one.payload["template"], names.get(one.payload["to"], one.payload["address"] or "")) for one in found]


def sent(settings: Settings) -> Any:
    """Deliver everything that is owed; the mail that was owed last."""
    end_reading()
    waiting = select(Effect).where(Effect.kind == "email", Effect.state == "pending").order_by(Effect.id)
    keys = {one.id: one.key for one in read_as(SYSTEM).scalars(waiting)}
    for effect_id in keys:
        assert deliver(effect_id), read_as(SYSTEM).get_one(Effect, effect_id).last_fault
    last = mailing.message_id(list(keys.values())[-1], settings.mail_from)
    return next(mail for mail in mails(settings) if mail["Message-ID"] == last)


def plain(mail: Any) -> str:
    return " ".join(part(mail, "plain").split())


def notices() -> list[tuple[str, str]]:
    """First name and words of every notice that stands on every page."""
    end_reading()
    names = {user.id: user.first_name for user in read_as(SYSTEM).scalars(select(User))}
    at_top = select(Notice).where(Notice.at_top).order_by(Notice.id)
    return [(names[one.user_id], one.text) for one in read_as(SYSTEM).scalars(at_top)]


def act(play: Play, verb: Callable[..., Any], *args: Any, by: Any = None, **more: Any) -> None:
    with unit_of_work(by or play.world.admin) as work:
        verb(work, access.instance_to_change(work, play.ref), *args, **more)


# --- it begins, it goes on --------------------------------------------------------------------------------------


@pytest.mark.requirement("C1", "C28")
def test_a_request_that_needs_the_customer_asks_for_action(play: Play, settings: Settings) -> None:
    play.start(message="I look forward to meeting you.")
    assert owed() == [("task-created", "Priya")]
    mail = sent(settings)
    assert mail["Subject"] == "Action needed: Move-in by Monday 16 November 2026"
    text = plain(mail)
    assert "Everything we need before handing over the keys." in text
    assert "Gus Agent writes: I look forward to meeting you." in text
    assert "It begins with Who you are, Your household." in text
    assert "Begin with Move-in: http://localhost/tasks/TI-2001" in text
    assert "because of Move-in (TI-2001)" in text


@pytest.mark.requirement("C1")
def test_without_a_message_and_a_date_nothing_is_said_of_them(play: Play, settings: Settings) -> None:
    play.start("plain", inputs={})
    mail = sent(settings)
    assert mail["Subject"] == "Action needed: A plain thing"
    text = plain(mail)
    assert "writes" not in text
    assert "Please complete it by" not in text


@pytest.mark.requirement("C10")
def test_who_begins_by_themselves_is_not_asked_who_is_invited_is(play: Play) -> None:
    with unit_of_work(play.world.tenant) as work:
        beginning.start_by_customer(work, "move-in", play.world.household, {})
    assert owed() == []
    given = {"name": "Priya Shah", "email": "priya@example.com", "address": "12 Mill Lane"}
    with unit_of_work(play.world.agent) as work:
        onboarding.invite_tenant(work, given, "move-in", Wish(inputs={"rent": 1000}))
    assert owed() == [("task-created", "Priya")]


@pytest.mark.requirement("C10", "X27")
def test_an_invitation_says_what_it_is_for(play: Play, settings: Settings) -> None:
    given = {"name": "Nia Newcomer", "email": "nia@example.com", "address": "9 Beck Street"}
    with unit_of_work(play.world.agent) as work:
        onboarding.invite_tenant(work, given, "move-in", Wish(inputs={"rent": 1000}))
    mail = sent(settings)
    assert mail["Subject"] == "Move-in: Gus Agent invites you to Baton"
    assert "Gus Agent asks you to go through Move-in on Baton." in plain(mail)


def test_a_flow_that_writes_itself_is_the_only_one(play: Play) -> None:
    play.start("writes-itself", inputs={})
    play.submit("one", {"answer": "Yes"})
    play.send_back("one")
    play.submit("one", {"answer": "No"})
    play.approve("one")
    play.submit("ours", {"seen": "Well"}, by=play.world.agent)
    play.submit("two", {"more": "Yes"})
    play.conclude()
    assert {template for template, _ in owed()} == {"own/words"}
    assert len(owed()) == 4


@pytest.mark.requirement("C33")
def test_it_is_their_turn_when_we_did_something_not_when_they_did(play: Play, settings: Settings) -> None:
    play.start()
    play.submit("household", {**HOUSEHOLD, "has_pets": True})
    assert [template for template, _ in owed()] == ["task-created"], "the pets opened by their own answer"
    play.submit("identity", IDENTITY)
    play.approve("identity")
    assert [template for template, _ in owed()] == ["task-created"], "what opens with the approval is ours"
    play.submit("inspection", {"found": "All well"}, by=play.world.agent)
    assert owed()[-1] == ("your-turn", "Priya")
    mail = sent(settings)
    assert mail["Subject"] == "It is your turn: Collect your keys (TI-2001)"
    assert "Go on with Collect your keys: http://localhost/tasks/TI-2001/steps/keys" in plain(mail)


# --- handed back, added -----------------------------------------------------------------------------------------


@pytest.mark.requirement("C36")
def test_what_was_returned_is_told_with_its_remarks(play: Play, settings: Settings) -> None:
    play.start()
    play.submit("identity", IDENTITY)
    play.send_back(
        "identity",
        "Please use your [full](http://evil.example) name.",
        remarks={"legal_name": "No nickname", "right_to_rent": "Show us"},
    )
    assert owed()[-1] == ("changes-needed", "Priya")
    mail = sent(settings)
    assert mail["Subject"] == "We need you to change something: Move-in (TI-2001)"
    text = plain(mail)
    assert "Gus Agent has looked at “Who you are” and asks you to change something." in text
    assert "Please use your [full](http://evil.example) name." in text
    assert "Full legal name: No nickname Do you have the right to rent? Show us" in text
    assert "Change Who you are: http://localhost/tasks/TI-2001/steps/identity" in text
    assert 'href="http://evil.example' not in part(mail, "html")
    assert ("Priya", "We need you to change something in “Who you are”") in notices()


@pytest.mark.requirement("C38")
def test_what_was_reopened_is_told_with_and_without_a_reason(play: Play, settings: Settings) -> None:
    play.start()
    play.submit("household", HOUSEHOLD)
    play.reopen("household")
    assert "Gus Agent has opened “Your household” again, so that you can change it." in plain(sent(settings))
    play.submit("household", HOUSEHOLD)
    play.reopen("household", reason="The income was last year's")
    assert "The income was last year's" in plain(sent(settings))
    play.submit("household", HOUSEHOLD)
    play.submit("identity", IDENTITY)
    play.approve("identity")
    play.submit("inspection", {"found": "Well"}, by=play.world.agent)
    before = len(owed())
    play.reopen("inspection")
    assert len(owed()) == before, "a step of ours is no matter of theirs"


@pytest.mark.requirement("C40", "Q25")
def test_questions_that_were_added_are_one_mail(play: Play, settings: Settings) -> None:
    play.start()
    play.submit("identity", IDENTITY)
    with unit_of_work(play.world.agent) as work:
        instance = access.instance_to_change(work, play.ref)
        for label in ("Flat number?", "Since when?"):
            question = {"label": label, "type": "text", "required": True}
            amending.add_field(work, instance, access.step_of(instance, "identity"), question)
    assert owed()[-1] == ("question-added", "Priya")
    assert [template for template, _ in owed()].count("question-added") == 1
    mail = sent(settings)
    assert mail["Subject"] == "We have more questions: Move-in (TI-2001)"
    assert "Flat number? Since when?" in plain(mail)


@pytest.mark.requirement("C40")
def test_a_question_of_a_step_that_is_locked_or_ours_is_told_to_nobody(play: Play) -> None:
    play.start()
    with unit_of_work(play.world.agent) as work:
        instance = access.instance_to_change(work, play.ref)
        for name in ("keys", "inspection"):
            amending.add_field(work, instance, access.step_of(instance, name), {"label": "Where?", "type": "text"})
    assert [template for template, _ in owed()] == ["task-created"]


@pytest.mark.requirement("C39")
def test_a_step_that_was_added_is_one_mail(play: Play, settings: Settings) -> None:
    play.start()
    act(play, amending.add_step, "identity", title="Send your old lease", actor="customer")
    act(play, amending.add_step, "identity", title="Ask the landlord", actor="staff")
    assert [template for template, _ in owed()] == ["task-created", "step-added"]
    assert sent(settings)["Subject"] == "One more step: Send your old lease (TI-2001)"


# --- the end ----------------------------------------------------------------------------------------------------


@pytest.mark.requirement("C43", "C45")
def test_the_outcome_is_told_with_the_edited_message(play: Play, settings: Settings) -> None:
    play.start()
    play.through()
    play.conclude(message="Welcome. Bring the old keys.")
    mail = sent(settings)
    assert mail["Subject"] == "Your request is completed: Move-in (TI-2001)"
    text = plain(mail)
    assert "Welcome. Bring the old keys." in text
    assert "how satisfied you were" in text
    assert "See how it ended: http://localhost/tasks/TI-2001/outcome" in text
    assert ("Priya", "Move-in (TI-2001) is completed") in notices()


@pytest.mark.requirement("C44", "C46")
def test_an_answer_that_closes_it_is_told_by_mail_and_seen_at_once(play: Play, settings: Settings) -> None:
    play.start()
    play.submit("household", {**HOUSEHOLD, "income": 1000})
    mail = sent(settings)
    assert mail["Subject"] == "Your request is closed: Move-in (TI-2001)"
    assert "The rent is too high." in plain(mail)
    assert notices() == [], "who sent the answer sees the end on the page"


@pytest.mark.requirement("C21", "Q7", "Q29")
def test_cancelled_by_us_and_taken_up_again(play: Play, settings: Settings) -> None:
    play.start()
    act(play, closing.cancel_request, "Moved away")
    mail = sent(settings)
    assert mail["Subject"] == "Cancelled: Move-in (TI-2001)"
    assert "Moved away" in plain(mail)
    act(play, reopening.revive, "It was somebody else")
    mail = sent(settings)
    assert mail["Subject"] == "We have taken this up again: Move-in (TI-2001)"
    assert "It is your turn: what you had entered is still there." in plain(mail)
    before = len(owed())
    act(play, closing.cancel_request, "We stay", by=play.world.tenant)
    assert len(owed()) == before, "who cancels knows it"


@pytest.mark.requirement("Q23")
def test_a_step_reopened_after_the_end_is_one_mail(play: Play) -> None:
    play.start()
    play.through()
    play.conclude()
    before = len(owed())
    play.reopen("household", by=play.world.admin, reason="The income was last year's")
    assert [template for template, _ in owed()[before:]] == ["changes-needed"]


@pytest.mark.requirement("X3")
def test_late_steps_are_asked_for_again(play: Play, settings: Settings, move_clock: Callable[..., Any]) -> None:
    play.start()
    move_clock(days=3, minutes=1)
    with unit_of_work(SYSTEM) as work:
        firing.fire_due(work, access.instance_to_change(work, play.ref).id)
    mail = sent(settings)
    assert mail["Subject"] == "Overdue: Who you are (TI-2001)"
    assert "by Thursday 5 November 2026" in plain(mail)


def test_an_end_by_time_is_told(play: Play, settings: Settings, move_clock: Callable[..., Any]) -> None:
    play.start("plain-with-an-end", inputs={})
    move_clock(days=2)
    with unit_of_work(SYSTEM) as work:
        firing.fire_due(work, access.instance_to_change(work, play.ref).id)
    assert sent(settings)["Subject"] == "The time is over: A thing with an end (TI-2001)"


# --- staff ------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("C30", "C31")
def test_whoever_is_assigned_is_told_unless_they_took_it(play: Play) -> None:
    play.start(assignee="usr_ada")
    assert notices() == [("Ada", "Move-in of Priya Shah is yours now (TI-2001)")]
    play.assign("usr_gus")
    assert len(notices()) == 1, "Gus took it himself"
    play.assign("usr_ada", note="She knows the house")
    assert notices()[-1] == ("Ada", "Move-in of Priya Shah is yours now (TI-2001): She knows the house")
    play.assign(None)
    assert len(notices()) == 2
    end_reading()
    urls = {one.url for one in read_as(SYSTEM).scalars(select(Notice).where(Notice.at_top))}
    assert urls == {"/admin/instances/TI-2001"}


@pytest.mark.requirement("C12")
def test_a_rating_is_told_to_the_assignee(play: Play) -> None:
    play.start(assignee="usr_gus")
    play.through()
    play.conclude()
    act(play, rating.rate, 4, "Quick and kind", by=play.world.tenant)
    assert notices()[-1] == ("Gus", "Priya Shah rated Move-in 4 of 5: “Quick and kind”")


@pytest.mark.requirement("X5")
def test_a_review_that_nobody_takes_is_mailed_to_those_the_flow_names(
    play: Play, settings: Settings, move_clock: Callable[..., Any]
) -> None:
    play.start()
    play.submit("identity", IDENTITY)
    sent(settings)
    move_clock(days=2, minutes=1)
    with unit_of_work(SYSTEM) as work:
        firing.fire_due(work, access.instance_to_change(work, play.ref).id)
    assert owed()[-1] == ("review-waiting", "Ada")
    mail = sent(settings)
    assert mail["Subject"] == "Waiting for a review: Who you are, Move-in (TI-2001)"
    assert "http://localhost/admin/instances/TI-2001#step-identity" in plain(mail)
    end_reading()
    facts = read_as(SYSTEM).scalars(select(TimelineEvent.facts).where(TimelineEvent.kind == "mail_sent")).all()
    assert "review-waiting" not in {one["template"] for one in facts}, "the customer's timeline says nothing of it"


# --- once, and in their language --------------------------------------------------------------------------------


def test_each_person_of_a_household_gets_one(play: Play) -> None:
    with unit_of_work(SYSTEM) as work:
        home = work.session.query(Organisation).filter_by(uid=play.world.household).one()
        carl = play.world.user_ids["colleague"]
        work.session.add(Membership(user_id=carl, organisation_id=home.id, role="member", created_at=work.now))
    with unit_of_work(play.world.agent) as work:
        instance = beginning.start_by_staff(work, "move-in", play.world.household, Wish(inputs={"rent": 1000}))
        work.session.flush()
        play.ref = instance.reference
    assert sorted(owed()) == [("task-created", "Carl"), ("task-created", "Priya")]
    end_reading()
    keys = read_as(SYSTEM).scalars(select(Effect.key)).all()
    assert len(set(keys)) == 2


@pytest.mark.requirement("X23")
def test_a_reader_of_welsh_gets_welsh(play: Play, settings: Settings) -> None:
    with unit_of_work(SYSTEM) as work:
        work.session.get_one(User, play.world.user_ids["tenant"]).language = "cy"
    play.start()
    mail = sent(settings)
    assert mail["Subject"] == "Angen gweithredu: Move-in erbyn dydd Llun 16 Tachwedd 2026"
    assert '<html lang="cy">' in part(mail, "html")

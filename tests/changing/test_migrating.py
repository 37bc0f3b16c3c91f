"""A running instance moves to another version of its flow: what is green, yellow and red, and what becomes of it."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from flows import access
from flows.actions import closing, reopening, submitting
from flows.models import Effect, Notice, Submission, TimelineEvent, Timer
from flows.queries import timeline
from flows.rules.actors import SYSTEM
from flows.rules.errors import OutOfStep, Refused, Stale
from flows.work import end_reading, unit_of_work
from tests.changing.conftest import V1, Changing
from tests.guided.conftest import HOUSEHOLD, IDENTITY

RENAMED = (
    ("  identity:\n", "  about_you:\n"),
    ("legal_name: {", "full_name: {"),
    ("needs: [identity, household]", "needs: [about_you, household]"),
    ("rating: {", "moved: {identity: about_you, legal_name: full_name}\n\nrating: {"),
)
WITHOUT_KEYS = (
    ("  keys:\n    title: Collect your keys\n    actor: customer\n    needs: [inspection]\n    fields:\n"
     "      slot: {type: text, label: Time, required: true}\n", ""),
)  # fmt: skip
NEW_STEP = (
    ("  keys:\n", "  meter:\n    title: Read the meter\n    actor: customer\n    fields:\n"
     "      reading: {type: integer, label: Reading, required: true}\n  keys:\n"),
)  # fmt: skip


def count(model: type) -> int:
    end_reading()
    return access.read_as(SYSTEM).scalar(select(func.count()).select_from(model)) or 0


@pytest.mark.requirement("X13")
def test_other_words_are_harmless_and_nobody_is_told(change: Changing) -> None:
    change.start()
    change.submit("identity", IDENTITY)
    number = change.write(("title: Your household", "title: Who lives with you"))
    assert change.said(number) == ("green", [])
    before = [count(model) for model in (Effect, Notice, Timer, Submission)]
    change.migrate(number, yellow=False)
    assert [count(model) for model in (Effect, Notice, Timer, Submission)] == before
    instance = change.now()
    assert (instance.flow_version.number, instance.status) == (2, "awaiting_review")
    told = timeline.of_instance(change.world.agent, instance)[-1]
    assert told.sentence == "Moved from version 1 of the flow to version 2; nothing changes for anybody"
    assert timeline.of_instance(change.world.tenant, instance)[-1].kind != "instance_migrated"


@pytest.mark.requirement("X13")
def test_what_was_renamed_keeps_every_answer(change: Changing) -> None:
    change.start()
    change.submit("identity", IDENTITY)
    change.send_back("identity", remarks={"legal_name": "As in your passport"})
    change.submit("household", HOUSEHOLD)
    number = change.write(*RENAMED)
    assert change.said(number) == ("green", [])
    change.migrate(number, yellow=False)
    step = change.step("about_you")
    assert step.answers == {"full_name": "Priya Shah", "right_to_rent": "y"}
    assert step.remark is not None
    assert step.remark["fields"] == {"full_name": "As in your passport"}
    sent = access.read_as(SYSTEM).scalars(select(Submission).where(Submission.step_id == step.id)).one()
    assert sent.answers == step.answers
    assert "identity" not in change.states()
    timers = access.read_as(SYSTEM).scalars(select(Timer.name).where(Timer.name.contains("."))).all()
    assert {name.partition(".")[2] for name in timers} == {"about_you"}
    change.submit("about_you", {"full_name": "Priya A Shah", "right_to_rent": "y"})
    change.approve("about_you")
    change.submit("inspection", {"found": "All well"}, by=change.world.agent)
    change.submit("keys", {"slot": "Monday"})
    change.conclude()
    change.check()


@pytest.mark.requirement("X13")
def test_a_new_step_is_yellow_and_comes_without_a_word(change: Changing) -> None:
    change.start()
    number = change.write(*NEW_STEP)
    assert change.said(number) == ("yellow", ["“Read the meter” is a new step for the customer"])
    with pytest.raises(OutOfStep, match="is yellow: “Read the meter” is a new step"):
        change.migrate(number, yellow=False)
    before = count(Effect)
    change.migrate(number)
    assert change.states()["meter"] == "open"
    assert [step.name for step in change.now().steps][-2:] == ["meter", "keys"]
    assert change.now().steps_total == 5
    assert count(Effect) == before
    assert "step_opened" not in change.kinds()
    change.submit("meter", {"reading": 4711})


@pytest.mark.requirement("X13")
def test_an_open_step_that_is_gone_is_red_until_moved_says_where(change: Changing) -> None:
    change.start()
    gone = (("  household:\n", "  family:\n"), ("needs: [identity, household]", "needs: [identity, family]"))
    number = change.write(*gone)
    plan = change.plan(number)
    assert plan.verdict == "red"
    assert plan.reasons[0].text == "“Your household” is open and is not in the new version"
    assert plan.reasons[0].cure == "add `moved: {household: <a step>}` to the file, or finish the step first"
    with pytest.raises(OutOfStep, match="add `moved"):
        change.migrate(number)
    number = change.write(*gone, ("rating: {", "moved: {household: family}\n\nrating: {"))
    assert change.said(number) == ("green", [])


@pytest.mark.requirement("X13")
def test_a_step_that_is_gone_stays_for_its_history(change: Changing) -> None:
    change.start()
    change.submit("identity", IDENTITY)
    change.approve("identity")
    number = change.write(
        ("needs: [identity, household]", "needs: [household]"),
        (change_text("identity"), ""),
    )
    verdict, reasons = change.said(number)
    assert verdict == "yellow"
    assert "“Who you are” is completed and is not in the new version: it stays in the history alone" in reasons
    change.migrate(number)
    assert change.states()["identity"] == "skipped"
    assert change.step("identity").answers == IDENTITY
    back = change.write()
    assert "“Who you are” counts again" in change.said(back)[1]
    change.migrate(back)
    assert change.states()["identity"] == "completed"


def change_text(step: str) -> str:
    """The whole block of a step in the file."""
    lines = V1.splitlines(keepends=True)
    first = lines.index(f"  {step}:\n")
    last = next(n for n in range(first + 1, len(lines)) if lines[n].startswith("  ") and lines[n][2] != " ")
    return "".join(lines[first:last])


@pytest.mark.requirement("X13")
def test_answers_that_do_not_fit_any_more(change: Changing) -> None:
    change.start()
    change.submit("identity", IDENTITY)
    other_kind = ("legal_name: {type: text,", "legal_name: {type: integer,")
    no_default = (', default: "${{ customer.name }}"', "")
    plan = change.plan(change.write(other_kind, no_default))
    assert plan.verdict == "red"
    assert plan.reasons[0].text == "“Full legal name” was answered as a text and is an integer now"
    optional = ("label: Full legal name, required: true", "label: Full legal name")
    number = change.write(other_kind, no_default, optional)
    assert change.plan(number).verdict == "yellow"
    change.migrate(number)
    assert change.step("identity").answers == {"right_to_rent": "y"}
    sent = access.read_as(SYSTEM).scalars(select(Submission)).one()
    assert sent.answers["legal_name"] == "Priya Shah"


@pytest.mark.requirement("X13")
def test_a_completed_step_that_lacks_an_answer_is_not_asked_again(change: Changing) -> None:
    change.start()
    change.submit("household", HOUSEHOLD)
    asked = '      has_pets: {type: boolean, label: "Do you have pets?", required: true}\n'
    number = change.write((asked, asked + "      adults: {type: integer, label: Adults, required: true}\n"))
    assert change.said(number) == (
        "yellow",
        ["“Your household” was sent without “Adults”, which is required now; it is not asked again"],
    )
    change.migrate(number)
    assert change.states()["household"] == "completed"


@pytest.mark.requirement("X13", "X3")
def test_dates_and_timers_move_unless_somebody_set_them_by_hand(change: Changing) -> None:
    change.start()
    number = change.write(
        ("deadline: {after: 10wd,", "deadline: {after: 15wd,"), ("before_due: [3wd, 1wd]", "before_due: [2wd]")
    )
    verdict, reasons = change.said(number)
    assert (verdict, reasons) == (
        "yellow",
        ["its due date moves: the deadline is 15wd now, not 10wd", "timer “nudge” comes at other times"],
    )
    was = change.now().due_at
    change.migrate(number)
    now = change.now().due_at
    assert was is not None
    assert now is not None
    assert now > was
    open_ones = select(Timer.name, Timer.n).where(Timer.ended_at.is_(None)).order_by(Timer.name, Timer.n)
    assert access.read_as(SYSTEM).execute(open_ones).all() == [("deadline", 1), ("due.identity", 1), ("nudge", 3)]


@pytest.mark.requirement("X13")
def test_who_may_and_when(change: Changing, move_clock: object) -> None:
    change.start()
    number = change.write(("title: Your household", "title: Who lives with you"))
    for nobody in (change.world.agent, change.world.tenant):
        with pytest.raises(Refused):
            change.migrate(number, by=nobody)
    change.migrate(number)
    with pytest.raises(OutOfStep, match="runs on version 2 already"):
        change.migrate(number)
    with pytest.raises(Refused):
        change.undo(by=change.world.agent)
    change.undo()
    change.through()
    change.conclude()
    with pytest.raises(OutOfStep, match="has ended already"):
        change.migrate(number)


@pytest.mark.requirement("X13", "X14")
def test_whoever_has_a_form_open_is_told_and_keeps_what_they_typed(change: Changing) -> None:
    change.start()
    seen = change.step("household").version
    with unit_of_work(change.world.tenant) as work:
        instance = access.instance_to_change(work, change.ref)
        submitting.save_draft(work, instance, access.step_of(instance, "household"), {"income": 9000}, seen)
    asked = "      has_pets: {"
    number = change.write((asked, "      adults: {type: integer, label: Adults}\n" + asked))
    change.migrate(number)
    with pytest.raises(Stale, match="changed since you opened it"):
        change.submit("household", HOUSEHOLD, version=seen)
    assert change.step("household").draft == {"income": 9000}
    change.submit("household", {**HOUSEHOLD, "adults": 2}, version=change.step("household").version)


@pytest.mark.requirement("X13")
def test_undo_is_refused_with_what_happened_since(change: Changing) -> None:
    change.start()
    number = change.write(("title: Your household", "title: Who lives with you"))
    change.migrate(number, run="mig_one")
    with pytest.raises(OutOfStep, match="no move to take back; it was moved again since, by mig_one"):
        change.undo(run="mig_other")
    change.submit("household", HOUSEHOLD)
    with pytest.raises(OutOfStep, match="has gone on since it moved: step submitted, step completed"):
        change.undo(run="mig_one")


@pytest.mark.requirement("X13", "Q7")
def test_a_timer_that_is_gone_does_not_come_back_when_it_is_taken_up_again(change: Changing) -> None:
    change.start()
    nudge = V1[V1.index("timers:") :]
    change.migrate(change.write((nudge, "")))
    with unit_of_work(change.world.admin) as work:
        closing.cancel_request(work, access.instance_to_change(work, change.ref), "By mistake")
    with unit_of_work(change.world.admin) as work:
        reopening.revive(work, access.instance_to_change(work, change.ref), "It was a mistake")
    open_ones = select(Timer.name).where(Timer.ended_at.is_(None)).order_by(Timer.name)
    assert access.read_as(SYSTEM).scalars(open_ones).all() == ["deadline", "due.identity"]


def test_events_stand_without_gap(change: Changing) -> None:
    change.start()
    change.migrate(change.write(*NEW_STEP))
    change.undo()
    end_reading()
    kinds = access.read_as(SYSTEM).scalars(select(TimelineEvent.kind).order_by(TimelineEvent.seq)).all()
    assert kinds[-2:] == ["instance_migrated", "migration_undone"]
    assert "meter" not in change.states()

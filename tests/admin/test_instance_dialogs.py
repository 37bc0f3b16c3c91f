"""What staff do to a request: every button for whoever may, refused for whoever may not, and every bad input told."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from flows.access import instance_to_change
from flows.actions import amending, standing_in
from flows.models import User
from flows.rules.actors import Actor
from flows.work import unit_of_work
from tests.admin.desk import Desk, clerk, desk_of, hidden_in, links_in
from tests.guided.conftest import HOUSEHOLD, IDENTITY, Play, move_in, play
from tests.world import World

__all__ = ["clerk", "desk_of", "move_in", "play"]
DeskOf = Callable[[Actor], Desk]
on_sqlite = pytest.mark.parametrize("database", ["sqlite"])

BUTTONS = {
    "agent": {
        "/take", "/assign", "/due", "/remind", "/messages/replies",
        "/steps/identity/review", "/steps/identity/add-field", "/steps/identity/add-step",
        "/steps/household/reopen", "/steps/household/add-step",
        "/steps/inspection/add-field", "/steps/inspection/add-step",
        "/steps/keys/add-field", "/steps/keys/add-step",
    },
    "admin": {"/cancel"},
    "clerk": {"/remind", "/messages/replies"},
    "reader": set(),
}  # fmt: skip
"""What each is offered while a review waits; the administrator what the agent is and more."""
BUTTONS["admin"] |= BUTTONS["agent"]
READING = {"/history", "/at", "/steps/identity/attempts", "/messages"}


@pytest.mark.requirement("C29", "C30", "C36", "C38", "C39", "C40")
@on_sqlite
def test_everybody_is_offered_what_they_may_and_nothing_else(
    play: Play, world: World, desk_of: DeskOf, clerk: Actor, database: str
) -> None:
    play.start()
    play.submit("identity", IDENTITY)
    play.submit("household", HOUSEHOLD)
    for name, actor in (("agent", world.agent), ("admin", world.admin), ("clerk", clerk), ("reader", world.reader)):
        desk = desk_of(actor)
        offered = links_in(desk.page()) - READING
        assert offered == BUTTONS[name], name
        for path in BUTTONS["admin"] - {"/messages/replies"}:
            assert desk.client.get(desk.at(path)).status_code == (200 if path in offered else 403), (name, path)
            if path not in offered:
                desk.send(path, 403, seen="", reason="x", title="x", note="x", decision="approve")
    assert play.now().is_open
    assert play.now().assignee_id is None


@pytest.mark.requirement("C38")
def test_reopen_sends_the_reason_and_says_what_must_be_checked(play: Play, world: World, desk_of: DeskOf) -> None:
    play.start()
    play.submit("identity", IDENTITY)
    play.approve("identity")
    play.submit("household", HOUSEHOLD)
    play.submit("inspection", {"found": "All well"}, by=world.agent)
    desk = desk_of(world.agent)
    asked = desk.page("/steps/household/reopen")
    assert "Tell us about your pets, Inspect the home, Collect your keys" in asked
    seen = hidden_in(asked, "/steps/household/reopen")
    html = desk.send("/steps/household/reopen", 422, **seen, reason="x" * 1001)
    assert "Use 1,000 characters at most" in html
    html = desk.send("/steps/household/reopen", **seen, reason="Who else lives there?")
    assert play.states()["household"] == "reopened"
    assert "Who else lives there?" in html
    assert "Check again" in html
    assert "/steps/inspection/confirm" in links_in(html)
    html = desk.send("/steps/inspection/confirm")
    assert "Check again" not in html
    assert "still right" in html
    late = desk.send("/steps/household/reopen", 412, **seen, reason="Who else lives there?")
    assert "You: Your household: reopened" in late.replace("<strong>You</strong>", "You")
    assert ">\nWho else lives there?</textarea>" in late
    late = desk.send("/steps/household/reopen", 409, reason="Again", seen="", seq="1")
    assert "it was reopened" in late


@pytest.mark.requirement("C38")
@on_sqlite
def test_reopening_what_has_ended_is_for_whoever_may_end_things(
    play: Play, world: World, desk_of: DeskOf, database: str
) -> None:
    play.start()
    play.through()
    play.conclude()
    assert not {"/steps/keys/reopen"} & links_in(desk_of(world.agent).page())
    desk = desk_of(world.admin)
    assert "the whole request is taken up again" in desk.page("/steps/keys/reopen")
    seen = hidden_in(desk.page("/steps/keys/reopen"), "/steps/keys/reopen")
    desk_of(world.agent).send("/steps/keys/reopen", 403, **seen)
    desk.send("/steps/keys/reopen", **seen, reason="The key does not fit")
    assert play.now().is_open
    assert play.states()["keys"] == "reopened"


@pytest.mark.requirement("C39")
def test_add_step_with_questions_everything_wrong_at_once(play: Play, world: World, desk_of: DeskOf) -> None:
    play.start()
    desk = desk_of(world.agent)
    path = "/steps/identity/add-step"
    assert "Add a step below “Who you are”" in desk.page(path)
    wrong = {
        "title": " ", "actor": "system", "questions-0-label": "Which floor?", "questions-0-type": "choice",
        "questions-0-options": "Ground", "questions-2-label": "Parking?", "questions-2-type": "nonsense",
    }  # fmt: skip
    html = desk.send(path, 422, **wrong)
    for words in (
        '<a href="#title">Enter the name of the step', '<a href="#actor">Choose who does it',
        '<a href="#questions-0-options">Enter at least two different options',
        '<a href="#questions-1-label">Enter the question', '<a href="#questions-2-type">Choose what kind',
    ):  # fmt: skip
        assert words in html
    assert 'value="Which floor?"' in html
    assert html.count('<details class="item" open>') == 3
    assert "Parking?" in html
    right = {
        "title": "Your parking", "actor": "customer", "approval": "1", "questions-0-label": "Which floor?",
        "questions-0-type": "choice", "questions-0-options": "Ground\r\nFirst\r\n", "questions-0-required": "1",
    }  # fmt: skip
    html = desk.send(path, **right)
    assert "2. Your parking" in html
    step = play.step("your_parking")
    assert (step.position, step.actor, step.state) == (2, "customer", "open")
    play.submit("your_parking", {"which_floor": "ground_1"})
    assert play.states()["your_parking"] == "pending_approval"
    assert "Ground" in desk.page()


@pytest.mark.requirement("C39")
@on_sqlite
def test_add_step_for_staff_without_questions(play: Play, world: World, desk_of: DeskOf, database: str) -> None:
    play.start()
    desk = desk_of(world.agent)
    html = desk.send("/steps/keys/add-step", title="Read the meters", actor="staff")
    assert "6. Read the meters" in html
    assert "/steps/read_the_meters" in links_in(html)
    desk.send("/steps/read_the_meters", version=str(play.step("read_the_meters").version))
    assert play.states()["read_the_meters"] == "completed"


@pytest.mark.requirement("C40")
def test_add_field_to_active_and_pending_steps_and_to_no_other(play: Play, world: World, desk_of: DeskOf) -> None:
    play.start()
    desk = desk_of(world.agent)
    html = desk.send("/steps/household/add-field", 422, label="", type="text")
    assert '<a href="#label">Enter the question' in html
    html = desk.send("/steps/household/add-field", 422, label="${{ customer }}", type="text")
    assert "Write plain words" in html
    desk.send("/steps/household/add-field", label="Any children?", type="boolean", required="1", hint="Under 18")
    play.submit("household", {**HOUSEHOLD, "any_children": True})
    play.submit("identity", IDENTITY)
    assert "goes back for the new answer" in desk.page("/steps/identity/add-field")
    html = desk.send("/steps/identity/add-field", label="Any other name?", type="text")
    assert play.states()["identity"] == "returned"
    assert "New question" in html
    late = desk.send("/steps/household/add-field", 409, label="Any pets besides?", type="text", seq="1")
    assert "A question can be added while a step is active or pending. Reopen it first" in late
    assert 'value="Any pets besides?"' in late
    assert "Since you opened this page" in late


@pytest.mark.requirement("C29", "C30", "C31", "C32", "X6")
def test_assign_take_reassign_with_a_note_and_the_history(play: Play, world: World, desk_of: DeskOf) -> None:
    play.start()
    desk = desk_of(world.agent)
    assert "nobody" in desk.page()
    html = desk.send("/take")
    assert play.now().assignee_id == world.agent.user_id
    assert "/take" not in links_in(html)
    asked = desk.page("/assign")
    assert "Reassign" in asked
    assert "Gus Agent (you), 1 open" in asked
    assert "Rae Reader, 0 open" in asked
    assert "Priya" not in asked.partition("<select")[2].partition("</select>")[0], "tenants are given no work"
    seen = hidden_in(asked, "/assign")
    assert "Choose a colleague who can sign in" in desk.send("/assign", 422, **seen, assignee="", note="has the keys")
    html = desk.send("/assign", 422, **seen, assignee="usr_priya", note="has the keys")
    assert ">\nhas the keys</textarea>" in html
    assert "Use 1,000 characters at most" in desk.send("/assign", 422, **seen, assignee="usr_ada", note="x" * 1001)
    html = desk.send("/assign", **seen, assignee="usr_ada", note="has the keys")
    assert "You: Assigned to Ada Admin. has the keys" in html
    late = desk.send("/assign", 412, **seen, assignee="usr_rae", note="No, Rae has them")
    assert "Assigned to Ada Admin" in late
    assert "No, Rae has them" in late
    seen = hidden_in(desk.page("/assign"), "/assign")
    assert "It is assigned to Ada Admin already" in desk.send("/assign", 409, **seen, assignee="usr_ada")
    html = desk.send("/unassign", **hidden_in(desk.page("/unassign"), "/unassign"), note="On leave")
    assert "Taken from Ada Admin; unassigned now. On leave" in html
    assert play.now().assignee_id is None
    history = html.partition("Assignment</h2>")[2].partition("</section>")[0]
    assert history.index("On leave") < history.index("has the keys") < history.index("Assigned to Gus Agent")


@pytest.mark.requirement("X6", "C30")
def test_who_is_away_is_told_and_stood_in_for(play: Play, world: World, desk_of: DeskOf) -> None:
    play.start()
    with unit_of_work(world.admin) as work:
        ada, gus = (work.session.get_one(User, actor.user_id) for actor in (world.admin, world.agent))
        standing_in.delegate(work, ada, gus, work.now.date(), work.now.date())
    desk = desk_of(world.agent)
    assert "Ada Admin, 0 open, away until 2 November: Gus Agent stands in" in desk.page("/assign")
    seen = hidden_in(desk.page("/assign"), "/assign")
    html = desk.send("/assign", **seen, assignee="usr_ada")
    assert play.now().assignee_id == world.agent.user_id
    assert "Assigned to Gus Agent, who stands in for Ada Admin" in html


@pytest.mark.requirement("C22")
def test_due_date_moved_removed_and_mistyped(play: Play, world: World, desk_of: DeskOf) -> None:
    play.start()
    desk = desk_of(world.agent)
    assert 'value="2026-11-16T10:00"' in desk.page("/due")
    assert "Enter a day and a time" in desk.send("/due", 422, due_at="soon", reason="")
    html = desk.send("/due", 422, due_at="2026-11-01T10:00", reason="Late papers")
    assert "Enter a date in the future" in html
    assert 'value="Late papers"' in html
    html = desk.send("/due", due_at="2026-12-01T10:00", reason="Late papers")
    assert "Tuesday 1 December" in html
    assert "Late papers" in html
    assert "No due date" in desk.send("/due", due_at="", reason="")
    assert play.now().due_at is None


@pytest.mark.requirement("C21")
def test_cancel_with_a_reason_and_take_up_again(play: Play, world: World, desk_of: DeskOf) -> None:
    play.start()
    desk = desk_of(world.admin)
    asked = desk.page("/cancel")
    assert "Who you are, Your household" in asked
    assert "Say why it is cancelled" in desk.send("/cancel", 422, reason=" ")
    html = desk.send("/cancel", reason="Moved elsewhere")
    assert play.now().status == "cancelled"
    assert "Task cancelled. Moved elsewhere" in html
    assert "/revive" in links_in(html)
    assert "/revive" not in links_in(desk_of(world.agent).page())
    assert "has ended already" in desk.send("/cancel", 409, reason="Again")
    assert "Say why it is taken up again" in desk.send("/revive", 422, reason="")
    desk.send("/revive", reason="A mistake")
    assert play.now().status == "not_started"
    assert "TI-2001 is not started" in desk.send("/revive", 409, reason="Again")


@on_sqlite
def test_reminder_goes_out_by_hand(play: Play, world: World, desk_of: DeskOf, clerk: Actor, database: str) -> None:
    play.start()
    html = desk_of(clerk).send("/remind")
    assert "The reminder is on its way." in html
    assert "Reminder sent by hand" in html


@pytest.mark.requirement("C42", "C43", "C45")
def test_outcome_only_once_every_step_is_done_with_words_that_can_be_edited(
    play: Play, world: World, desk_of: DeskOf
) -> None:
    play.start()
    desk = desk_of(world.agent)
    assert 'id="outcome"' not in desk.page()
    html = desk.send("/outcome", 409, outcome="complete", message="Welcome!", do="confirm", seq="1")
    assert "Complete every step first. Still to do: “Who you are”" in html
    assert ">\nWelcome!</textarea>" in html, "what was written is there to copy"
    play.through()
    html = desk.page()
    assert "Every step is done." in html
    assert ">\nWelcome home, Priya.</textarea>" in html
    for label in ("Complete Request", "Close Request", "Not eligible"):
        assert label in html
    for reader in (world.reader,):
        said = desk_of(reader).page()
        assert "Somebody who may review confirms how it ends" in said
        assert "/outcome" not in links_in(said)
        desk_of(reader).send("/outcome", 403, outcome="complete", message="x", do="confirm")
    seen = hidden_in(html, "/outcome")
    html = desk.send("/outcome", 422, **seen, outcome="nonsense", message="Mine", do="confirm")
    assert "Choose one of the outcomes of this flow" in html
    html = desk.send("/outcome", 200, **seen, outcome="complete", message="Come in, it is open.", do="preview")
    assert '<p class="typed" data-shows="message">Come in, it is open.</p>' in html
    assert play.now().is_open
    html = desk.send("/outcome", **seen, outcome="complete", message="Come in, it is open.", do="confirm")
    ended = play.now()
    assert (ended.status, ended.outcome, ended.outcome_kind) == ("completed", "complete", "positive")
    assert ended.close_message == "Come in, it is open."
    assert "by you" in html


@pytest.mark.requirement("C44", "C45")
@on_sqlite
def test_words_of_another_outcome_without_javascript(play: Play, world: World, desk_of: DeskOf, database: str) -> None:
    play.start()
    play.through()
    desk = desk_of(world.agent)
    html = desk.send("/outcome", 200, outcome="close", message="Mine", do="words")
    assert ">\nWe could not go ahead.</textarea>" in html
    assert re.search(r'value="close" data-message="We could not go ahead." checked', html)
    assert ">\nWe could not go ahead.</textarea>" in desk.page("?outcome=close")
    seen = hidden_in(html, "/outcome")
    assert "Use 4,000 characters at most" in desk.send(
        "/outcome", 422, **seen, outcome="close", message="x" * 4001, do="confirm"
    )
    desk.send("/outcome", **seen, outcome="close", message="We could not go ahead.", do="confirm")
    assert play.now().outcome_kind == "negative"


@pytest.mark.requirement("C42")
@on_sqlite
def test_outcome_of_what_changed_meanwhile_is_stale_and_keeps_the_text(
    play: Play, world: World, desk_of: DeskOf, database: str
) -> None:
    play.start()
    play.through()
    desk = desk_of(world.agent)
    seen = hidden_in(desk.page(), "/outcome")
    play.assign("usr_ada", by=world.admin)
    html = desk.send("/outcome", 412, **seen, outcome="complete", message="Come in", do="confirm")
    assert "Assigned to Ada Admin" in html
    assert ">\nCome in</textarea>" in html
    play.conclude(by=world.admin)
    html = desk.send("/outcome", 409, **seen, outcome="complete", message="Come in", do="confirm")
    assert "Ada Admin</strong>: Task completed" in html
    assert "Not confirmed" in html
    assert ">\nCome in</textarea>" in html


@pytest.mark.requirement("C46")
@on_sqlite
def test_automatic_outcome_is_told_as_such(play: Play, world: World, desk_of: DeskOf, database: str) -> None:
    play.start()
    desk = desk_of(world.agent)
    assert "Closes the request as “Not affordable” when it is sent, if" in desk.page()
    play.submit("household", {"income": 10_000, "has_pets": False})
    html = desk.page()
    assert "Not affordable, " in html
    assert "by itself" in html


@on_sqlite
def test_a_dialog_closes_on_success_and_shows_itself_again_otherwise(
    play: Play, world: World, desk_of: DeskOf, database: str
) -> None:
    play.start()
    desk = desk_of(world.admin)
    fragment = {"X-Fragment": "1"}
    assert "<!doctype" not in desk.client.get(desk.at("/cancel"), headers=fragment).get_data(as_text=True)
    assert desk.client.post(desk.at("/cancel"), data={"reason": ""}, headers=fragment).status_code == 422
    assert desk.client.post(desk.at("/cancel"), data={"reason": "x"}, headers=fragment).status_code == 204
    assert not play.now().is_open


@on_sqlite
def test_what_colleagues_typed_is_never_markup(play: Play, world: World, desk_of: DeskOf, database: str) -> None:
    evil = '<script>alert(1)</script>"><img src=x onerror=alert(1)>'
    play.start()
    with unit_of_work(world.agent) as work:
        amending.add_step(work, instance_to_change(work, play.ref), "identity", title=evil[:100], actor="staff")
    play.submit("identity", {**IDENTITY, "legal_name": evil})
    play.send_back("identity", evil, remarks={"legal_name": evil})
    play.submit("identity", {**IDENTITY, "legal_name": "Priya"})
    play.assign("usr_gus", note=evil)
    desk = desk_of(world.agent)
    for path in ("", "/history", "/steps/identity/attempts?attempt=2", "/steps/identity/reopen", "/assign"):
        raw = desk.client.get(desk.at(path)).get_data(as_text=True)
        assert "<script>alert" not in raw
        assert "<img src=x" not in raw
    raw = desk.client.post(desk.at("/steps/identity/review"), data={"decision": "return", "identity-note": evil})
    assert "<script>alert" not in raw.get_data(as_text=True)

"""Reviews through the page: approve, return, close; what is new, who was quicker, and nothing typed is ever lost."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from flows.access import instance_to_change
from flows.actions import amending
from flows.rules.actors import Actor
from flows.work import unit_of_work
from tests.admin.desk import Desk, clerk, colleague, desk_of, hidden_in, links_in
from tests.guided.conftest import HOUSEHOLD, IDENTITY, Play, move_in, play
from tests.world import World

__all__ = ["clerk", "desk_of", "move_in", "play"]
DeskOf = Callable[[Actor], Desk]
on_sqlite = pytest.mark.parametrize("database", ["sqlite"])


@pytest.mark.requirement("C35")
def test_approve_needs_no_message_and_keeps_a_note(play: Play, world: World, desk_of: DeskOf) -> None:
    play.start()
    play.submit("identity", IDENTITY)
    desk = desk_of(world.agent)
    html = desk.review("identity", "approve", note="Seen the original")
    assert "“Who you are” was approved." in html
    assert play.states()["identity"] == "completed"
    assert play.facts("step_approved")["note"] == "Seen the original"
    assert "Seen the original" in html


@pytest.mark.requirement("C36")
def test_return_needs_a_message_and_takes_a_remark_for_each_answer(play: Play, world: World, desk_of: DeskOf) -> None:
    play.start()
    play.submit("identity", IDENTITY)
    desk = desk_of(world.agent)
    remark = {"remark_legal_name": "As in the passport", "note": ""}
    html = desk.review("identity", "return", 422, **remark)
    assert '<a href="#identity-message">Say what has to be changed' in html
    assert 'value="As in the passport"' in html, "a problem elsewhere loses nothing"
    assert play.states()["identity"] == "pending_approval"
    long = {"message": "Almost", "remark_legal_name": "x" * 1001, "due_at": "2026-11-30T17:00"}
    html = desk.review("identity", "return", 422, **long)
    assert "Use 1,000 characters at most" in html
    assert ">\nAlmost</textarea>" in html
    assert 'value="2026-11-30T17:00"' in html
    html = desk.review("identity", "return", message="Almost", due_at="2026-11-30T17:00", **remark)
    step = play.step("identity")
    assert step.state == "returned"
    assert step.remark is not None
    assert step.remark["message"] == "Almost"
    assert step.remark["fields"] == {"legal_name": "As in the passport"}
    assert step.answers["legal_name"] == "Priya Shah"
    due = play.now().due_at
    assert due is not None
    assert due.isoformat() == "2026-11-30T17:00:00+00:00"
    assert "Returned by Gus Agent" in html
    assert "/steps/identity/review" not in links_in(html)


@pytest.mark.requirement("C36")
@on_sqlite
def test_bad_due_date_and_note_of_a_return_are_told_at_their_place(
    play: Play, world: World, desk_of: DeskOf, database: str
) -> None:
    play.start()
    play.submit("identity", IDENTITY)
    desk = desk_of(world.agent)
    html = desk.review("identity", "return", 422, message="Almost", due_at="tomorrow")
    assert '<a href="#identity-due_at">Enter a day and a time' in html
    html = desk.review("identity", "return", 422, message="Almost", due_at="2020-01-01T10:00")
    assert '<a href="#identity-due_at">Enter a date in the future' in html
    html = desk.review("identity", "return", 422, message="Almost", note="Watch this one")
    assert '<a href="#identity-note">A note is kept with an approval only' in html
    assert 'value="Watch this one"' in html
    assert "Choose what you decide" in desk.review("identity", "perhaps", 422)
    assert play.states()["identity"] == "pending_approval"


@on_sqlite
def test_message_that_an_approval_would_not_send_is_not_swallowed(
    play: Play, world: World, desk_of: DeskOf, database: str
) -> None:
    play.start()
    play.submit("identity", IDENTITY)
    desk = desk_of(world.agent)
    html = desk.review("identity", "approve", 422, message="Thank you, Priya")
    assert '<a href="#identity-message">Approving sends no message' in html
    assert ">\nThank you, Priya</textarea>" in html
    assert play.states()["identity"] == "pending_approval"


@pytest.mark.requirement("C37")
def test_close_asks_with_what_was_typed_and_ends_it_negatively(play: Play, world: World, desk_of: DeskOf) -> None:
    play.start()
    play.submit("identity", IDENTITY)
    desk = desk_of(world.agent)
    typed = {"message": "We are sorry.", "note": "The passport is false", "remark_legal_name": "Not in it"}
    asked = desk.review("identity", "close", 200, **typed)
    assert f"Close {play.ref} as not fulfilled?" in asked
    assert ">\nThe passport is false</textarea>" in asked
    assert ">\nWe are sorry.\nFull legal name: Not in it</textarea>" in asked
    assert "Not eligible" in asked
    assert 'value="complete"' not in asked, "only negative outcomes close a request"
    seen = hidden_in(asked, "/steps/identity/close")
    html = desk.send("/steps/identity/close", 422, **seen, reason="", outcome="complete", message="x")
    assert "Say why the request is closed" in html
    html = desk.send("/steps/identity/close", 422, **seen, reason="False", outcome="complete", message="x")
    assert "Choose how it is closed" in html
    html = desk.send("/steps/identity/close", **seen, reason="False", outcome="not_eligible", message="We are sorry.")
    ended = play.now()
    assert (ended.status, ended.outcome, ended.outcome_kind) == ("completed", "not_eligible", "negative")
    assert ended.close_message == "We are sorry."
    assert "Reason, between staff" in html


@pytest.mark.requirement("C37", "C45")
@on_sqlite
def test_close_without_a_message_says_the_words_of_the_flow(
    play: Play, world: World, desk_of: DeskOf, database: str
) -> None:
    play.start()
    play.submit("identity", IDENTITY)
    desk = desk_of(world.agent)
    seen = hidden_in(desk.page("/steps/identity/close"), "/steps/identity/close")
    desk.send("/steps/identity/close", **seen, reason="False", outcome="not_eligible", message=" ")
    assert play.now().close_message == "The law does not let us."


@pytest.mark.requirement("C35", "X7")
def test_approving_what_was_just_changed_shows_what_changed_and_keeps_the_text(
    play: Play, world: World, desk_of: DeskOf
) -> None:
    play.start()
    play.submit("identity", IDENTITY)
    desk = desk_of(world.agent)
    seen = hidden_in(desk.page(), "/steps/identity/review")
    play.send_back("identity", "Please look again", by=world.admin)
    play.submit("identity", {**IDENTITY, "legal_name": "Priya Anand Shah"})
    sent = {**seen, "identity-note": "Seen the original", "decision": "approve"}
    html = desk.send("/steps/identity/review", 412, **sent)
    assert "Somebody changed this since you opened it" in html
    assert "What is new since you looked" in html
    assert "You saw attempt 1" in html
    assert "<del>Priya Shah</del>" in html
    assert "<ins>Priya Anand Shah</ins>" in html
    assert "<strong>Ada Admin</strong>: Who you are: returned. Please look again, " in html
    assert "seconds ago" in html
    assert 'value="Seen the original"' in html
    assert play.states()["identity"] == "pending_approval", "nobody approves what they have not seen"
    again = hidden_in(html, "/steps/identity/review")
    assert again["version"] != seen["version"]
    desk.send("/steps/identity/review", **{**sent, **again})
    assert play.states()["identity"] == "completed"


@pytest.mark.requirement("C35")
@on_sqlite
def test_question_added_meanwhile_makes_a_review_stale(
    play: Play, world: World, desk_of: DeskOf, database: str
) -> None:
    play.start()
    play.submit("identity", IDENTITY)
    desk = desk_of(world.agent)
    seen = hidden_in(desk.page(), "/steps/identity/review")
    with unit_of_work(world.admin) as work:
        instance = instance_to_change(work, play.ref)
        step = instance.step("identity")
        assert step is not None
        amending.add_field(work, instance, step, {"label": "Any other name?", "type": "text"})
    for decision in ("approve", "return"):
        sent = {**seen, "decision": decision, "identity-message": "Almost there"}
        html = desk.send("/steps/identity/review", 412, **sent)
    assert "Ada Admin</strong>: Who you are: question added, Any other name?" in html
    assert "Your decision was not kept" in html
    assert ">\nAlmost there</textarea>" in html


@pytest.mark.requirement("C35")
def test_too_late_says_who_was_quicker_and_when_and_keeps_the_text(
    play: Play, world: World, desk_of: DeskOf, move_clock: Callable[..., Any]
) -> None:
    play.start()
    play.submit("identity", IDENTITY)
    desk = desk_of(world.agent)
    seen = hidden_in(desk.page(), "/steps/identity/review")
    play.approve("identity", by=world.admin)
    move_clock(seconds=20)
    sent = {**seen, "identity-message": "The photo is too dark", "identity-remark-legal_name": "As in the passport"}
    for version, status in ((seen["version"], 412), (str(play.step("identity").version), 409)):
        html = desk.send("/steps/identity/review", status, **{**sent, "version": version, "decision": "return"})
        assert re.search("<strong>Ada Admin</strong>: Who you are: approved, 2[0-9] seconds ago", html)
        assert "Your decision was not kept" in html
        assert ">\nThe photo is too dark</textarea>" in html
        assert ">\nAs in the passport</textarea>" in html
    assert "it is completed" in html
    assert play.kinds().count("step_returned") == 0


@pytest.mark.requirement("X7")
def test_nobody_approves_what_they_sent_themselves(play: Play, world: World, desk_of: DeskOf) -> None:
    play.start()
    play.submit("identity", IDENTITY, by=world.agent, on_behalf=True)
    desk = desk_of(world.agent)
    html = desk.page()
    assert "You sent these answers yourself, so somebody else has to review them" in html
    assert "/steps/identity/review" not in links_in(html)
    sent = {"version": str(play.step("identity").version), "seq": "1", "attempt": "1", "decision": "approve"}
    html = desk.send("/steps/identity/review", 403, **sent, **{"identity-note": "All well"})
    assert "You sent these answers yourself" in html
    assert ">\nAll well</textarea>" in html
    assert play.states()["identity"] == "pending_approval"
    desk_of(world.admin).review("identity", "approve")
    assert play.states()["identity"] == "completed"


@pytest.mark.requirement("C35")
def test_only_whoever_may_decide_sees_the_form_and_others_read_why_not(
    play: Play, world: World, desk_of: DeskOf, clerk: Actor
) -> None:
    lena = colleague("Lena Lettings", ["view", "review"], "lettings")
    play.start()
    play.submit("household", {**HOUSEHOLD, "has_pets": True})
    play.submit("pets", {"pet_name": "Rex"})
    for actor, why in (
        (world.reader, 'Your role does not grant "review"'),
        (clerk, 'Your role does not grant "review"'),
        (world.agent, "This is reviewed by admin"),
        (lena, "This is reviewed by admin"),
    ):
        desk = desk_of(actor)
        html = desk.page()
        assert why in html, actor.name
        assert "Approve" not in html
        sent = {"version": str(play.step("pets").version), "decision": "approve"}
        desk.send("/steps/pets/review", 403, **sent)
        assert play.states()["pets"] == "pending_approval"
    assert "/steps/pets/review" in links_in(desk_of(world.admin).page())


@pytest.mark.requirement("C35")
def test_approve_and_next_walks_the_queue_from_the_oldest(
    play: Play, world: World, desk_of: DeskOf, move_clock: Callable[..., Any]
) -> None:
    waiting = []
    for _ in range(3):
        play.start()
        play.submit("identity", IDENTITY)
        waiting.append(play.ref)
        move_clock(minutes=1)
    play.start()
    play.submit("household", {**HOUSEHOLD, "has_pets": True})
    play.submit("pets", {"pet_name": "Rex"}), move_clock(minutes=1)
    not_theirs = play.ref
    first, second, third = waiting
    desk = desk_of(world.agent)
    play.ref = second
    html = desk.page()
    assert "2 of 4 to review" in html
    assert f'<a href="/admin/instances/{first}" rel="prev">' in html
    assert f'<a href="/admin/instances/{third}" rel="next">Next</a>' in html
    html = desk.review("identity", "approve_next")
    assert f"<title>{third} Move-in" in html, "the next after this one, not the first again"
    play.ref = third
    html = desk.review("identity", "approve_next")
    assert f"<title>{first} Move-in" in html, f"{not_theirs} is for the admin to review"
    play.ref = first
    html = desk.review("identity", "approve_next")
    assert "“Who you are” was approved. Nothing is left to review." in html
    play.ref = second
    assert f'<a href="/admin/instances/{not_theirs}" rel="next">Next to review</a>' in desk.page()


@pytest.mark.requirement("C35")
@on_sqlite
def test_form_that_is_sent_twice_is_done_once(play: Play, world: World, desk_of: DeskOf, database: str) -> None:
    play.start()
    play.submit("identity", IDENTITY)
    desk = desk_of(world.agent)
    sent = {**hidden_in(desk.page(), "/steps/identity/review"), "decision": "approve", "_key": "the-same-page-twice"}
    for _ in range(2):
        assert desk.client.post(desk.at("/steps/identity/review"), data=sent).status_code == 303
    assert play.kinds().count("step_approved") == 1


@on_sqlite
def test_damaged_page_is_told_so(play: Play, world: World, desk_of: DeskOf, database: str) -> None:
    play.start()
    play.submit("identity", IDENTITY)
    desk = desk_of(world.agent)
    html = desk.send("/steps/identity/review", 422, version="1e9", decision="approve")
    assert "This page is damaged. Open it again" in html
    assert play.states()["identity"] == "pending_approval"


@pytest.mark.requirement("C34")
@on_sqlite
def test_several_approvals_are_counted_and_nobody_gives_two(
    play: Play, world: World, desk_of: DeskOf, database: str
) -> None:
    play.start()
    with unit_of_work(world.agent) as work:
        instance = instance_to_change(work, play.ref)
        rule = {"title": "Papers", "actor": "customer", "approval": {"need": 2},
                "fields": {"paper": {"type": "text", "label": "Paper", "required": True}}}  # fmt: skip
        amending.add_step(work, instance, "identity", title="Papers", actor="customer", approval=True)
        steps = instance.overlay["steps"]
        instance.overlay = {**instance.overlay, "steps": [{**steps[0], "step": rule}]}
    play.submit("papers", {"paper": "Here"})
    desk = desk_of(world.agent)
    assert "0 of 2 approvals so far" in desk.page()
    html = desk.review("papers", "approve")
    assert "You have approved this already; somebody else has to approve it too" in html
    assert "1 of 2 approvals" in html
    assert "/steps/papers/review" not in links_in(html)
    desk_of(world.admin).review("papers", "approve")
    assert play.states()["papers"] == "completed"

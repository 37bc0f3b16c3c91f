"""The page of a task instance: what it says to whom, in as many statements for much as for little."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from flows.access import instance_to_change
from flows.actions import amending, closing, rating, standing_in
from flows.models import FlowVersion, Instance, User
from flows.rules.actors import SYSTEM, Actor
from flows.work import unit_of_work
from tests.admin.desk import Desk, clerk, colleague, desk_of, links_in
from tests.guided.conftest import HOUSEHOLD, IDENTITY, Play, move_in, play
from tests.world import World

__all__ = ["clerk", "desk_of", "move_in", "play"]
DeskOf = Callable[[Actor], Desk]
OVERDUE = '<span class="tag bad">Overdue</span>'
on_sqlite = pytest.mark.parametrize("database", ["sqlite"])


@pytest.mark.requirement("C33", "C34", "C35", "X4")
def test_page_shows_steps_answers_and_whose_turn_it_is(
    play: Play, world: World, desk_of: DeskOf, move_clock: Callable[..., Any]
) -> None:
    play.start(assignee="usr_gus")
    desk = desk_of(world.agent)
    html = desk.page()
    for words in ("1. Who you are", "2. Your household", "3. Tell us about your pets", "4. Inspect the home"):
        assert words in html
    assert "Not started" in html
    assert "0 %, 0 of 4 or more" in html, "whether there are pets is not known yet"
    assert "After “Who you are”, “Your household”." in html
    assert "Customer, since" in html
    move_clock(days=2)
    play.submit("identity", {**IDENTITY, "legal_name": "Priya <b>Shah</b>"})
    move_clock(hours=5)
    html = desk.page()
    assert "Awaiting review" in html
    assert "Pending approval" in html
    assert "Priya <b>Shah</b>" in html
    assert "Priya &lt;b&gt;Shah" in desk.client.get(desk.at()).get_data(as_text=True)
    assert "by Priya Shah, attempt 1" in html
    assert "Staff, since" in html
    assert "Customer 2 days · Staff 5 hours" in html
    assert "Closes the request as “Not eligible” when it is approved, if" in html


@pytest.mark.requirement("C33")
def test_answers_given_by_staff_say_on_whose_behalf(play: Play, world: World, desk_of: DeskOf) -> None:
    play.start()
    desk = desk_of(world.agent)
    given = {"income": "3,000", "has_pets": "no", "version": str(play.step("household").version)}
    assert "Tick that you have these answers" in desk.send("/steps/household", 422, **given)
    desk.send("/steps/household", stated="1", **given)
    html = desk.page()
    assert "by you, on behalf of the customer, attempt 1" in html
    assert "Completed" in html


@pytest.mark.requirement("X20")
@on_sqlite
def test_field_that_is_for_others_is_not_shown(
    play: Play, world: World, desk_of: DeskOf, clerk: Actor, database: str
) -> None:
    play.start()
    with unit_of_work(world.agent) as work:
        instance = instance_to_change(work, play.ref)
        step = instance.step("identity")
        assert step is not None
        amending.add_field(work, instance, step, {"label": "Bank account", "type": "text"})
        spec = instance.overlay["fields"]["identity"]["bank_account"]
        overlay = {"fields": {"identity": {"bank_account": {**spec, "visible_to": ["role.agent", "customer"]}}}}
        instance.overlay = overlay
    play.submit("identity", {**IDENTITY, "bank_account": "GB33BUKB20201555555555"})
    assert "GB33BUKB" in desk_of(world.agent).page()
    for desk in (desk_of(clerk), desk_of(world.reader)):
        html = desk.page()
        assert "GB33BUKB" not in html
        assert "<dt>Bank account</dt>" not in html
        assert "1 answer is for others" in html
        assert "GB33BUKB" not in desk.page("/steps/identity/attempts")


@pytest.mark.requirement("C33", "C36")
def test_attempts_side_by_side(play: Play, world: World, desk_of: DeskOf) -> None:
    play.start()
    desk = desk_of(world.reader)
    assert "Nothing was sent yet" in desk.page("/steps/identity/attempts")
    play.submit("identity", IDENTITY)
    assert "The only attempt" in desk.page("/steps/identity/attempts")
    play.send_back("identity", "As in the passport, please", remarks={"legal_name": "Middle name is missing"})
    html = desk.page()
    assert "Returned by Gus Agent" in html
    assert "Middle name is missing" in html
    play.submit("identity", {**IDENTITY, "legal_name": "Priya Anand Shah"})
    html = desk.page()
    assert f"{desk.at('/steps/identity/attempts')}?attempt=2" in html
    both = desk.page("/steps/identity/attempts?attempt=2")
    assert "<del>Priya Shah</del>" in both
    assert "<ins>Priya Anand Shah</ins>" in both
    assert both.count(">Changed<") == 1
    assert "Remark: Middle name is missing" in both
    assert "As in the passport, please" in both
    assert "<del>" not in desk.page("/steps/identity/attempts?attempt=1")
    desk.page("/steps/identity/attempts?attempt=3", 404)
    desk.page("/steps/identity/attempts?attempt=x", 404)
    desk.page("/steps/nothing/attempts", 404)


@pytest.mark.requirement("C20", "C22", "C33")
def test_states_of_the_whole_in_words_of_staff(
    play: Play, world: World, desk_of: DeskOf, move_clock: Callable[..., Any]
) -> None:
    play.start()
    desk = desk_of(world.admin)
    assert OVERDUE not in desk.page()
    move_clock(days=20)
    assert OVERDUE in desk_of(world.admin).page()
    play.through()
    desk = desk_of(world.admin)
    assert "Every step is done." in desk.page()
    play.conclude(message="Enjoy it")
    html = desk.page()
    assert '<span class="tag plain">Completed</span>' in html
    assert OVERDUE not in html
    assert "Enjoy it" in html
    with unit_of_work(world.tenant) as work:
        rating.rate(work, instance_to_change(work, play.ref), 4, "Quick")
    assert "4: Quick" in desk.page()


@pytest.mark.requirement("C37", "C44")
def test_closed_request_says_why_to_staff_alone(play: Play, world: World, desk_of: DeskOf) -> None:
    play.start()
    play.submit("identity", IDENTITY)
    play.close("identity", reason="The passport is false", message="We could not go ahead.")
    html = desk_of(world.reader).page()
    assert '<span class="tag plain">Closed</span>' in html
    assert "The passport is false" in html
    assert "We could not go ahead." in html
    assert not {"/outcome", "/cancel", "/assign"} & links_in(html)


@pytest.mark.requirement("C10", "X12")
@on_sqlite
def test_source_and_newer_version_of_the_flow(play: Play, world: World, desk_of: DeskOf, database: str) -> None:
    play.start()
    html = desk_of(world.admin).page()
    assert "Admin Assigned" in html
    assert "is out" not in html
    with unit_of_work(SYSTEM) as work:
        work.session.add(
            FlowVersion(
                flow="move-in",
                number=2,
                content_hash="x" * 64,
                plugin="",
                title="Move-in",
                text="",
                published_at=work.now,
            )
        )
    plan = f'<a href="/admin/flows/move-in/versions/2/plan?ref={play.ref}">2 is out</a>'
    assert plan in desk_of(world.admin).page()
    assert "Version 1 · 2 is out" in desk_of(world.agent).page()
    assert "/admin/flows/move-in" not in desk_of(world.agent).page()


@on_sqlite
def test_other_requests_of_the_customer_are_counted(play: Play, world: World, desk_of: DeskOf, database: str) -> None:
    play.start()
    assert "No other open request" in desk_of(world.agent).page()
    first = play.ref
    play.start()
    assert "1 other open request<" in desk_of(world.agent).page()
    play.start()
    assert "2 other open requests<" in desk_of(world.agent).page()
    with unit_of_work(world.admin) as work:
        closing.cancel_request(work, instance_to_change(work, play.ref), "Twice")
    play.ref = first
    assert "1 other open request<" in desk_of(world.agent).page()


@pytest.mark.requirement("X6", "C35")
def test_whoever_stands_in_may_decide_and_is_told_for_whom(play: Play, world: World, desk_of: DeskOf) -> None:
    lena = colleague("Lena Lettings", ["view", "review"], "lettings")
    play.start()
    play.submit("household", {**HOUSEHOLD, "has_pets": True})
    play.submit("pets", {"pet_name": "Rex"})
    desk = desk_of(lena)
    html = desk.page()
    assert "This is reviewed by admin" in html
    assert "/steps/pets/review" not in links_in(html)
    with unit_of_work(world.admin) as work:
        ada, other = (work.session.get_one(User, actor.user_id) for actor in (world.admin, lena))
        standing_in.delegate(work, ada, other, work.now.date(), work.now.date())
    assert "You decide instead of Ada Admin, who is away" in desk.page()
    desk.review("pets", "approve")
    assert "Lena Lettings</strong> instead of Ada Admin" in desk_of(world.reader).page()


@on_sqlite
@pytest.mark.parametrize("many", [1, 8])
def test_page_costs_the_same_for_many_steps_and_attempts(
    play: Play,
    world: World,
    desk_of: DeskOf,
    count_statements: Callable[[], list[str]],
    many: int,
    database: str,
) -> None:
    play.start(assignee="usr_gus")
    for n in range(many):
        with unit_of_work(world.agent) as work:
            amending.add_step(
                work,
                instance_to_change(work, play.ref),
                "identity",
                title=f"Step {n}",
                actor="customer",
                approval=True,
                questions=[{"label": f"Question {n} {m}", "type": "text"} for m in range(3)],
            )
        added = f"step_{n}"
        play.submit(added, {f"question_{n}_0": "yes"})
        if n:
            play.send_back(added)
            play.submit(added, {f"question_{n}_0": "no"})
    play.submit("identity", IDENTITY)
    play.submit("household", {**HOUSEHOLD, "has_pets": True})
    play.submit("pets", {"pet_name": "Rex"})  # not the agent's to decide, so it is asked who is away
    desk = desk_of(world.agent)
    desk.page()
    for path in ("", "/history", "/steps/identity/attempts"):
        counted = count_statements()
        desk.page(path)
        assert len(counted) <= 8, f"{path} with {many}: {len(counted)}\n" + "\n".join(one[:140] for one in counted)


@on_sqlite
def test_page_stays_small(play: Play, world: World, desk_of: DeskOf, database: str) -> None:
    play.start(assignee="usr_gus")
    play.submit("identity", IDENTITY)
    play.submit("household", {**HOUSEHOLD, "has_pets": True})
    play.submit("pets", {"pet_name": "Rex"})
    html = desk_of(world.admin).page()
    assert html.count("Approve and next") == 2, "two reviews wait, both forms are there"
    assert len(gzip.compress(html.encode(), 6)) <= 8 * 1024


@on_sqlite
def test_nothing_of_an_instance_that_is_not_there(play: Play, world: World, desk_of: DeskOf, database: str) -> None:
    play.start()
    desk = desk_of(world.admin)
    for path in ("", "/history", "/steps/identity/review", "/assign", "/due"):
        assert desk.client.get(f"/admin/instances/TI-9999{path}").status_code == 404
    desk.page("/steps/nothing/reopen", 404)
    desk.page("/steps/pets/add-field", 200)


@pytest.mark.requirement("B12", "C21")
def test_a_cancelled_request_ends_in_red_in_its_history(play: Play, world: World, desk_of: DeskOf) -> None:
    play.start()
    with unit_of_work(world.admin) as work:
        closing.cancel_request(work, instance_to_change(work, play.ref), "Moved away")
    assert '<li class="bad"><strong>Task cancelled. Moved away</strong>' in desk_of(world.admin).page("/history")


@pytest.mark.requirement("C32")
def test_history_has_everything_and_the_page_the_latest(play: Play, world: World, desk_of: DeskOf) -> None:
    play.start()
    play.through()
    desk = desk_of(world.agent)
    assert "in the history</a>" in desk.page()
    html = desk.page("/history")
    for words in ("Created", "Who you are: answers sent", "Who you are: approved", "Timers", "nudge"):
        assert words in html


def test_steps_that_wait_for_nobody_are_shown_to_nobody_as_theirs(play: Play, world: World, desk_of: DeskOf) -> None:
    """An instance that ended by time shows no button, whoever has noticed (Q30)."""
    play.start()
    with unit_of_work(SYSTEM) as work:
        row = work.session.scalars(select(Instance)).one()
        row.expires_at = work.now
    html = desk_of(world.admin).page()
    assert '<span class="tag plain">Expired</span>' in html
    assert links_in(html) == {"/history", "/at"}


SHIPPED_ONE = {"inputs": {"rent": 100_000}, "amounts": {"deposit": 45_000}}


@pytest.mark.requirement("C27", "C41")
@on_sqlite
def test_shipped_flow_has_its_amount_and_its_link(play: Play, world: World, desk_of: DeskOf, database: str) -> None:
    play.start("tenant-onboarding", **SHIPPED_ONE)
    desk = desk_of(world.agent)
    html = desk.page()
    assert "£450.00" in html
    assert f'href="/admin/payments/of/{play.ref}/deposit/amount"' in html
    assert f'href="{desk.at("/link/agreement")}" data-dialog>Link to Agreement…</a>' in html
    assert desk.client.get(desk.at("/link/agreement")).status_code == 200
    html = desk_of(world.reader).page()
    assert "/link/agreement" not in links_in(html)
    assert "/amount" not in html
    assert desk_of(world.reader).client.get(desk.at("/link/agreement")).status_code == 403
    with unit_of_work(world.agent) as work:
        about = {"id": "AG-1", "label": "AG-1", "detail": "12 Mill Lane", "at": work.now.isoformat()}
        instance_to_change(work, play.ref).links = {"agreement": about}
    html = desk.page()
    assert "AG-1, 12 Mill Lane" in html
    assert {"/link/agreement", "/unlink/agreement"} <= links_in(html)


@on_sqlite
def test_files_and_money_cost_a_statement_each(
    play: Play, world: World, desk_of: DeskOf, count_statements: Callable[[], list[str]], database: str
) -> None:
    play.start("tenant-onboarding", **SHIPPED_ONE)
    with unit_of_work(world.agent) as work:
        step = instance_to_change(work, play.ref).step("identity")
        assert step is not None
        step.attempt, step.submitted_at = 1, work.now
        step.answers = {"legal_name": "Priya", "passport": ["up_1", "up_2"]}
    desk = desk_of(world.agent)
    desk.page()
    counted = count_statements()
    assert "A file that is not here any more" in desk.page()
    assert len(counted) <= 8 + 2, "\n".join(one[:140] for one in counted)


@on_sqlite
def test_step_with_files_is_a_page_of_this_view(play: Play, world: World, desk_of: DeskOf, database: str) -> None:
    play.start("tenant-onboarding", **SHIPPED_ONE)
    desk = desk_of(world.agent)
    path = desk.at("/steps/identity")
    assert f'href="{path}">Answer for the customer…' in desk.page(), "no dialog: its files need the page"
    answer = desk.client.get(path, headers={"X-Fragment": "1"})
    assert answer.status_code == 200
    assert f'action="{path}"' in desk.page("/steps/identity")


@pytest.mark.requirement("X20")
@on_sqlite
def test_private_answer_is_masked_and_shown_on_request(
    play: Play, world: World, desk_of: DeskOf, database: str
) -> None:
    play.start()
    with unit_of_work(world.agent) as work:
        instance = instance_to_change(work, play.ref)
        step = instance.step("identity")
        assert step is not None
        amending.add_field(work, instance, step, {"label": "Insurance number", "type": "text"})
        spec = instance.overlay["fields"]["identity"]["insurance_number"]
        instance.overlay = {"fields": {"identity": {"insurance_number": {**spec, "sensitive": True}}}}
    play.submit("identity", {**IDENTITY, "insurance_number": "QQ123456C"})
    desk = desk_of(world.admin)
    assert "QQ123456C" not in desk.page()
    assert "/steps/identity/reveal/insurance_number" in links_in(desk.page())
    assert "QQ123456C" in desk.send("/steps/identity/reveal/insurance_number", 200)
    assert "Insurance number was shown in clear" in desk.page("/history")
    play.send_back("identity")
    play.submit("identity", {**IDENTITY, "insurance_number": "QQ999999C"})
    both = desk.page("/steps/identity/attempts?attempt=2")
    assert "QQ" not in both

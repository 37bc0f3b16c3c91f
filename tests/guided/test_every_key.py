"""Keys of the flow language that are short, each kept by the engine: what a flow says is what happens."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from flows import access, catalogue
from flows.actions import acting, conversing, starting, submitting
from flows.catalogue.loader import load_packages
from flows.clock import clock
from flows.models import Instance, Message, Notice, User
from flows.queries import allowed
from flows.rules.actors import SYSTEM
from flows.rules.errors import OutOfStep
from flows.work import end_reading, unit_of_work
from messaging import digests
from tests.catalogue.shipped import problems_of, written
from tests.guided.conftest import Play
from tests.world import World

FLOW = """\
flow: keys
schema: 1
title: Keys
start: {{staff: true{start}}}
steps:
  first: {{title: First, actor: {actor}, fields: {{words: {{type: text, label: Words}}}}{first}}}
  second: {{title: Second, actor: staff, needs: [first]{second}}}
{more}
"""


@pytest.fixture
def keys(world: World, tmp_path: Path) -> Keys:
    return Keys(world, tmp_path)


class Keys:
    """A flow made of the keys that a test is about, started by staff for Priya."""

    def __init__(self, world: World, folder: Path) -> None:
        self.world, self.folder, self.play = world, folder, Play(world)

    def begin(
        self, start: str = "", first: str = "", second: str = "", more: str = "", actor: str = "customer"
    ) -> Instance:
        text = FLOW.format(start=start, first=first, second=second, more=more, actor=actor)
        (self.folder / "keys.flow.yaml").write_text(text)
        catalogue.use(load_packages([("payments", "flows.plugins.payments")], [self.folder]))
        assert [one.text() for broken in catalogue.current().broken for one in broken.problems] == []
        return self.play.start("keys", inputs={})

    def send(self, step: str = "first", **given: str) -> Instance:
        by = self.world.tenant if self.play.step(step).actor == "customer" else self.world.admin
        with unit_of_work(by) as work:
            instance = access.instance_to_change(work, self.play.ref)
            submitting.submit(work, instance, access.step_of(instance, step), given)
        return self.play.now()

    def notices(self) -> list[str]:
        end_reading()
        return list(access.read_as(SYSTEM).scalars(select(Notice.text).where(Notice.at_top).order_by(Notice.id)))


@pytest.mark.requirement("B6", "C26")
def test_a_guided_request_goes_to_the_department_and_the_person_of_its_start(keys: Keys) -> None:
    made = keys.begin(start=", department: Repairs, assign: least_busy")
    assert (made.department_id is not None, made.assignee_id) == (True, keys.world.agent.user_id)


@pytest.mark.requirement("C26")
def test_a_hole_may_name_who_works_on_it_however_it_starts(keys: Keys) -> None:
    assert keys.begin(start=", assign: '${{ creator.id }}'").assignee_id == keys.world.agent.user_id


@pytest.mark.requirement("C30")
def test_a_step_may_say_who_works_on_it(keys: Keys) -> None:
    made = keys.begin(
        second=", assign: '${{ data.words }}'", more="effects: {assigned: [{notice: {text: Yours, to: assignee}}]}"
    )
    assert made.assignee_id is None
    assert keys.send(words="usr_ada").assignee_id == keys.world.admin.user_id
    assert keys.play.facts("assigned")["to"] == "Ada Admin"
    assert keys.notices().count("Yours") == 1  # besides what the product itself says of it


@pytest.mark.requirement("C30")
def test_a_step_may_take_it_from_whoever_has_it(keys: Keys) -> None:
    made = keys.begin(start=", assign: '${{ creator.id }}'", second=", assign: unassigned")
    assert made.assignee_id == keys.world.agent.user_id
    assert keys.send().assignee_id is None


@pytest.mark.requirement("C2")
def test_what_the_system_does_is_done_as_its_step_opens(keys: Keys) -> None:
    said = "do: [{notice: 'It is done, ${{ customer.first_name }}'}]"
    keys.begin(more="  third: {title: Third, actor: system, needs: [second], " + said + "}")
    keys.send()
    assert keys.notices() == []
    keys.send("second")
    assert keys.play.states()["third"] == "completed"
    assert keys.notices() == ["It is done, Priya"]
    assert keys.play.kinds().count("step_completed") == 3


@pytest.mark.requirement("C2")
def test_what_the_system_does_waits_for_its_condition(keys: Keys) -> None:
    step = "  third: {title: Third, actor: system, done_when: has(data.words), do: [{notice: Heard}]}"
    keys.begin(more=step)
    assert keys.notices() == []
    keys.send(words="Yes")
    assert (keys.play.states()["third"], keys.notices()) == ("completed", ["Heard"])


@pytest.mark.requirement("X15")
def test_a_text_may_name_whoever_brought_it_about(keys: Keys) -> None:
    keys.begin(more="effects: {step.first.submitted: [{notice: '${{ actor.first_name }} has sent it'}]}")
    keys.send()
    assert keys.notices() == ["Priya has sent it"]


@pytest.mark.requirement("C54")
def test_a_flow_without_messages_has_none_and_notes_stay(keys: Keys) -> None:
    made = keys.begin(more="messaging: false")
    definition = catalogue.current().flows["keys"].definition
    assert allowed.of_conversation(keys.world.tenant, made, definition, made.created_at) == []
    assert allowed.of_conversation(keys.world.agent, made, definition, made.created_at) == ["note"]
    for actor in (keys.world.tenant, keys.world.agent):
        with pytest.raises(OutOfStep, match="no messages about requests of this kind"), unit_of_work(actor) as work:
            conversing.send(work, access.instance_to_change(work, keys.play.ref), "Hello")
    with unit_of_work(keys.world.agent) as work:
        conversing.note(work, access.instance_to_change(work, keys.play.ref), "Between us")
    assert [one.text for one in access.read_as(SYSTEM).scalars(select(Message))] == ["Between us"]


@pytest.mark.requirement("C53")
@pytest.mark.parametrize(("remind", "told"), [("daily", 1), ("never", 0)])
def test_unread_messages_are_told_of_again_unless_the_flow_says_not(keys: Keys, remind: str, told: int) -> None:
    keys.begin(more=f"messaging: {{remind_unread: {remind}}}")
    with unit_of_work(keys.world.agent) as work:
        conversing.send(work, access.instance_to_change(work, keys.play.ref), "Hello")
    clock.move(timedelta(hours=2))
    user = access.read_as(SYSTEM).get_one(User, keys.world.tenant.user_id)
    assert len(digests._waiting_for(user)) == told


@pytest.mark.requirement("C46")
def test_a_step_that_is_done_by_itself_may_end_it(keys: Keys) -> None:
    """Its rules run when it is done, as they do for a step that is sent."""
    rule = "done_when: child.keys.open, outcome: [{if: child.keys.open, complete: complete}]"
    start = "effects: {created: [{if: instance.status == 'never', start: keys}]}"
    keys.begin(more="  third: {title: Third, actor: system, " + rule + "}\n" + start.replace("never", "cancelled"))
    parent = keys.play.now()
    assert parent.is_open
    with unit_of_work(SYSTEM) as work:
        locked = access.instance_to_change(work, parent.reference)
        child = starting.start(
            work, catalogue.current().flows["keys"], source="event", for_whom=locked.organisation, parent=locked
        )
        work.session.flush()
        submitting.settle_to_the_end(work, locked, catalogue.current().flows["keys"].definition)
        assert child.is_open
    assert (keys.play.now().status, keys.play.now().outcome) == ("completed", "complete")


BY_HAND = """\
flow: keys
schema: 1
title: Keys
start: {staff: true}
states: {New: {is: todo}, Over: {is: done}}
actions:
  finish: {from: [New], to: Over, by: [staff], comment: required, do: [{notice: "Because: ${{ ask.comment }}"}]}
"""


@pytest.mark.requirement("B23")
def test_the_comment_of_an_action_is_among_what_was_asked(keys: Keys) -> None:
    (keys.folder / "keys.flow.yaml").write_text(BY_HAND)
    catalogue.use(load_packages([], [keys.folder]))
    assert catalogue.current().broken == []
    keys.play.start("keys", inputs={})
    with unit_of_work(keys.world.agent) as work:
        acting.act(work, access.instance_to_change(work, keys.play.ref), "finish", comment="It is dry again")
    assert keys.notices() == ["Because: It is dry again"]


@pytest.mark.requirement("X35")
@pytest.mark.parametrize("database", ["sqlite"])
def test_what_an_event_carries_is_known_later_only_as_an_input() -> None:
    text = written("coro-order-fulfilment")
    assert problems_of(text) == []
    lines = text.splitlines()
    inputs = next(number for number, line in enumerate(lines) if line.strip().startswith("inputs:"))
    assert "order" in lines[inputs + 1]
    without = text.replace(lines[inputs] + "\n", "", 1).replace(lines[inputs + 1] + "\n", "", 1)
    assert {one.code for one in problems_of(without)} >= {"F232"}

"""An instance and the agreement that it is about: linked, refused, taken away, and what a step makes of it (C41)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from threading import Barrier, Thread
from typing import Any

import pytest
from sqlalchemy import select

from flows import access
from flows.access import read_as
from flows.actions import acting, closing, delivering, submitting, versions
from flows.actions.calling import HookContext
from flows.models import Agreement, Effect, LinkHolder, TimelineEvent
from flows.plugin import PermanentFault
from flows.plugins.tenant_onboarding.actions import activate_tenancy
from flows.queries import timeline
from flows.rules.actors import SYSTEM, Actor
from flows.rules.errors import Invalid, OutOfStep, Refused
from flows.work import unit_of_work
from tests.housing.letting import agreements, begin, line, link, now, states, unlink
from tests.world import World

NOWHERE = "agr_nowhere"


def prepare(world: World, ref: str, move_in: str = "2026-12-01") -> None:
    """Staff say when the tenant moves in."""
    with unit_of_work(world.agent) as work:
        instance = access.instance_to_change(work, ref)
        submitting.submit(work, instance, access.step_of(instance, "agreement"), {"move_in": move_in})


def end(world: World, ref: str) -> None:
    with unit_of_work(world.admin) as work:
        instance = access.instance_to_change(work, ref)
        closing.end_with(work, instance, versions.definition_of(work.session, instance), "complete")


def holders() -> list[tuple[int, str]]:
    return [(one.instance_id, one.value) for one in read_as(SYSTEM).scalars(select(LinkHolder))]


def kinds(ref: str) -> list[str]:
    query = select(TimelineEvent.kind).where(TimelineEvent.instance_id == now(ref).id).order_by(TimelineEvent.seq)
    return list(read_as(SYSTEM).scalars(query))


@pytest.mark.requirement("C41")
def test_a_link_says_what_it_leads_to_and_ticks_its_steps(world: World) -> None:
    uids, ref = agreements(), begin(world)
    before = now(ref)
    assert states(ref) == {"agreement": "open", "papers": "open", "keys": "locked"}
    link(world.agent, ref, uids["AG-1"])
    after = now(ref)
    about = dict(after.links["agreement"])
    assert before.last_activity_at < datetime.fromisoformat(about.pop("at"))
    assert about == {"id": uids["AG-1"], "label": "AG-1", "detail": "Priya Shah, 12 Mill Lane, Leeds"}
    assert after.version > before.version
    assert states(ref)["papers"] == "completed", "it asks nothing, so the link ticks it"
    assert states(ref)["agreement"] == "open", "nobody has said when the tenant moves in"
    prepare(world, ref)
    assert states(ref) == {"agreement": "completed", "papers": "completed", "keys": "open"}
    said = [entry.sentence for entry in timeline.of_instance(SYSTEM, after) if entry.kind == "linked"]
    assert said == ["Link to Agreement: AG-1"]


@pytest.mark.requirement("C41")
def test_a_link_is_changed_and_the_first_is_free_again(world: World) -> None:
    uids, ref, other = agreements(), begin(world), begin(world)
    link(world.agent, ref, uids["AG-1"])
    with pytest.raises(OutOfStep, match="is linked to AG-1 already"):
        link(world.agent, ref, uids["AG-1"])
    link(world.agent, ref, uids["AG-2"])
    assert now(ref).links["agreement"]["label"] == "AG-2"
    link(world.agent, other, uids["AG-1"])
    assert sorted(value for _, value in holders()) == sorted(uids.values())


@pytest.mark.requirement("C41")
def test_one_agreement_belongs_to_one_open_request(world: World) -> None:
    uids, first, second = agreements(), begin(world), begin(world)
    link(world.agent, first, uids["AG-1"])
    with pytest.raises(OutOfStep, match=rf"AG-1 is linked to {first} \(Letting, Priya Shah\)"):
        link(world.agent, second, uids["AG-1"])
    assert now(second).links == {}
    assert kinds(second) == ["instance_started"]
    end(world, first)
    link(world.agent, second, uids["AG-1"])
    assert holders() == [(now(second).id, uids["AG-1"])], "who has ended holds nothing any more"


def test_what_is_not_exclusive_is_shared(world: World) -> None:
    first, second = begin(world), begin(world)
    letting_agent = replace(world.agent, roles=frozenset({"lettings"}))
    for ref in (first, second):
        link(letting_agent, ref, "est_1", "estate")
    assert now(first).links["estate"]["id"] == now(second).links["estate"]["id"] == "est_1"
    assert holders() == []


@pytest.mark.requirement("C41")
def test_who_may_not_and_what_cannot_be_linked_is_refused(world: World) -> None:
    uids, ref = agreements(), begin(world)
    cases: list[tuple[Actor, str, str, type[Exception], str]] = [
        (world.reader, uids["AG-1"], "agreement", Refused, "create"),
        (world.tenant, uids["AG-1"], "agreement", Refused, "is for staff"),
        (world.agent, "est_1", "estate", Refused, "Link to estate is for lettings"),
        (world.stranger, uids["AG-1"], "agreement", Refused, "No such task"),
        (world.agent, uids["AG-1"], "flat", Refused, "No such link"),
        (world.agent, NOWHERE, "agreement", Invalid, "nothing with this number"),
        (world.agent, "", "agreement", Invalid, "nothing with this number"),
        (world.agent, "x" * 5000, "agreement", Invalid, "nothing with this number"),
        (world.agent, "AG-1", "agreement", Invalid, "nothing with this number"),
    ]
    for actor, value, name, error, words in cases:
        with pytest.raises(error, match=words):
            link(actor, ref, value, name)
    end(world, ref)
    with pytest.raises(OutOfStep, match="its links stay as they are"):
        link(world.agent, ref, uids["AG-1"])
    assert now(ref).links == {}


@pytest.mark.requirement("C41")
def test_a_link_is_for_flows_that_declare_one(world: World) -> None:
    uids, ref = agreements(), begin(world, "choosing", source="staff")
    with pytest.raises(Refused, match="No such link"):
        link(world.agent, ref, uids["AG-1"])


@pytest.mark.requirement("C41", "Q23")
def test_unlinking_needs_a_reason_and_marks_what_the_link_completed(world: World) -> None:
    uids, ref = agreements(), begin(world)
    link(world.agent, ref, uids["AG-1"])
    for reason in ("", "  \n"):
        with pytest.raises(Invalid, match="Say why"):
            unlink(world.agent, ref, reason)
    with pytest.raises(Refused):
        unlink(world.reader, ref)
    with pytest.raises(Refused, match="No such link"):
        unlink(world.agent, ref, name="flat")
    before = now(ref)
    unlink(world.agent, ref, "  The number was mistyped ")
    after = now(ref)
    assert (after.links, holders()) == ({}, [])
    assert {step.name: step.check_again for step in after.steps} == {"agreement": False, "papers": True, "keys": False}
    assert after.version > before.version
    assert kinds(ref)[-1] == "unlinked"
    said = timeline.of_instance(SYSTEM, after)[-1].sentence
    assert said == "Link to Agreement: no longer AG-1. The number was mistyped"
    with pytest.raises(OutOfStep, match="no such link any more"):
        unlink(world.agent, ref)


@pytest.mark.requirement("C41", "D2")
def test_the_tenancy_begins_once_when_the_request_is_completed(world: World, move_clock: Any) -> None:
    uids, ref = agreements(), begin(world)
    link(world.agent, ref, uids["AG-1"])
    prepare(world, ref)
    end(world, ref)
    owed = read_as(SYSTEM).scalars(select(Effect).where(Effect.kind == "call")).one()
    assert owed.payload["with"] == {"agreement": uids["AG-1"], "move_in": "2026-12-01"}
    with unit_of_work(SYSTEM) as work:
        assert delivering.call(work, owed.id)
    begun = agreement("AG-1")
    assert (str(begun.move_in_on), begun.activated_by_id) == ("2026-12-01", now(ref).id)
    first = begun.activated_at
    move_clock(days=1)
    activate(owed.id)
    assert agreement("AG-1").activated_at == first, "told again, nothing happens a second time"


def activate(effect_id: int, agreement: str | None = None, move_in: str | None = None, ref: str | None = None) -> None:
    """Call the plugin's action again, as a worker would that had lost its answer."""
    with unit_of_work(SYSTEM) as work:
        effect = work.session.get_one(Effect, effect_id)
        if ref is not None:
            effect.instance = access.instance_to_change(work, ref)
        given = effect.payload["with"]
        activate_tenancy(HookContext(work, effect), agreement or given["agreement"], move_in or given["move_in"])


def agreement(number: str) -> Agreement:
    return read_as(SYSTEM).scalars(select(Agreement).where(Agreement.number == number)).one()


@pytest.mark.requirement("C41", "X36")
def test_a_tenancy_that_cannot_begin_is_for_people_to_mend(world: World) -> None:
    uids, ref, other = agreements(), begin(world), begin(world)
    link(world.agent, ref, uids["AG-1"])
    prepare(world, ref)
    end(world, ref)
    owed = read_as(SYSTEM).scalars(select(Effect.id).where(Effect.kind == "call")).one()
    with pytest.raises(PermanentFault, match="There is no agreement"):
        activate(owed, agreement=NOWHERE)
    with pytest.raises(PermanentFault, match="which is no day"):
        activate(owed, move_in="soon")
    activate(owed)
    with pytest.raises(PermanentFault, match="was begun by another request already"):
        activate(owed, ref=other)


def test_a_provider_that_is_away_refuses_in_words(world: World) -> None:
    ref = begin(world)
    with pytest.raises(Invalid, match="try again in a minute"):
        link(world.agent, ref, "x", "far")
    assert now(ref).links == {}


@pytest.mark.parametrize("database", ["postgres"])
def test_two_at_the_same_moment_cannot_both_hold_it(world: World, app: Any, database: str) -> None:
    uids, refs = agreements(line()), [begin(world), begin(world)]
    barrier, ends = Barrier(2), []

    def try_it(ref: str) -> None:
        with app.app_context():
            barrier.wait()
            try:
                link(world.agent, ref, uids["AG-1"])
                ends.append("linked")
            except OutOfStep:
                ends.append("refused")

    threads = [Thread(target=try_it, args=(ref,)) for ref in refs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(ends) == ["linked", "refused"]
    [linked] = [ref for ref in refs if now(ref).links]
    assert now(linked).links["agreement"]["id"] == uids["AG-1"]
    assert holders() == [(now(linked).id, uids["AG-1"])]


@pytest.mark.requirement("C41")
def test_a_link_leaves_the_stage_of_a_case_alone(world: World) -> None:
    uid = agreements()["AG-1"]
    ref = begin(world, "dispute", "staff")
    with unit_of_work(world.agent) as work:
        instance = access.instance_to_change(work, ref)
        acting.act(work, instance, "talk")
    was = now(ref)
    link(world.agent, ref, uid)
    unlink(world.agent, ref)
    is_now = now(ref)
    assert (is_now.state, is_now.status, is_now.waiting_on) == (was.state, was.status, was.waiting_on)
    assert (is_now.state, is_now.version) == ("Talking", was.version + 2)

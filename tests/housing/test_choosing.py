"""Answers chosen from lookups and pickers: what is offered, what is taken, what is said when nobody can be asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import select

from flows import access, catalogue, lookups
from flows.access import read_as
from flows.actions import answering, beginning, submitting, versions
from flows.actions.beginning import Wish
from flows.lookups import DEPARTMENTS, PEOPLE, Place
from flows.models import Department, DepartmentMember, User
from flows.queries import lookups as choosing
from flows.rules import answers
from flows.rules.actors import SYSTEM, Actor
from flows.rules.answers import AnswerContext, Unavailable
from flows.rules.errors import Invalid, Refused
from flows.work import unit_of_work
from tests.housing.letting import begin, now
from tests.housing.plugin import asked
from tests.world import World


def submit(actor: Actor, ref: str, step: str, given: Mapping[str, Any]) -> None:
    with unit_of_work(actor) as work:
        instance = access.instance_to_change(work, ref)
        submitting.submit(work, instance, access.step_of(instance, step), given)


def draft(actor: Actor, ref: str, step: str, given: Mapping[str, Any]) -> list[str]:
    with unit_of_work(actor) as work:
        instance = access.instance_to_change(work, ref)
        return [one.detail for one in submitting.save_draft(work, instance, access.step_of(instance, step), given)]


def refusals(actor: Actor, ref: str, step: str, given: Mapping[str, Any]) -> dict[str, str]:
    with pytest.raises(Invalid) as refused:
        submit(actor, ref, step, given)
    return refused.value.by_field()


def options(actor: Actor, ref: str, source: str, query: str = "", within: str | None = None) -> lookups.Found:
    instance = access.instance_to_read(actor, ref)
    definition = versions.definition_of(read_as(actor), instance)
    return choosing.options(actor, instance, definition, source, query, datetime.now(UTC), within)


@pytest.fixture
def home(world: World) -> str:
    return begin(world, "choosing", source="staff")


@pytest.mark.requirement("X17")
def test_what_is_chosen_from_a_lookup_is_kept_with_its_label(world: World, home: str) -> None:
    given = {"street": "s07", "shops": ["s01", "s02"], "area": "north", "visits": [{"moment": "south"}]}
    submit(world.tenant, home, "home", given)
    step = now(home).step("home")
    assert step is not None
    assert step.answers == given
    assert step.labels == {
        "test.streets": {"s07": "Street 07", "s01": "Street 01", "s02": "Street 02"},
        "test.areas": {"north": "North", "south": "South"},
    }
    rule = catalogue.current().flows["choosing"].definition.steps["home"]
    shown = {
        name: answers.display(field, step.answers[name], choosing.context_of(step.labels))
        for name, field in rule.fields.items()
    }
    assert shown == {"street": "Street 07", "shops": "Street 01, Street 02", "area": "North", "visits": "South"}


@pytest.mark.requirement("X17")
def test_what_is_not_offered_is_not_taken(world: World, home: str) -> None:
    given = {"street": "s99", "shops": ["s01", "zz"], "area": "east", "visits": [{"moment": "x" * 300}]}
    found = refusals(world.tenant, home, "home", given)
    assert found["street"] == "Choose the street from the list; “s99” is not in it"
    assert found.keys() == {"street", "shops", "area", "visits-0-moment"}
    assert all("from the list" in words for words in found.values())


def test_labels_of_what_nobody_chose_are_forgotten(world: World, home: str) -> None:
    draft(world.tenant, home, "home", {"street": "s01"})
    draft(world.tenant, home, "home", {"street": "s02"})
    draft(world.tenant, home, "home", {"street": "s03"})
    step = now(home).step("home")
    assert step is not None
    assert step.labels["test.streets"].keys() == {"s02", "s03"}, "what stood in the draft before, and what does now"


@pytest.mark.requirement("X20")
def test_what_a_sensitive_answer_is_called_is_kept_nowhere(world: World, home: str) -> None:
    with unit_of_work(world.tenant) as work:
        instance = access.instance_to_change(work, home)
        definition = versions.definition_of(work.session, instance)
        fields = {**definition.steps["home"].fields}
        fields["area"] = fields["area"].model_copy(update={"sensitive": True})
        steps = {**definition.steps, "home": definition.steps["home"].model_copy(update={"fields": fields})}
        private, step = definition.model_copy(update={"steps": steps}), access.step_of(instance, "home")
        context = answering.with_sources(work, instance, private, step, AnswerContext(date(2026, 11, 2)))
        checked = answers.check(fields, {"area": "north", "street": "s01"}, context)
        assert checked.problems == []
        assert step.labels == {"test.streets": {"s01": "Street 01"}}


@pytest.mark.requirement("X17")
def test_a_lookup_that_fails_is_said_in_words_and_loses_nothing(world: World, home: str) -> None:
    given = {"away": "a", "broken": "b", "odd": "c", "note": "Typed with care"}
    found = refusals(world.tenant, home, "trouble", given)
    for name, label in (("away", "Far away"), ("broken", "Broken"), ("odd", "Odd")):
        assert found[name] == f"{label} cannot be chosen right now; try again in a minute"
    said = draft(world.tenant, home, "trouble", given)
    assert len(said) == 3
    step = now(home).step("trouble")
    assert step is not None
    assert step.draft == given
    submit(world.tenant, home, "trouble", {"note": "Without them it goes on"})


def test_a_source_that_is_away_is_asked_once_a_form(world: World, home: str) -> None:
    with unit_of_work(world.tenant) as work:
        instance = access.instance_to_change(work, home)
        definition = versions.definition_of(work.session, instance)
        step = access.step_of(instance, "trouble")
        context = answering.with_sources(work, instance, definition, step, AnswerContext(date(2026, 11, 2)))
        assert context.lookup is not None
        for _ in range(3):
            with pytest.raises(Unavailable):
                context.lookup("test.away", "a")
    assert asked == [("away", "a")]


@pytest.mark.requirement("Q12")
def test_people_are_active_staff_by_opaque_id(world: World, home: str) -> None:
    for uid in ("usr_priya", "usr_nobody", str(world.user_ids["agent"]), "usr_gus "):
        found = {} if uid.strip() == "usr_gus" else refusals(world.agent, home, "handover", {"anybody": uid})
        assert not found or "from the list" in found["anybody"]
    with unit_of_work(SYSTEM) as work:
        work.session.scalars(select(User).where(User.uid == "usr_ada")).one().is_active = False
    assert "from the list" in refusals(world.agent, home, "handover", {"anybody": "usr_ada"})["anybody"]
    submit(world.agent, home, "handover", {"anybody": "usr_rae"})
    step = now(home).step("handover")
    assert step is not None
    assert step.answers["anybody"] == "usr_rae"
    assert step.labels == {PEOPLE: {"usr_rae": "Rae Reader"}}


@pytest.mark.requirement("Q12")
def test_a_person_belongs_to_the_department_that_is_chosen(world: World, home: str) -> None:
    """`who` stands before `team_of` in the file: the order of the questions opens no way around."""
    wrong = {"who": "usr_rae", "team_of": "dep_repairs"}
    assert "there is no such user of that department" in refusals(world.agent, home, "handover", wrong)["who"]
    assert "from the list" in refusals(world.agent, home, "handover", {"team_of": "dep_gone"})["team_of"]
    submit(world.agent, home, "handover", {"who": "usr_gus", "team_of": "dep_repairs"})
    step = now(home).step("handover")
    assert step is not None
    assert step.labels == {PEOPLE: {"usr_gus": "Gus Agent"}, DEPARTMENTS: {"dep_repairs": "Repairs"}}


@pytest.mark.requirement("Q12")
def test_departments_and_people_are_found(world: World, home: str) -> None:
    with unit_of_work(SYSTEM) as work:
        for n in range(25):
            work.session.add(
                User(
                    kind="staff", uid=f"usr_x{n:02}", email=f"x{n}@x.example", name=f"Xena {n:02}", created_at=work.now
                )
            )
        gus = work.session.scalars(select(User).where(User.uid == "usr_gus")).one()
        work.session.add(
            Department(uid="dep_off", name="Closed", is_active=False, members=[DepartmentMember(user=gus)])
        )
    everybody = options(world.agent, home, PEOPLE)
    assert (len(everybody.options), everybody.more) == (20, True)
    assert [one.label for one in everybody.options[:3]] == ["Ada Admin", "Gus Agent", "Rae Reader"]
    assert [one.value for one in options(world.agent, home, PEOPLE, "xena 07").options] == ["usr_x07"]
    assert [one.value for one in options(world.agent, home, PEOPLE, "x7@x").options] == ["usr_x07"]
    assert options(world.agent, home, PEOPLE, "%").options == ()
    assert options(world.agent, home, PEOPLE, "priya").options == ()
    assert [one.value for one in options(world.agent, home, PEOPLE, "", "dep_repairs").options] == ["usr_gus"]
    assert options(world.agent, home, PEOPLE, "", "dep_off").options == ()
    assert [one.label for one in options(world.agent, home, DEPARTMENTS).options] == ["Repairs"]


def test_customers_read_no_addresses_of_staff(world: World, home: str) -> None:
    place = Place(datetime.now(UTC), "UTC")
    found = lookups.search(read_as(world.tenant), place, PEOPLE)
    assert {one.detail for one in found.options} == {""}
    assert lookups.search(read_as(world.tenant), place, PEOPLE, "gus@example.com").options == ()
    assert options(world.agent, home, PEOPLE, "gus@example.com").options[0].detail == "gus@example.com"


@pytest.mark.requirement("X1")
def test_only_who_is_asked_the_question_may_ask_for_its_options(world: World, home: str) -> None:
    letting = begin(world)
    allowed = options(world.tenant, home, "test.streets")
    assert (len(allowed.options), allowed.more) == (20, True)
    assert options(world.agent, letting, "housing.agreements").options == ()
    for actor, ref, source in (
        (world.tenant, letting, "housing.agreements"),
        (world.tenant, home, "housing.agreements"),
        (world.tenant, home, PEOPLE),
        (world.tenant, letting, "housing.key_slots"),
        (world.reader, letting, "housing.agreements"),
        (world.agent, home, "test.nothing"),
        (world.agent, letting, "test.estates"),
        (world.stranger, home, "test.streets"),
    ):
        with pytest.raises(Refused):
            options(actor, ref, source)
    submit(world.tenant, home, "home", {})
    with pytest.raises(Refused):
        options(world.tenant, home, "test.streets")


@pytest.mark.requirement("C24", "X17")
def test_what_is_asked_at_the_start_is_chosen_too(world: World) -> None:
    with pytest.raises(Invalid) as refused, unit_of_work(world.agent) as work:
        beginning.start_by_staff(work, "choosing", "usr_priya", Wish(fields={"team": "dep_gone"}))
    assert "from the list" in refused.value.by_field()["fields-team"]
    with unit_of_work(world.agent) as work:
        begun = beginning.start_by_staff(work, "choosing", "usr_priya", Wish(fields={"team": "dep_repairs"}))
        assert begun.inputs["team"] == "dep_repairs"


# --- times to collect the keys ----------------------------------------------------------------------------------


def slots(at: datetime, chosen: frozenset[str] = frozenset()) -> tuple[Place, list[tuple[str, str]]]:
    place = Place(at, "Asia/Tokyo", chosen={"housing.key_slots": chosen})
    found = lookups.search(read_as(SYSTEM), place, "housing.key_slots")
    return place, [(one.value, one.label) for one in found.options]


@pytest.mark.requirement("X3")
def test_slots_are_the_next_ten_on_working_days_of_england(world: World) -> None:
    _, found = slots(datetime(2026, 11, 24, 9, 0, tzinfo=UTC))
    assert len(found) == 10
    assert found[0] == ("2026-11-24T10:00+00:00", "Tuesday 24 November, 10:00am")
    assert found[1] == ("2026-11-24T14:00+00:00", "Tuesday 24 November, 2:00pm")
    assert found[-1] == ("2026-11-30T14:00+00:00", "Monday 30 November, 2:00pm")
    _, at_ten = slots(datetime(2026, 11, 24, 10, 0, tzinfo=UTC))
    assert at_ten[0][0] == "2026-11-24T14:00+00:00", "a time that has come cannot be chosen any more"
    _, christmas = slots(datetime(2026, 12, 24, 15, 0, tzinfo=UTC))
    assert [label for _, label in christmas[:2]] == ["Tuesday 29 December, 10:00am", "Tuesday 29 December, 2:00pm"]
    _, summer = slots(datetime(2026, 3, 27, 16, 0, tzinfo=UTC))
    assert summer[0] == ("2026-03-30T10:00+01:00", "Monday 30 March, 10:00am"), "the clocks change on the 29th"


@pytest.mark.requirement("X3")
def test_a_slot_stays_valid_for_who_chose_it(world: World) -> None:
    place, found = slots(datetime(2026, 11, 24, 9, 0, tzinfo=UTC))
    first = found[0][0]
    assert lookups.one(read_as(SYSTEM), place, "housing.key_slots", first) is not None
    later = datetime(2026, 11, 24, 11, 0, tzinfo=UTC)
    anybody, _ = slots(later)
    theirs, _ = slots(later, frozenset({first}))
    assert lookups.one(read_as(SYSTEM), anybody, "housing.key_slots", first) is None
    kept = lookups.one(read_as(SYSTEM), theirs, "housing.key_slots", first)
    assert kept is not None
    assert kept.label == "Tuesday 24 November, 10:00am"
    for nonsense in ("", "soon", "2026-11-24", "2026-11-24T10:00", "2026-11-24T10:00+05:00", "9" * 500):
        assert lookups.one(read_as(SYSTEM), place, "housing.key_slots", nonsense) is None


# --- choices for forms ------------------------------------------------------------------------------------------


def choices_of(
    world: World, ref: str, step: str, values: Mapping[str, Any], typed: Callable[[str], str | None] = lambda _one: None
) -> dict[str, choosing.Choices]:
    actor = world.tenant if step != "handover" else world.agent
    instance = access.instance_to_read(actor, ref)
    definition = versions.definition_of(read_as(actor), instance)
    return choosing.choices_of_step(actor, instance, definition, step, values, datetime.now(UTC), typed)


def test_choices_hold_what_was_chosen_and_what_is_searched(world: World, home: str) -> None:
    found = choices_of(world, home, "home", {"street": "s29", "shops": ["s28", "nonsense"], "visits": [{}, {}]})
    assert found.keys() == {"street", "shops", "area", "visits-0-moment", "visits-1-moment"}
    assert found["street"].pairs[0] == ("s29", "Street 29 (Leeds)")
    assert len(found["street"].pairs) == 21
    assert found["street"].is_search
    assert [value for value, _ in found["shops"].pairs][:2] == ["s28", "s00"]
    assert found["area"].pairs == (("north", "North"), ("south", "South"))
    assert not found["area"].is_search
    assert asked.count(("streets", "")) == 1, "the same question is asked once"
    searched = choices_of(world, home, "home", {}, lambda control: "street 1" if control == "street" else None)
    assert [value for value, _ in searched["street"].pairs] == [f"s{n}" for n in range(10, 20)]
    assert searched["shops"].searched is None


def test_choices_of_people_follow_the_department(world: World, home: str) -> None:
    with unit_of_work(SYSTEM) as work:
        rae = work.session.scalars(select(User).where(User.uid == "usr_rae")).one()
        work.session.add(Department(uid="dep_x", name="Lettings", members=[DepartmentMember(user=rae)]))
    nobody = choices_of(world, home, "handover", {})
    assert nobody["who"].waits, "people of a department are chosen once it is known"
    assert nobody["who"].pairs == ()
    assert len(nobody["anybody"].pairs) == 3
    assert not nobody["anybody"].is_search
    chosen = choices_of(world, home, "handover", {"team_of": "dep_x", "who": "usr_gus"})
    assert chosen["who"].pairs == (("usr_rae", "Rae Reader (rae@example.com)"),), "who is of another team is no choice"


def test_choices_that_cannot_be_asked_say_so(world: World, home: str) -> None:
    found = choices_of(world, home, "trouble", {"away": "a"})
    assert {name: one.away for name, one in found.items()} == {"away": True, "broken": True, "odd": True}
    assert found["away"].pairs == ()

"""The three boxes, the department's queue, comments, and tasks on a case (B3, B7 to B12, B31 to B33)."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import select

from flows import access, catalogue
from flows.actions import commenting
from flows.clock import clock
from flows.models import Organisation
from flows.queries import boxes, family, grid, timeline
from flows.rules.actors import SYSTEM
from flows.rules.errors import Invalid, Refused
from flows.work import end_reading, unit_of_work
from tests.stages.desk import Desk


@pytest.mark.requirement("B31", "B32", "B33", "Q9", "Q16")
def test_the_boxes_are_right_for_each_person_at_each_moment(desk: Desk) -> None:
    desk.make_task(by="gus", assignee="usr_rob")
    ref = desk.ref

    def where(who: str) -> set[str]:
        return {box for box in boxes.BOXES if ref in desk.box(who, box)}

    assert (where("gus"), where("rob"), where("liv")) == ({"created"}, {"pending"}, set())
    desk.forward("rob", "lettings", "liv", "Please look")
    assert (where("gus"), where("rob"), where("liv")) == ({"created"}, {"related"}, {"pending"})
    desk.act("liv", "doing")
    assert where("liv") == {"pending"}
    desk.act("liv", "reply", "What exactly?")
    assert (where("gus"), where("liv")) == ({"created", "pending"}, {"related"})
    desk.comment("lea", "I was there")
    assert where("lea") == {"related"}
    desk.act("gus", "cancel", "Not needed")
    assert (where("gus"), where("rob")) == ({"created"}, {"related"})


@pytest.mark.requirement("B10", "Q15")
def test_a_manager_sees_what_is_and_was_in_the_department(desk: Desk) -> None:
    desk.make_task(by="gus", assignee="usr_rob")
    ref = desk.ref
    repairs, lettings = (next(iter(desk.people[who].manages)) for who in ("gus", "lea"))

    def of(department: int, **more: bool) -> list[str]:
        end_reading()
        page = boxes.of_department(desk.people["ada"], department, clock.now(), boxes.Filters(**more))
        return [one.reference for one in page.rows]

    assert (of(repairs), of(lettings)) == ([ref], [])
    desk.forward("rob", "lettings", "liv")
    assert (of(repairs), of(lettings)) == ([ref], [ref])
    assert (of(repairs, open=True), of(lettings, open=True)) == ([], [ref])
    assert "doing" in desk.actions("lea")
    assert "doing" not in desk.actions("gus")


@pytest.mark.requirement("B12")
def test_comments_for_everybody_and_for_staff_alone(desk: Desk) -> None:
    desk.raise_case()
    desk.comment("gus", "We come on Monday")
    desk.comment("gus", "Bring two people", is_internal=True)
    desk.comment("priya", "Thank you", is_internal=True)
    kinds = ("commented", "commented_internally")
    seen = [entry.sentence for entry in timeline.of_instance(desk.people["priya"], desk.now()) if entry.kind in kinds]
    assert seen == ["We come on Monday", "Thank you"]
    staff = [entry.sentence for entry in timeline.of_instance(desk.people["gus"], desk.now()) if entry.kind in kinds]
    assert staff == ["We come on Monday", "Bring two people", "Thank you"]
    with pytest.raises(Invalid):
        desk.comment("gus", " ")
    with pytest.raises(Invalid):
        desk.comment("gus", "x" * 4001)
    with pytest.raises(Refused):
        desk.comment("stan", "Hello")


@pytest.mark.requirement("B3", "B7")
def test_a_task_on_a_case_and_one_that_the_client_does_not_see(desk: Desk) -> None:
    desk.raise_case()
    case = desk.ref
    desk.make_task(parent=case)
    shown = desk.ref
    desk.make_task(parent=case, is_internal=True, fields={"subject": "Check his record"})
    hidden = desk.ref
    end_reading()
    definition = catalogue.current().flows["department-request"].definition
    seen = [one.reference for one in family.children(desk.people["priya"], desk.now(case), definition)]
    assert seen == [shown]
    end_reading()
    assert len(family.children(desk.people["gus"], desk.now(case), definition)) == 2
    end_reading()
    with pytest.raises(Refused):
        access.instance_to_read(desk.people["priya"], hidden)
    assert [one.reference for one in boxes.cases(desk.people["priya"], clock.now()).rows] == [case]
    told = [entry.sentence for entry in timeline.of_instance(desk.people["priya"], desk.now(case))]
    assert not any("record" in sentence for sentence in told)


@pytest.mark.requirement("B7")
def test_work_of_the_house_belongs_to_no_customer(desk: Desk) -> None:
    instance = desk.make_task()
    organisation = access.read_as(SYSTEM).get_one(Organisation, instance.organisation_id)
    assert (organisation.kind, instance.reference[:3]) == ("house", "WT-")
    desk.make_task()
    end_reading()
    houses = access.read_as(SYSTEM).scalars(select(Organisation).where(Organisation.kind == "house")).all()
    assert len(houses) == 1
    assert grid.tasks(desk.people["ada"], clock.now()).rows == []


@pytest.mark.requirement("B8")
def test_priority(desk: Desk) -> None:
    desk.make_task(priority="high")
    with unit_of_work(desk.people["gus"]) as work:
        commenting.change_priority(work, access.instance_to_change(work, desk.ref), "urgent")
    assert desk.now().priority == "urgent"
    with pytest.raises(Invalid), unit_of_work(desk.people["gus"]) as work:
        commenting.change_priority(work, access.instance_to_change(work, desk.ref), "now")
    with pytest.raises(Refused), unit_of_work(desk.people["priya"]) as work:
        commenting.change_priority(work, access.instance_to_change(work, desk.ref), "low")


@pytest.mark.parametrize("box", list(boxes.BOXES))
def test_a_box_is_one_statement_whatever_it_holds(
    desk: Desk, box: str, count_statements: Callable[[], list[str]]
) -> None:
    def made() -> int:
        counted = count_statements()
        desk.box("gus", box)
        return len(counted)

    desk.make_task(by="gus", assignee="usr_gus")
    few = made()
    for _ in range(5):
        desk.make_task(by="gus", assignee="usr_rob")
        desk.forward("rob", "lettings", "liv")
    assert made() == few <= 2

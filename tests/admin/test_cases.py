"""Cases and department tasks at the staff's door: boxes, boards, the page of one, and its actions (A6, A7)."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from flask import Flask

from flows.actions import organisations
from flows.rules.errors import Refused
from flows.work import unit_of_work
from tests.portal.browsing import Visitor
from tests.stages.desk import Desk, desk

__all__ = ["desk"]

pytestmark = pytest.mark.parametrize("database", ["sqlite"])


@pytest.fixture
def at(app: Flask, desk: Desk) -> Callable[[str], Visitor]:
    """`at("gus")`: their browser."""
    return lambda who: Visitor(app, desk.people[who])


def rows(page: str) -> set[str]:
    return set(re.findall(r'id="(?:row|card)-([A-Z]+-\d+)"', page))


@pytest.mark.requirement("B31", "B32", "B33", "B34")
def test_the_three_boxes_and_the_board(at: Callable[[str], Visitor], desk: Desk) -> None:
    desk.make_task(by="gus", assignee="usr_rob")
    ref = desk.ref
    assert rows(at("rob").get("/admin/board/")) == {ref}
    assert rows(at("gus").get("/admin/board/")) == set()
    assert rows(at("gus").get("/admin/board/?tab=created")) == {ref}
    desk.forward("rob", "lettings", "liv")
    assert rows(at("rob").get("/admin/board/?tab=related")) == {ref}
    assert rows(at("lea").get("/admin/board/?tab=dep_lettings")) == {ref}
    board = at("liv").get("/admin/board/?look=board")
    assert rows(board) == {ref}
    assert f"/admin/board/{ref}/act/doing" in board
    assert f"/admin/board/{ref}/act/complete" not in board


@pytest.mark.requirement("B7", "B14", "B15", "B19", "B12")
def test_a_task_from_its_creation_to_its_end(at: Callable[[str], Visitor], desk: Desk) -> None:
    gus, liv = at("gus"), at("liv")
    new = "/admin/board/new?flow=department-task"
    wrong = gus.send(new, "/admin/board/new", subject="", priority="high")
    assert wrong.status_code == 422
    assert "Enter the subject" in wrong.text
    made = gus.send(new, "/admin/board/new", subject="Inspect the damp", department="dep_repairs", assignee="usr_gus",
                    priority="high")  # fmt: skip
    assert made.status_code == 303, made.text
    desk.ref = made.headers["Location"].rpartition("/")[2]
    page = f"/admin/board/{desk.ref}"
    assert gus.send(f"{page}/act/doing").status_code == 303
    refused = gus.send(f"{page}/act/forward", to_department="dep_lettings", to_user="usr_rob", comment="Over to you")
    assert refused.status_code == 422
    assert "Over to you" in refused.text
    sent = gus.send(f"{page}/act/forward", to_department="dep_lettings", to_user="usr_liv", comment="Over to you")
    assert sent.status_code == 303
    assert desk.assignee() == "liv"
    assert "Over to you" in liv.get(page)
    assert liv.post(f"{page}/comment", text="").status_code == 422
    assert liv.post(f"{page}/comment", text="Seen <b>it</b>", internal="1").status_code == 303
    assert "Seen &lt;b&gt;it&lt;/b&gt;" in liv.get(page)
    assert liv.send(f"{page}/act/complete").status_code == 422
    assert liv.send(f"{page}/act/complete", comment="Dried").status_code == 303
    done = liv.get(page)
    assert "Dried" in done
    assert "Time per stage" in done


def test_an_older_page_says_so_and_keeps_the_words(at: Callable[[str], Visitor], desk: Desk) -> None:
    desk.make_task(by="gus", assignee="usr_gus")
    page = f"/admin/board/{desk.ref}/act/cancel"
    seen = desk.now().version
    desk.act("gus", "doing")
    late = at("gus").send(page, comment="Not needed", version=str(seen))
    assert late.status_code == 412
    assert "Not needed" in late.text
    again = re.search(r'name="version" value="(\d+)"', late.text)
    assert again
    assert int(again[1]) == desk.now().version
    assert desk.now().state == "InProgress"


def test_who_may_not_is_told_and_nothing_changes(at: Callable[[str], Visitor], desk: Desk) -> None:
    desk.make_task(by="gus", assignee="usr_gus")
    page = f"/admin/board/{desk.ref}"
    assert at("liv").post(f"{page}/act/doing").status_code == 403
    assert "/act/" not in at("liv").get(page)
    at("liv").get("/admin/board/TI-9999", 404)
    at("gus").get(f"{page}/act/nonsense", 404)
    assert desk.now().state == "New"


@pytest.mark.requirement("B3", "X8")
def test_cases_their_tasks_and_several_at_once(at: Callable[[str], Visitor], desk: Desk) -> None:
    desk.raise_case()
    case, who = desk.ref, desk.assignee() or ""
    visitor = at(who)
    assert rows(visitor.get("/admin/cases/")) == {case}
    assert rows(visitor.get("/admin/cases/?q=noise")) == {case}
    assert rows(visitor.get("/admin/cases/?q=nothing")) == set()
    made = visitor.send(f"/admin/board/new?flow=department-task&parent={case}", "/admin/board/new", subject="Ask him",
                        department="dep_repairs")  # fmt: skip
    assert made.status_code == 303, made.text
    assert "Ask him" in visitor.get(f"/admin/cases/{case}")
    desk.ref = case
    asked = visitor.get(f"/admin/cases/bulk/cancel?ref={case}&ref=TI-9")
    assert "1 chosen" in asked
    bulk = "/admin/cases/bulk/cancel"
    assert visitor.post(bulk, ref=[case], _action="go").status_code == 422
    done = visitor.post(bulk, ref=[case], _action="go", comment="Withdrawn")
    assert done.status_code == 303
    assert desk.now().state == "Cancelled"
    assert visitor.post(bulk, ref=[case], _action="go", comment="x").status_code == 303


def test_due_date_priority_and_assignment(at: Callable[[str], Visitor], desk: Desk) -> None:
    desk.make_task(by="gus")
    page, gus = f"/admin/board/{desk.ref}", at("gus")
    assert gus.send(f"{page}/priority", priority="urgent").status_code == 303
    assert gus.send(f"{page}/due", due_at="2026-12-01T12:00", reason="On leave").status_code == 303
    assert gus.send(f"{page}/due", due_at="2020-12-01T12:00").status_code == 422
    assert gus.send(f"{page}/assign", assignee="usr_liv", note="Yours").status_code == 303
    assert gus.send(f"{page}/assign", assignee="usr_priya").status_code == 422
    instance = desk.now()
    assert (instance.priority, desk.assignee(), instance.due_at.date().isoformat()) == ("urgent", "liv", "2026-12-01")  # type: ignore[union-attr]


@pytest.mark.parametrize("path", ["/admin/board/?tab=created", "/admin/board/?tab=created&look=board", "/admin/cases/"])
def test_a_list_makes_as_many_statements_for_many_rows(
    at: Callable[[str], Visitor], desk: Desk, path: str, count_statements: Callable[[], list[str]]
) -> None:
    gus = at("gus")

    def made() -> int:
        counted = count_statements()
        gus.get(path)
        return len(counted)

    desk.make_task()
    desk.raise_case()
    few = made()
    for _ in range(8):
        desk.make_task(assignee="usr_gus")
        desk.raise_case()
    assert made() == few <= 8


def test_the_page_of_a_case_takes_few_statements(
    at: Callable[[str], Visitor], desk: Desk, count_statements: Callable[[], list[str]]
) -> None:
    desk.raise_case()
    gus = at("gus")
    gus.get("/admin/")
    counted = count_statements()
    gus.get(f"/admin/cases/{desk.ref}")
    assert len(counted) <= 11, "\n".join(counted)


@pytest.mark.requirement("B7")
def test_the_house_is_no_customer(at: Callable[[str], Visitor], desk: Desk) -> None:
    """It owns the tasks that no customer is behind, and stands in no list of customers."""
    house = desk.make_task().organisation
    ada = at("ada")
    for search in ("", f"?search={house.name}"):
        assert house.uid not in ada.get(f"/admin/organisations/{search}")
    assert house.uid not in ada.get("/admin/organisations/export/csv/")
    assert "cus_shah" in ada.get("/admin/organisations/")
    for page in ("", "/edit", "/turn-off"):
        ada.get(f"/admin/organisations/{house.uid}{page}", 404)
    with pytest.raises(Refused, match="No such customer"), unit_of_work(desk.people["ada"]) as work:
        organisations.turn(work, house.uid, False)

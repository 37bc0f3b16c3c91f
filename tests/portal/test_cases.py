"""Cases at the customer's door: raised, commented, steered as far as a client may, and nothing internal (P12)."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from tests.portal.browsing import Visitor, bare
from tests.stages.desk import SUBJECT, Desk, desk

__all__ = ["desk"]

pytestmark = pytest.mark.parametrize("database", ["sqlite"])
NEW = {name: value for name, value in SUBJECT.items() if value}


@pytest.fixture
def priya(app: Flask, desk: Desk) -> Visitor:
    return Visitor(app, desk.people["priya"])


@pytest.mark.requirement("B1", "B3", "B5")
def test_a_client_raises_a_case_and_finds_it_again(priya: Visitor, desk: Desk) -> None:
    wrong = priya.send("/cases/new", subject="", details="Every night")
    assert wrong.status_code == 422
    assert "Every night" in wrong.text
    sent = priya.send("/cases/new", **NEW)
    assert sent.status_code == 303, sent.text
    ref = sent.headers["Location"].rpartition("/")[2]
    page = priya.get(f"/cases/{ref}")
    assert "Received" in page
    assert "Repairs" in page
    assert "Noise from flat 4" in priya.get("/cases")
    assert "Noise from flat 4" not in priya.get("/tasks")


@pytest.mark.requirement("B4", "Q14")
def test_the_statuses_that_a_client_may_set(priya: Visitor, desk: Desk) -> None:
    desk.raise_case()
    page = f"/cases/{desk.ref}"
    shown = priya.get(page)
    assert all(f"/act/{name}" in shown for name in ("cancel", "customer_start", "customer_close"))
    assert not any(f"/act/{name}" in shown for name in ("forward", "reply", "doing", "complete", "reopen"))
    for name in ("forward", "reply", "nonsense"):
        priya.get(f"{page}/act/{name}", 404)
        assert priya.post(f"{page}/act/{name}").status_code in (403, 404)
    assert priya.send(f"{page}/act/cancel", comment=" ").status_code == 422
    assert priya.send(f"{page}/act/cancel", comment="It stopped").status_code == 303
    closed = priya.get(page)
    assert "It stopped" in closed
    assert "/act/reopen" in closed


@pytest.mark.requirement("B11", "B12")
def test_nothing_internal_reaches_a_client(priya: Visitor, desk: Desk) -> None:
    desk.raise_case()
    case, who = desk.ref, desk.assignee() or ""
    desk.comment(who, "SECRET-NOTE about the neighbour", is_internal=True)
    desk.comment(who, "We come on Monday")
    desk.make_task(parent=case, is_internal=True, fields={"subject": "SECRET-TASK"})
    hidden = desk.ref
    desk.ref = case
    desk.forward(who, "lettings", "liv", "SECRET-FORWARD")
    page = priya.get(f"/cases/{case}")
    assert "We come on Monday" in page
    assert "SECRET" not in page
    assert "Liv" not in page
    assert "Lettings" not in page
    missing = bare(priya.get("/cases/WT-9999", 404)).replace("WT-9999", "X")
    assert bare(priya.get(f"/cases/{hidden}", 404)).replace(hidden, "X") == missing
    assert bare(priya.get(f"/tasks/{hidden}", 404)).replace(hidden, "X") == bare(
        priya.get("/tasks/WT-9999", 404)
    ).replace("WT-9999", "X")


def test_a_foreign_case_is_not_there(app: Flask, desk: Desk) -> None:
    desk.raise_case()
    stan = Visitor(app, desk.people["stan"])
    for path in ("", "/act/cancel"):
        stan.get(f"/cases/{desk.ref}{path}", 404)
    assert stan.post(f"/cases/{desk.ref}/comment", text="Hello").status_code == 404
    assert stan.post(f"/cases/{desk.ref}/act/cancel", comment="Mine").status_code == 404


def test_a_comment_is_kept_when_it_is_refused(priya: Visitor, desk: Desk) -> None:
    desk.raise_case()
    assert priya.post(f"/cases/{desk.ref}/comment", text=" ").status_code == 422
    assert priya.post(f"/cases/{desk.ref}/comment", text="x" * 4001).status_code == 422
    assert priya.post(f"/cases/{desk.ref}/comment", text="Thank <you>").status_code == 303
    assert "Thank &lt;you&gt;" in priya.get(f"/cases/{desk.ref}")


def test_links_of_mails_lead_everybody_to_their_own_page(app: Flask, priya: Visitor, desk: Desk) -> None:
    desk.raise_case()
    staff = Visitor(app, desk.people["gus"]).client.get(f"/cases/{desk.ref}")
    assert staff.headers["Location"] == f"/admin/cases/{desk.ref}"
    assert priya.client.get(f"/tasks/{desk.ref}").headers["Location"] == f"/cases/{desk.ref}"


def test_pages_take_few_statements_whatever_there_is(
    priya: Visitor, desk: Desk, count_statements: Callable[[], list[str]]
) -> None:
    def made(path: str) -> int:
        counted = count_statements()
        priya.get(path)
        return len(counted)

    desk.raise_case()
    priya.get("/cases")
    few = made("/cases")
    for _ in range(6):
        desk.raise_case()
    assert made("/cases") == few <= 8
    counted = count_statements()
    priya.get(f"/cases/{desk.ref}")
    assert len(counted) <= 8, "\n".join(counted)

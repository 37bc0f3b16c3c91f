"""Cases and tasks through the API alone, by the client's phone and by those of staff (B3 to B34, D5)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from flows.rules.actors import Actor
from tests.api.conftest import Phone, new_key
from tests.stages.desk import SUBJECT, Desk, desk

__all__ = ["desk"]

ANSWERS = {name: value for name, value in SUBJECT.items() if value}


@pytest.fixture
def phone(signed_in: Callable[[Actor], Phone], desk: Desk) -> Callable[[str], Phone]:
    return lambda who: signed_in(desk.people[who])


@pytest.mark.requirement("D5", "B3", "B4", "B12")
def test_a_case_from_the_phone(phone: Callable[[str], Phone], desk: Desk) -> None:
    priya = phone("priya")
    wrong = priya.post("/cases", {"flow": "department-request", "answers": {"subject": ""}}, key=new_key())
    assert wrong.status_code == 422
    assert "#/answers/subject" in {one["pointer"] for one in wrong.json["errors"]}
    key = new_key()
    made = priya.post("/cases", {"flow": "department-request", "answers": ANSWERS}, key=key)
    assert made.status_code == 201, made.text
    case = made.json
    assert priya.post("/cases", {"flow": "department-request", "answers": ANSWERS}, key=key).json == case
    assert case["id"].startswith("ca_")
    assert case["state_label"] == "Received"
    assert {action["name"] for action in case["actions"]} == {"cancel", "customer_start", "customer_close"}
    path = f"/cases/{case['id']}"
    assert [row["id"] for row in priya.get("/cases").json["data"]] == [case["id"]]
    tag = priya.get(path).headers["ETag"]
    started = priya.post(f"{path}/status", {"status": "in_progress"}, key=new_key(), etag=tag)
    assert started.json["state"] == "InProgress"
    stale = priya.post(f"{path}/status", {"status": "cancelled", "comment": "x"}, key=new_key(), etag=tag)
    assert stale.status_code == 412
    refused = priya.post(f"{path}/status", {"status": "cancelled"}, key=new_key())
    assert refused.json["errors"][0]["pointer"] == "#/comment"
    assert priya.post(f"{path}/status", {"status": "reopened"}, key=new_key()).status_code == 409
    said = priya.post(f"{path}/comments", {"text": "Thank you", "client_visible": False}, key=new_key())
    assert said.json["client_visible"] is True
    desk.ref = case["reference"]
    desk.comment(desk.assignee() or "", "SECRET", is_internal=True)
    assert [one["text"] for one in priya.get(f"{path}/comments").json["data"]] == ["Thank you"]
    assert "SECRET" not in priya.get(path).text
    assert priya.get(f"/instances/{case['id']}").status_code == 404


@pytest.mark.requirement("D5", "B14", "B15", "B19", "B31", "B32", "B33")
def test_staff_pass_a_task_on(phone: Callable[[str], Phone], desk: Desk) -> None:
    gus, liv = phone("gus"), phone("liv")
    body = {"flow": "department-task", "answers": {"subject": "Inspect", "department": "dep_repairs"},
            "assignee_id": "usr_gus", "priority": "high"}  # fmt: skip
    task = gus.post("/tasks", body, key=new_key()).json
    assert task["id"].startswith("wt_")
    actions = f"/tasks/{task['id']}/actions"
    assert gus.post(f"{actions}/complete", {"comment": "x"}, key=new_key()).status_code == 409
    assert liv.post(f"{actions}/doing", {}, key=new_key()).status_code == 403
    assert gus.post(f"{actions}/doing", {}, key=new_key()).json["state"] == "InProgress"
    wrong = gus.post(f"{actions}/forward", {"fields": {"to_department": "dep_lettings", "to_user": "usr_rob"}},
                     key=new_key())  # fmt: skip
    assert wrong.json["errors"][0]["pointer"] == "#/fields/to_user"
    fields = {"to_department": "dep_lettings", "to_user": "usr_liv"}
    sent = gus.post(f"{actions}/forward", {"fields": fields, "comment": "Yours"}, key=new_key())
    assert sent.json["assignee"]["name"] == "Liv Colleague"
    boxes = {box: [row["id"] for row in liv.get(f"/tasks?box={box}").json["data"]] for box in ("pending", "related")}
    assert boxes == {"pending": [task["id"]], "related": []}
    assert [row["id"] for row in gus.get("/tasks?box=created").json["data"]] == [task["id"]]
    assert gus.post(f"{actions}/nonsense", {}, key=new_key()).status_code == 404
    done = liv.post(f"{actions}/complete", {"comment": "Dried"}, key=new_key())
    assert (done.json["status"], done.json["close_message"]) == ("completed", "Dried")


def test_a_task_on_a_case_and_what_is_not_there(phone: Callable[[str], Phone], desk: Desk) -> None:
    desk.raise_case()
    case, priya, gus = desk.now().uid, phone("priya"), phone("gus")
    body = {"flow": "department-task", "answers": {"subject": "SECRET", "department": "dep_repairs"}, "case_id": case}
    hidden = gus.post("/tasks", {**body, "client_visible": False}, key=new_key()).json
    shown = gus.post("/tasks", {**body, "answers": {**body["answers"], "subject": "Visit"}}, key=new_key()).json  # type: ignore[dict-item]
    assert [row["id"] for row in priya.get(f"/cases/{case}/tasks").json["data"]] == [shown["id"]]
    assert "SECRET" not in priya.get(f"/cases/{case}").text
    foreign, missing = priya.get(f"/tasks/{hidden['id']}"), priya.get("/tasks/wt_nothing")
    assert (foreign.status_code, foreign.json["detail"]) == (404, missing.json["detail"])
    assert priya.get("/tasks").status_code == 403
    assert phone("stan").get(f"/cases/{case}").status_code == 404


def test_lists_and_details_take_few_statements(
    phone: Callable[[str], Phone], desk: Desk, count_statements: Callable[[], list[str]]
) -> None:
    gus = phone("gus")

    def made(path: str) -> int:
        counted = count_statements()
        gus.get(path)
        return len(counted)

    desk.raise_case()
    gus.get("/me")
    few = made("/cases")
    for _ in range(5):
        desk.raise_case()
    assert made("/cases") == few <= 6
    assert made(f"/cases/{desk.now().uid}") <= 10

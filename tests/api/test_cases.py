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


@pytest.mark.requirement("B7", "B8", "D5")
def test_staff_raise_a_case_for_a_customer_and_make_a_task_on_it(phone: Callable[[str], Phone], desk: Desk) -> None:
    gus, priya = phone("gus"), phone("priya")
    wrong = gus.post(
        "/tasks",
        {"flow": "department-request", "answers": {"subject": ""}, "customer_id": "usr_nobody", "assignee_id": "usr_x"},
        key=new_key(),
    )
    assert wrong.status_code == 422, wrong.text
    assert {"#/answers/subject", "#/customer_id", "#/assignee_id"} <= {one["pointer"] for one in wrong.json["errors"]}
    body = {"flow": "department-request", "answers": ANSWERS, "customer_id": desk.world.household, "priority": "low"}
    made = gus.post("/tasks", body, key=new_key())
    assert made.status_code == 201, made.text
    case = made.json
    assert made.headers["Location"] == f"/api/v1/cases/{case['id']}"
    assert (case["id"][:3], case["priority"]) == ("ca_", "low")
    assert case["links"]["web"] == f"http://localhost/admin/cases/{case['reference']}"
    assert priya.get(f"/cases/{case['id']}").json["links"]["web"] == f"http://localhost/cases/{case['reference']}"
    assert "add_task" in case["allowed_actions"]
    child = {"flow": "department-task", "answers": {"subject": "Visit", "department": "dep_repairs"}}
    task = gus.post("/tasks", {**child, "case_id": case["id"]}, key=new_key())
    assert (task.status_code, task.json["case_id"]) == (201, case["id"])
    assert task.headers["Location"] == f"/api/v1/tasks/{task.json['id']}"
    assert task.json["links"]["web"] == f"http://localhost/admin/board/{task.json['reference']}"
    assert [one["id"] for one in gus.get(f"/cases/{case['id']}").json["tasks"]] == [task.json["id"]]


@pytest.mark.requirement("B8", "D5")
def test_staff_change_due_date_and_priority(
    phone: Callable[[str], Phone], desk: Desk, signed_in: Callable[[Actor], Phone]
) -> None:
    desk.make_task()
    gus, reader, url = phone("gus"), signed_in(desk.world.reader), f"/tasks/{desk.now().uid}"
    before = gus.get(url)
    assert {"change_due", "change_priority"} <= set(before.json["allowed_actions"])
    body = {"due_at": "2026-11-20T12:00:00Z", "priority": "urgent", "reason": "It rains in"}
    changed = gus.send("PATCH", url, body, {"If-Match": before.headers["ETag"]})
    assert changed.status_code == 200, changed.text
    assert (changed.json["due_at"], changed.json["priority"]) == ("2026-11-20T12:00:00Z", "urgent")
    stale = gus.send("PATCH", url, {"priority": "low"}, {"If-Match": before.headers["ETag"]})
    assert (stale.status_code, stale.json["code"]) == (412, "stale-version")
    only = gus.send("PATCH", url, {"priority": "low"})
    assert (only.json["due_at"], only.json["priority"]) == ("2026-11-20T12:00:00Z", "low")
    none = gus.send("PATCH", url, {"due_at": None})
    assert (none.json["due_at"], none.json["priority"]) == (None, "low")
    past = gus.send("PATCH", url, {"due_at": "2026-10-01T12:00:00Z", "priority": "high"})
    assert (past.status_code, past.json["errors"][0]["pointer"]) == (422, "#/due_at")
    assert gus.get(url).json["priority"] == "low", "all of it, or nothing"
    assert gus.send("PATCH", url, {"priority": "soon"}).status_code == 422
    assert "change_priority" not in reader.get(url).json["allowed_actions"]
    assert reader.send("PATCH", url, {"priority": "high"}).status_code == 403
    assert phone("priya").send("PATCH", url, {"priority": "high"}).status_code == 403


@pytest.mark.requirement("B10", "B31", "D5")
def test_a_task_is_taken_from_the_queue_and_given_back(phone: Callable[[str], Phone], desk: Desk) -> None:
    desk.make_task(fields={"department": "dep_repairs"})
    gus, rob, liv = phone("gus"), phone("rob"), phone("liv")
    url, body = f"/tasks/{desk.now().uid}", {"assignee_id": None, "note": "Whoever has time"}
    if gus.get(url).json["assignee"] is not None:
        assert gus.post(f"{url}/assign", body, key=new_key()).status_code == 200
    [department] = rob.get("/me").json["departments"]
    board = f"/tasks?department_id={department['id']}"
    [row] = rob.get(f"{board}&open=true").json["data"]
    assert (row["id"], row["assignee"], "take" in row["allowed_actions"]) == (url.rpartition("/")[2], None, True)
    assert rob.get(f"{board}&priority=urgent").json["data"] == []
    assert rob.get(f"{board}&overdue=true").json["data"] == []
    assert liv.get(board).status_code == 404, "the board of others"
    assert liv.post(f"{url}/take", key=new_key()).status_code == 403
    taken = rob.post(f"{url}/take", key=new_key())
    assert (taken.status_code, taken.json["assignee"]["id"]) == (200, "usr_rob")
    wrong = gus.post(f"{url}/assign", {"assignee_id": "usr_priya"}, key=new_key())
    assert wrong.json["errors"][0]["pointer"] == "#/assignee_id"
    assert rob.post(f"{url}/assign", body, key=new_key()).status_code == 403
    back = gus.post(f"{url}/assign", body, key=new_key(), etag=gus.get(url).headers["ETag"])
    assert (back.status_code, back.json["assignee"]) == (200, None)
    assert "Whoever has time" in str(back.json["timeline"])

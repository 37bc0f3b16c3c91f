"""Files through the API besides those of steps: with comments, at a start, and private ones (B11, X20)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask

from flows.models import Instance, Upload
from flows.rules.actors import Actor
from tests import samples
from tests.api.conftest import Phone, new_key
from tests.api.test_uploads import send as upload_with
from tests.files_play import look_at_all, ready, repair_flow, send, upload
from tests.portal.story import rows
from tests.stages.desk import Desk, desk

__all__ = ["desk"]


@pytest.fixture(autouse=True)
def served(app: Flask) -> Iterator[None]:
    with repair_flow():
        yield


@pytest.fixture
def phone(signed_in: Callable[[Actor], Phone], desk: Desk) -> Callable[[str], Phone]:
    return lambda who: signed_in(desk.people[who])


def pointers(answer: Any) -> list[tuple[str, str]]:
    assert answer.status_code == 422, answer.text
    return [(one["pointer"], one["code"]) for one in answer.json["errors"]]


@pytest.mark.requirement("B11", "B12", "B33", "D5")
def test_a_comment_brings_files(phone: Callable[[str], Phone], desk: Desk) -> None:
    desk.raise_case()
    priya, path = phone("priya"), f"/cases/{desk.now().uid}"
    photo = upload_with(priya, "door.jpg", samples.picture()).json["id"]
    early = priya.post(f"{path}/comments", {"upload_ids": [photo]}, key=new_key())
    assert pointers(early) == [("#/upload_ids/0", "upload_not_ready")]
    look_at_all()
    key = new_key()
    said = priya.post(f"{path}/comments", {"upload_ids": [photo]}, key=key)
    assert said.status_code == 201, said.text
    file = {"id": photo, "name": "door.jpg", "size": len(samples.picture()), "mime_type": "image/jpeg"}
    assert (said.json["text"], said.json["files"]) == ("", [file])
    again = priya.post(f"{path}/comments", {"upload_ids": [photo]}, key=key)
    assert again.json == said.json, "sent again with its key it is the same comment"
    for who in ("priya", "gus"):
        case = phone(who).get(path).json
        [attached] = case["attachments"]
        assert {name: attached[name] for name in file} == file
        assert (attached["by"], attached["client_visible"], attached["comment_id"]) == (
            "Priya Shah", True, said.json["id"],
        )  # fmt: skip
        assert case["timeline"][-1]["text"] == "Attached door.jpg"
        content = phone(who).get(f"/uploads/{photo}/content")
        assert content.data == samples.picture()
        content.close()
    assert phone("stan").get(f"/uploads/{photo}/content").status_code == 404


@pytest.mark.requirement("B11", "B33")
def test_a_task_of_a_department_takes_them_too(phone: Callable[[str], Phone], desk: Desk) -> None:
    desk.make_task(assignee="usr_gus")
    plan = ready(desk.people["liv"], "plan.pdf", samples.pdf())
    body = {"text": "Look", "upload_ids": [plan], "client_visible": False}
    said = phone("liv").post(f"/tasks/{desk.now().uid}/comments", body, key=new_key())
    assert [one["name"] for one in said.json["files"]] == ["plan.pdf"]
    assert [row["reference"] for row in phone("liv").get("/tasks?box=related").json["data"]] == [desk.ref]
    assert [one["files"] for one in phone("gus").get(f"/tasks/{desk.ref}/comments").json["data"]] == [
        said.json["files"]
    ]


@pytest.mark.requirement("B11")
def test_files_that_cannot_be_attached_are_refused_by_their_place(phone: Callable[[str], Phone], desk: Desk) -> None:
    priya, who = phone("priya"), desk.people["priya"]
    desk.raise_case()
    taken = ready(who)
    first = f"/cases/{desk.ref}/comments"
    assert priya.post(first, {"upload_ids": [taken]}, key=new_key()).status_code == 201
    desk.raise_case()
    comments, foreign = f"/cases/{desk.ref}/comments", ready(desk.people["stan"])
    cut = send(who, "cut.jpg", samples.located()[:9000])
    look_at_all()
    answer = priya.post(comments, {"text": "Look", "upload_ids": [taken, foreign, "up_nobody", cut]}, key=new_key())
    assert pointers(answer) == [
        ("#/upload_ids/0", "upload_missing"),
        ("#/upload_ids/1", "upload_missing"),
        ("#/upload_ids/2", "upload_missing"),
        ("#/upload_ids/3", "upload_refused"),
    ]
    many = priya.post(comments, {"upload_ids": [f"up_{n}" for n in range(11)]}, key=new_key())
    assert pointers(many) == [("#/upload_ids", "too_many")]
    assert pointers(priya.post(comments, {}, key=new_key())) == [("#/text", "required")]
    assert pointers(priya.post(comments, {"upload_ids": [7]}, key=new_key()))[0][0] == "#/upload_ids/0"
    assert phone("stan").post(comments, {"upload_ids": [foreign]}, key=new_key()).status_code == 404
    assert upload(foreign).instance_id is None


@pytest.mark.requirement("B11", "B12")
def test_an_internal_file_reaches_no_client(phone: Callable[[str], Phone], desk: Desk) -> None:
    desk.raise_case()
    priya, path = phone("priya"), f"/cases/{desk.ref}"
    before = priya.get(path).json
    secret = ready(desk.people["gus"], "SECRET-FILE.jpg")
    body = {"text": "SECRET-NOTE", "upload_ids": [secret], "client_visible": False}
    assert phone("gus").post(f"{path}/comments", body, key=new_key()).json["client_visible"] is False
    [attached] = phone("rob").get(path).json["attachments"]
    assert (attached["name"], attached["client_visible"]) == ("SECRET-FILE.jpg", False)
    after = priya.get(path).json
    assert {**after, "updated_at": before["updated_at"]} == before
    assert priya.get(f"{path}/comments").json["data"] == []
    for place in ("", "/content"):
        theirs, nobodys = (priya.get(f"/uploads/{uid}{place}") for uid in (secret, "up_nobody"))
        assert (theirs.status_code, theirs.json["detail"]) == (404, nobodys.json["detail"])
    hijack = priya.post(f"{path}/comments", {"upload_ids": [secret]}, key=new_key())
    assert pointers(hijack) == [("#/upload_ids/0", "upload_missing")]
    assert upload(secret).visible_to == ["staff"]


@pytest.mark.requirement("B11", "X19", "D5")
def test_a_case_is_raised_with_files(phone: Callable[[str], Phone], desk: Desk) -> None:
    priya, who = phone("priya"), desk.people["priya"]
    report, late = ready(who, "report.pdf", samples.pdf()), send(who, "late.jpg")
    body = {"flow": "lost-keys", "answers": {"subject": "Keys", "report": [report, late]}}
    assert pointers(priya.post("/cases", body, key=new_key())) == [("#/answers/report/1", "upload_not_ready")]
    foreign = {"flow": "lost-keys", "answers": {"subject": "Keys", "report": [ready(desk.people["stan"])]}}
    assert pointers(priya.post("/cases", foreign, key=new_key())) == [("#/answers/report/0", "upload_missing")]
    look_at_all()
    made = priya.post("/cases", body, key=new_key())
    assert made.status_code == 201, made.text
    asked = {one["label"]: one for one in made.json["asked"]}
    assert asked["Police report"] == {
        "label": "Police report", "value": "report.pdf, late.jpg", "upload_ids": [report, late],
    }  # fmt: skip
    assert [(one["name"], one["comment_id"]) for one in made.json["attachments"]] == [
        ("report.pdf", None),
        ("late.jpg", None),
    ]
    assert upload(report).instance_id == rows(Instance)[0].id


@pytest.mark.requirement("C10", "X19", "D5")
def test_a_request_is_started_with_files(phone: Callable[[str], Phone], desk: Desk) -> None:
    priya, plan = phone("priya"), ready(desk.people["priya"], "plan.pdf", samples.pdf())
    keys = [{"holder": "Meera", "photo": ["up_nobody"]}]
    body = {"flow": "report-a-repair", "answers": {"plan": [plan], "keys": keys}}
    assert pointers(priya.post("/instances", body, key=new_key())) == [("#/answers/keys/0/photo/0", "upload_missing")]
    assert upload(plan).instance_id is None
    made = priya.post("/instances", {**body, "answers": {"plan": [plan]}}, key=new_key())
    assert made.status_code == 201, made.text
    for who in ("priya", "gus"):
        asked = phone(who).get(f"/instances/{made.json['id']}").json["asked"]
        assert asked[0] == {"label": "Floor plan", "value": "plan.pdf", "upload_ids": [plan]}
        content = phone(who).get(f"/uploads/{plan}/content")
        assert content.data == samples.pdf()
        content.close()
    theirs = {"flow": "report-a-repair", "customer_id": "usr_priya", "fields": {"plan": [plan]}}
    again = phone("gus").post("/staff/instances", theirs, key=new_key())
    assert pointers(again) == [("#/fields/plan/0", "upload_missing")], "it belongs to the first one"


@pytest.mark.requirement("X20", "X10")
def test_a_private_file_of_a_start_is_opened_at_its_door_alone(phone: Callable[[str], Phone], desk: Desk) -> None:
    priya, gus = phone("priya"), phone("gus")
    card = ready(desk.people["priya"], "my-card.jpg")
    body = {"flow": "lost-keys", "answers": {"subject": "Keys", "identity": [card]}}
    made = priya.post("/cases", body, key=new_key())
    assert made.status_code == 201, made.text
    assert "my-card.jpg" not in made.text
    desk.ref, door = made.json["reference"], f"/instances/{made.json['id']}/fields/identity/reveal"
    assert made.json["attachments"] == []
    assert card not in gus.get(f"/cases/{desk.ref}").text
    for place in ("", "/content"):
        assert gus.get(f"/uploads/{card}{place}").status_code == 403
    assert desk.facts("sensitive_read") == []
    clear = gus.post(door)
    assert clear.json["value"] == [card]
    opened = gus.post(f"{door}/{card}")
    assert (opened.status_code, opened.data) == (200, samples.picture())
    opened.close()
    assert len(desk.facts("sensitive_read")) == 2
    assert gus.post(f"{door}/up_nobody").status_code == 404
    assert priya.post(f"{door}/{card}").status_code == 403
    assert len(rows(Upload)) == 1

"""Files through the API: sent once however often it is tried, checked, named in answers, given out."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from werkzeug.datastructures import FileStorage, MultiDict
from werkzeug.test import TestResponse, encode_multipart

from flows.actions import attaching
from flows.models import Effect, Upload
from flows.rules.actors import Actor
from tests import samples
from tests.api.conftest import Phone, new_key
from tests.files_play import begin, look_at_all, repair_flow, upload
from tests.portal.story import rows
from tests.world import World


@pytest.fixture(autouse=True)
def served(app: Flask) -> Iterator[None]:
    with repair_flow():
        yield


@pytest.fixture
def tenant(signed_in: Callable[[Actor], Phone], world: World) -> Phone:
    return signed_in(world.tenant)


def send(phone: Phone, name: str, content: bytes, key: str | None = None, **texts: Any) -> TestResponse:
    parts = {**texts, "file": FileStorage(io.BytesIO(content), name)}
    boundary, body = encode_multipart(MultiDict(parts))
    headers = {"Idempotency-Key": key or new_key()}
    return phone.raw("POST", "/uploads", headers, data=body, content_type=f"multipart/form-data; boundary={boundary}")


def refused(answer: TestResponse) -> tuple[int, str]:
    return answer.status_code, answer.json["code"]


@pytest.mark.requirement("X19", "D5")
def test_a_file_is_sent_checked_named_in_answers_and_given_out(tenant: Phone, world: World) -> None:
    ref = begin(world.agent)
    digest = hashlib.sha256(samples.picture()).hexdigest()
    answer = send(tenant, "ceiling.jpg", samples.picture(), sha256=digest.upper())
    sent = answer.json
    assert answer.status_code == 201
    assert answer.headers["Location"] == f"/api/v1/uploads/{sent['id']}"
    assert (sent["state"], sent["kind"], sent["mime_type"], sent["sha256"]) == (
        "checking",
        "image",
        "image/jpeg",
        digest,
    )
    assert refused(tenant.get(f"/uploads/{sent['id']}/content")) == (409, "upload-not-ready")

    instance = tenant.get(f"/instances/{ref}").json["id"]
    step = tenant.get(f"/instances/{instance}/steps/photos")
    [field] = [one for one in step.json["fields"] if one["key"] == "photos"]
    assert (field["type"], field["accept"], field["max_items"]) == ("file", ["image", "pdf"], 3)
    body = {"answers": {"photos": [sent["id"]]}}
    early = tenant.post(
        f"/instances/{instance}/steps/photos/submissions", body, key=new_key(), etag=step.headers["ETag"]
    )
    assert early.status_code == 422
    [error] = early.json["errors"]
    assert (error["pointer"], error["code"], error["meta"]) == (
        "#/answers/photos/0", "upload_not_ready", {"retry_after": 5},
    )  # fmt: skip

    look_at_all()
    assert tenant.get(f"/uploads/{sent['id']}").json["state"] == "ready"
    done = tenant.post(
        f"/instances/{instance}/steps/photos/submissions", body, key=new_key(), etag=step.headers["ETag"]
    )
    assert done.status_code == 201, done.text
    given = tenant.get(f"/uploads/{sent['id']}/content")
    assert given.data == samples.picture()
    assert given.headers["Content-Disposition"] == "attachment; filename=ceiling.jpg"
    assert given.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    given.close()
    assert refused(tenant.send("DELETE", f"/uploads/{sent['id']}")) == (409, "already-submitted")


@pytest.mark.requirement("X19")
def test_the_same_file_sent_again_is_the_same_upload(tenant: Phone) -> None:
    key = new_key()
    first, again = (send(tenant, "a.jpg", samples.picture(), key) for _ in range(2))
    assert first.json == again.json
    assert again.headers["Idempotent-Replayed"] == "true"
    assert len(rows(Upload)) == len(rows(Effect)) == 1
    assert refused(send(tenant, "b.jpg", samples.picture(), key)) == (422, "idempotency-mismatch")
    assert refused(send(tenant, "a.jpg", samples.picture("JPEG", 61), key)) == (422, "idempotency-mismatch")


def test_a_key_is_needed(tenant: Phone) -> None:
    answer = tenant.raw("POST", "/uploads", data=b"", content_type="multipart/form-data; boundary=x")
    assert refused(answer) == (400, "idempotency-key-missing")


@pytest.mark.requirement("X19")
@pytest.mark.parametrize(
    ("name", "content", "texts", "status", "code", "says"),
    [
        ("a.exe", samples.PROGRAM, {}, 415, "upload-type", "a.exe is a program inside"),
        ("a.jpg", samples.HTML, {}, 415, "upload-type", "a.jpg is a web page"),
        ("a.jpg", b"", {}, 422, "upload-refused", "a.jpg is empty. Choose another file"),
        ("a.jpg", samples.picture(), {"sha256": "0" * 64}, 422, "upload-refused", "was damaged on its way"),
        ("a.jpg", samples.picture(), {"sha256": "x"}, 422, "validation", "pattern"),
        ("a.jpg", samples.picture(), {"purpose": "x"}, 422, "validation", "Input should be"),
    ],
)
def test_what_is_refused(
    tenant: Phone, name: str, content: bytes, texts: dict[str, str], status: int, code: str, says: str
) -> None:
    answer = send(tenant, name, content, **texts)
    assert refused(answer) == (status, code)
    assert says in answer.json["detail"]
    assert answer.json["errors"][0]["pointer"] in ("#/file", "#/sha256", "#/purpose")
    assert rows(Upload) == []


def test_what_the_check_refuses_is_said_wherever_it_is_asked_for(tenant: Phone) -> None:
    uid = send(tenant, "cut.jpg", samples.located()[:9000]).json["id"]
    look_at_all()
    state = tenant.get(f"/uploads/{uid}").json
    assert (state["state"], "cut.jpg is cut off" in state["refusal"]) == ("refused", True)
    answer = tenant.get(f"/uploads/{uid}/content")
    assert refused(answer) == (422, "upload-refused")
    assert "cut.jpg is cut off or damaged" in answer.json["detail"]


def test_bodies_that_are_no_upload(tenant: Phone) -> None:
    def ask(data: bytes, kind: str) -> TestResponse:
        return tenant.raw("POST", "/uploads", {"Idempotency-Key": new_key()}, data=data, content_type=kind)

    assert refused(ask(b"{}", "application/json")) == (415, "upload-type")
    assert refused(ask(b"", "multipart/form-data")) == (422, "validation")
    assert refused(ask(b"nonsense", "multipart/form-data; boundary=x")) == (422, "validation")
    two = [FileStorage(io.BytesIO(b"words"), name) for name in ("a.txt", "b.txt")]
    boundary, body = encode_multipart(MultiDict({"file": two}))
    answer = ask(body, f"multipart/form-data; boundary={boundary}")
    assert answer.json["detail"] == "Send one file, in a part called “file” that has a filename"


def test_a_body_that_is_too_large(tenant: Phone, app: Flask) -> None:
    app.config["BATON"] = replace(app.config["BATON"], upload_mb=1)
    assert tenant.get("/meta").json["limits"]["upload_mb"] == 1
    assert refused(send(tenant, "a.pdf", samples.pdf(b" " * 2_200_000))) == (413, "upload-too-large")


def test_files_of_others_are_not_there(tenant: Phone, signed_in: Callable[[Actor], Phone], world: World) -> None:
    uid = send(tenant, "a.jpg", samples.picture()).json["id"]
    look_at_all()
    stranger = signed_in(world.stranger)
    for method, path in (("GET", ""), ("GET", "/content"), ("DELETE", "")):
        theirs, nobodys = (stranger.send(method, f"/uploads/{one}{path}") for one in (uid, "up_nobody"))
        assert theirs.status_code == nobodys.status_code == 404
        assert theirs.json["detail"] == nobodys.json["detail"]
    assert tenant.send("DELETE", f"/uploads/{uid}").status_code == 204
    assert tenant.get(f"/uploads/{uid}").status_code == 404


def test_a_person_who_sent_enough_comes_back_later(tenant: Phone, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attaching, "MOST_UNSENT", 1)
    uid = send(tenant, "a.jpg", samples.picture()).json["id"]
    answer = send(tenant, "b.jpg", samples.picture())
    assert refused(answer) == (429, "rate-limited")
    assert int(answer.headers["Retry-After"]) > 0
    assert upload(uid).name == "a.jpg"

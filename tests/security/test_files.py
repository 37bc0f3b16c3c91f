"""Hostile files and hostile people around files: nothing evil is kept as ready, nothing is given to whom it is not."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import func, select

from flows import store
from flows.access import read_as
from flows.models import Upload
from flows.rules.actors import SYSTEM
from flows.work import end_reading
from tests import samples
from tests.files_play import look_at_all, ready, upload
from tests.security.conftest import Person
from tests.world import World

EVIL = {
    "html.jpg": samples.HTML,
    "html.txt": samples.HTML,
    "drawing.svg": samples.SVG,
    "drawing.png": samples.SVG,
    "polyglot.gif": samples.GIF_AND_SCRIPT,
    "polyglot.jpg": b"\xff\xd8\xff\xe0/*" + samples.picture()[6:] + b"*/=1;alert(1)",
    "jar.jpg": samples.picture() + samples.archive({"Main.class": b"\xca\xfe\xba\xbe"}),
    "page.pdf": samples.pdf() + samples.archive({"a.html": samples.HTML}),
    "script.png": samples.picture("PNG") + samples.SCRIPT,
    "bomb.docx": samples.bomb(),
    "macro.docx": samples.docx(**{"vbaProject.bin": b"x"}),
    "traversal.docx": samples.archive({"[Content_Types].xml": b"x", "word/a": b"x", "../../evil": b"x"}),
    "program.pdf": samples.PROGRAM,
    "photo.jpg.exe": samples.PROGRAM,
    "pixels.png": samples.hundred_megapixels(),
    "cut.jpg": samples.located()[:9000],
    "empty.pdf": b"",
}


def send(person: Person, name: str, content: bytes) -> Any:
    sent = {"csrf_token": person.token(), "file": (io.BytesIO(content), name)}
    return person.client.post("/uploads", data=sent, headers={"Accept": "application/json"})


def count() -> int:
    end_reading()
    return read_as(SYSTEM).scalar(select(func.count()).select_from(Upload)) or 0


@pytest.mark.requirement("X19")
@pytest.mark.parametrize("database", ["sqlite"])
@pytest.mark.parametrize("name", EVIL)
def test_nothing_evil_becomes_ready(person: Callable[[str], Person], name: str) -> None:
    tenant = person("tenant")
    answer = send(tenant, name, EVIL[name])
    assert answer.status_code in (201, 422)
    [told] = answer.json["data"]
    if told["id"] is None:
        assert told["state"] == "refused"
        assert told["refusal"].startswith(name)
        assert count() == 0
        return
    look_at_all()
    judged = upload(told["id"])
    assert judged.state == "refused"
    assert judged.refusal.startswith(name)
    assert judged.preview_sha256 is None
    for path in (f"/files/{judged.uid}", f"/files/{judged.uid}/preview"):
        page = tenant.get(path)
        assert page.status_code == 410
        assert EVIL[name][:20] not in page.data


@pytest.mark.parametrize("database", ["sqlite"])
@pytest.mark.parametrize(
    "name",
    ["../../../etc/cron.d/evil.txt", "..\\..\\evil.txt", "a\0b.txt", "\u202etxt.exe.txt", "x" * 5000 + ".txt"],
)
def test_names_lead_nowhere(person: Callable[[str], Person], name: str) -> None:
    tenant = person("tenant")
    answer = send(tenant, name, b"words")
    [told] = answer.json["data"]
    assert told["id"], told
    assert not re.search(r"[/\\\0\r\n\u202e]", told["name"])
    look_at_all()
    given = tenant.get(f"/files/{told['id']}")
    assert given.status_code == 200
    assert "/" not in given.headers["Content-Disposition"]
    assert store.path_of(upload(told["id"]).sha256).is_file(), "kept by its content, whatever it is called"


@pytest.mark.requirement("X19")
def test_files_of_others_look_like_none(person: Callable[[str], Person], world: World) -> None:
    uid = ready(world.tenant)
    for name in ("stranger", "buyer", "agent", "admin", "reader"):
        for path in ("/files/{}", "/files/{}/preview", "/uploads/{}"):
            theirs, nobodys = (person(name).get(path.format(one)) for one in (uid, "up_nobody"))
            assert theirs.status_code == nobodys.status_code == 404, f"{name} {path}"
            assert bare(theirs.data, uid) == bare(nobodys.data, "up_nobody")
    anonymous = person("anonymous")
    assert {anonymous.get(path.format(uid)).status_code for path in ("/files/{}", "/uploads/{}")} == {303}
    assert person("stranger").post(f"/uploads/{uid}/discard").status_code == 404
    assert upload(uid).state == "ready"


def bare(page: bytes, uid: str) -> bytes:
    return re.sub(rb'value="[^"]+"|[0-9a-f]{16}', b"", page.replace(uid.encode(), b"ID"))


@pytest.mark.parametrize("database", ["sqlite"])
@pytest.mark.parametrize(
    "path",
    [
        "/files/..%2f..%2fbaton.db",
        "/files/../baton.db",
        "/files/secret.key",
        "/static/../../files/",
        "/files/%00",
        "/uploads/%2e%2e",
    ],
)
def test_no_address_leads_to_a_path(person: Callable[[str], Person], path: str) -> None:
    assert person("admin").get(path).status_code in (303, 404, 405)


@pytest.mark.requirement("X19")
@pytest.mark.parametrize("database", ["sqlite"])
def test_the_place_of_a_photo_is_not_in_its_preview(person: Callable[[str], Person], world: World) -> None:
    uid = ready(world.tenant, "home.jpg", samples.located())
    tenant = person("tenant")
    preview, original = tenant.get(f"/files/{uid}/preview"), tenant.get(f"/files/{uid}")
    assert b"PhoneMaker" in original.data
    assert b"PhoneMaker" not in preview.data
    assert b"Exif" not in preview.data


def test_a_file_cannot_be_sent_by_another_site(person: Callable[[str], Person]) -> None:
    sent = {"file": (io.BytesIO(b"words"), "a.txt")}
    assert person("tenant").client.post("/uploads", data=sent).status_code == 400
    assert count() == 0


@pytest.mark.parametrize("database", ["sqlite"])
def test_whoever_is_not_signed_in_sends_no_large_body(person: Callable[[str], Person]) -> None:
    """The body is not even read: the way to the sign-in page comes first."""
    anonymous = person("anonymous")
    answer = anonymous.client.post("/uploads", data=b"x" * 3_000_000, content_type="multipart/form-data; boundary=x")
    assert answer.status_code == 303
    assert "/sign-in" in answer.location

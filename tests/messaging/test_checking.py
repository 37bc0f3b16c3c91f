"""Every file is looked at before anybody may open it: good ones become ready, evil ones are refused, never a crash."""

from __future__ import annotations

import io
import json
import os
import socket
import stat
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import select

from flows import settings as settings_room
from flows import store
from flows.access import read_as
from flows.actions import attaching, delivering, receiving
from flows.models import AuditEntry, Effect, Notice, Upload
from flows.rules import uploads
from flows.rules.actors import SYSTEM
from flows.settings import Settings
from flows.work import end_reading, unit_of_work
from messaging import checking, opening, outbox, poke
from tests import samples
from tests.messaging.conftest import effect
from tests.world import World

Send = Callable[[str, bytes], str]


@pytest.fixture
def send(world: World) -> Send:
    """`send(name, content)`: what Priya sends, looked at by nobody yet; its id."""

    def one(name: str, content: bytes) -> str:
        received = receiving.receive(world.tenant, receiving.Sent("file", name, io.BytesIO(content)))
        with unit_of_work(world.tenant) as work:
            return attaching.take(work, received).uid

    return one


def owed_for(uid: str) -> int:
    end_reading()
    return read_as(SYSTEM).scalars(select(Effect.id).where(Effect.key == f"check:{uid}")).one()


def look(uid: str) -> Upload:
    """What the worker does about it, and how it stands then."""
    outbox.deliver(owed_for(uid))
    return upload(uid)


def upload(uid: str) -> Upload:
    end_reading()
    return read_as(SYSTEM).scalars(select(Upload).where(Upload.uid == uid)).one()


@pytest.mark.requirement("X19")
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP", "HEIF"])
def test_a_picture_becomes_ready_with_a_preview(send: Send, kind: str) -> None:
    suffix = {"JPEG": "jpg", "HEIF": "heic"}.get(kind, kind.lower())
    seen = look(send(f"ceiling.{suffix}", samples.picture(kind)))
    assert (seen.state, seen.refusal) == ("ready", "")
    assert seen.preview_sha256 is not None
    with Image.open(store.path_of(seen.preview_sha256)) as preview:
        assert (preview.format, preview.size) == ("JPEG", (60, 40))


@pytest.mark.requirement("X19")
def test_a_preview_is_small_upright_and_says_nothing_of_place_or_camera(send: Send) -> None:
    original = samples.located()
    assert b"PhoneMaker" in original
    seen = look(send("home.jpg", original))
    assert seen.preview_sha256 is not None
    with Image.open(store.path_of(seen.preview_sha256)) as preview:
        assert preview.size == (800, 1600), "turned as it was held, and its longer side at most 1600 pixels"
        assert dict(preview.getexif()) == {}
        assert "comment" not in preview.info
    content = store.path_of(seen.preview_sha256).read_bytes()
    assert b"PhoneMaker" not in content
    assert b"Exif" not in content
    assert store.path_of(seen.sha256).read_bytes() == original, "the original stays what it was"


def test_what_shines_through_is_white(send: Send) -> None:
    content = io.BytesIO()
    Image.new("RGBA", (10, 10), (0, 0, 0, 0)).save(content, "PNG")
    seen = look(send("logo.png", content.getvalue()))
    with Image.open(store.path_of(seen.preview_sha256 or "")) as preview:
        assert preview.getpixel((5, 5)) == (255, 255, 255)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("letter.pdf", samples.pdf()),
        ("letter.docx", samples.docx()),
        ("letter.odt", samples.odt()),
        ("notes.txt", b"only words\n" * 100_000),
        ("table.csv", "Straße;1\n".encode("cp1252")),
    ],
)
def test_documents_become_ready_without_a_preview(send: Send, name: str, content: bytes) -> None:
    seen = look(send(name, content))
    assert (seen.state, seen.refusal, seen.preview_sha256) == ("ready", "", None)


@pytest.mark.requirement("X19")
@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("cut.jpg", samples.located()[:9000], "cut.jpg is cut off or damaged"),
        ("head.png", b"\x89PNG\r\n\x1a\n", "is cut off or damaged"),
        ("noise.heic", b"\0\0\0\x18ftypheic" + b"\1" * 900, "is cut off or damaged"),
        ("huge.png", samples.hundred_megapixels(), "has more pixels than we can show"),
        ("two.jpg", samples.picture() + samples.archive({"a.txt": b"a"}), "has an archive hidden at its end"),
        ("two.pdf", samples.pdf() + samples.archive({"a.txt": b"a"}), "has an archive hidden at its end"),
        ("code.jpg", samples.picture() + b"\0" * 300_000 + samples.SCRIPT, "a picture with a script inside"),
        ("cut.pdf", samples.pdf()[:-20], "is cut off or damaged"),
        ("bomb.docx", samples.bomb(), "unpacks to more than anybody would write"),
        ("fake.docx", samples.archive({"a.txt": b"a"}), "is not a Word document inside"),
        ("macro.docx", samples.docx(**{"vbaProject.bin": b"x"}), "has macros or programs inside"),
        ("cut.docx", samples.docx()[:-30], "is cut off or damaged"),
        ("noise.txt", b"words " * 2000 + b"\0\1\2", "is not only text"),
    ],
)
def test_what_is_evil_or_broken_is_refused_in_words(send: Send, name: str, content: bytes, says: str) -> None:
    uid = send(name, content)
    seen = look(uid)
    assert seen.state == "refused"
    assert seen.refusal.startswith(name)
    assert says in seen.refusal
    assert seen.preview_sha256 is None
    assert effect(owed_for(uid)).state == "done", "a refusal is an answer, not a fault"
    [told] = read_as(SYSTEM).scalars(select(AuditEntry).where(AuditEntry.kind == "file_refused"))
    assert told.facts["why"] == seen.refusal


def test_a_small_lie_in_the_directory_is_found(send: Send) -> None:
    """A part that unpacks to more than its entry says."""
    content = samples.docx(**{"media.xml": b"x" * 1000})
    at = content.index(b"PK\x01\x02")
    lying = bytearray(content)
    place = content.index(struct.pack("<L", 1000), at)
    lying[place : place + 4] = struct.pack("<L", 10)
    assert "is cut off or damaged" in look(send("lie.docx", bytes(lying))).refusal


@pytest.mark.parametrize("database", ["sqlite"])
@pytest.mark.parametrize(
    ("program", "state", "words"),
    [
        ("import os; os.abort()", "refused", "cannot be opened safely"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "refused", "cannot be opened safely"),
        ("import time; time.sleep(60)", "refused", "cannot be opened safely"),
        ("raise ImportError('no Pillow here')", "checking", "no Pillow here"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "checking", "ended with -9"),
    ],
)
def test_a_file_that_kills_its_opener_is_refused_and_a_fault_of_ours_is_not(
    send: Send, monkeypatch: pytest.MonkeyPatch, tmp_path: object, program: str, state: str, words: str
) -> None:
    opener = settings_room.current().folder / "opener.py"
    opener.write_text(program)
    monkeypatch.setattr(checking, "OPENER", opener)
    monkeypatch.setattr(checking, "PATIENCE_SECONDS", 1.0)
    uid = send("poison.jpg", samples.picture())
    seen = look(uid)
    owed = effect(owed_for(uid))
    assert seen.state == state
    assert words in (seen.refusal or owed.last_fault)
    assert owed.state == ("done" if state == "refused" else "pending"), "ours is tried again"


@pytest.mark.parametrize("database", ["sqlite"])
def test_the_opener_is_held_to_little_memory(send: Send, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the pixel cap taken away, a hundred megapixels in colour still harm nobody."""
    source = checking.OPENER.read_text().replace("MOST_PIXELS = 64_000_000", "MOST_PIXELS = 10**12")
    opener = settings_room.current().folder / "opener.py"
    opener.write_text(source.replace("MEMORY = 1024 * 1024 * 1024", "MEMORY = 160 * 1024 * 1024"))
    monkeypatch.setattr(checking, "OPENER", opener)
    assert "Save it" in look(send("huge.png", samples.hundred_megapixels())).refusal


@pytest.mark.requirement("X19", "X36")
def test_lost_bytes_are_an_incident_for_people(send: Send, world: World) -> None:
    """Its sender sees that it is our fault and what to do, those who see to incidents have a notice, once."""
    uid, other = send("gone.pdf", samples.pdf()), send("too.pdf", samples.pdf())
    where = store.path_of(upload(uid).sha256)
    content = where.read_bytes()
    where.unlink()
    seen = look(uid)
    assert (seen.state, seen.refusal) == ("refused", uploads.never_checked("gone.pdf"))
    owed = effect(owed_for(uid))
    assert owed.state == "incident"
    assert "restore BATON_DATA/files" in owed.last_fault
    look(other)
    notices = read_as(SYSTEM).scalars(select(Notice)).all()
    assert sorted(one.user_id for one in notices) == sorted([world.agent.user_id or 0, world.admin.user_id or 0])
    assert {(one.url, one.link_text) for one in notices} == {("/admin/outbox/", "See to it")}
    assert all(one.text.startswith(f"check {uid} could not be carried out: The bytes of") for one in notices)

    where.write_bytes(content)
    with unit_of_work(world.admin) as work:
        delivering.retry(work, owed.id)
    assert upload(uid).state == "checking"
    ready = look(uid)
    assert (ready.state, ready.refusal) == ("ready", "")


def test_what_is_skipped_stays_refused(send: Send, world: World) -> None:
    uid = send("gone.pdf", samples.pdf())
    store.path_of(upload(uid).sha256).unlink()
    look(uid)
    with unit_of_work(world.admin) as work:
        delivering.skip(work, owed_for(uid), "They sent it again")
    assert upload(uid).state == "refused"


def test_the_incident_of_a_discarded_file_is_no_trouble(send: Send, world: World) -> None:
    uid = send("gone.pdf", samples.pdf())
    store.path_of(upload(uid).sha256).unlink()
    look(uid)
    owed = owed_for(uid)
    with unit_of_work(world.tenant) as work:
        attaching.discard(work, work.session.scalars(select(Upload).where(Upload.uid == uid)).one())
    with unit_of_work(world.admin) as work:
        delivering.retry(work, owed)
    outbox.deliver(owed)
    assert effect(owed).state == "done"


def test_a_file_that_was_discarded_meanwhile_is_no_fault(send: Send, world: World) -> None:
    uid = send("gone.pdf", samples.pdf())
    owed = owed_for(uid)
    with unit_of_work(world.tenant) as work:
        attaching.discard(work, work.session.scalars(select(Upload).where(Upload.uid == uid)).one())
    outbox.deliver(owed)
    assert effect(owed).state == "done"


@pytest.mark.requirement("D4")
def test_its_sender_hears_of_the_verdict(send: Send, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Any] = []
    monkeypatch.setattr(poke.redis_door, "publish", lambda _channel, words: told.extend(json.loads(words)))
    uid = send("notes.txt", b"words")
    assert told == [], "nothing is known yet"
    look(uid)
    assert told == [
        {
            "rooms": [f"user:{world.user_ids['tenant']}"],
            "event": "upload.updated",
            "payload": {"id": uid, "seq": 0, "type": "ready"},
        }
    ]


def test_a_second_look_changes_nothing(send: Send) -> None:
    uid = send("cut.pdf", samples.pdf()[:-20])
    look(uid)
    assert not outbox.deliver(owed_for(uid))
    assert checking.check(uid) is None


# --- the store --------------------------------------------------------------------------------------------------


def test_the_same_content_is_kept_once_and_nobody_else_may_read_it(send: Send) -> None:
    first, second = upload(send("a.pdf", samples.pdf())), upload(send("b.pdf", samples.pdf()))
    assert first.sha256 == second.sha256
    path = store.path_of(first.sha256)
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    assert stat.S_IMODE(os.stat(path.parent).st_mode) == 0o700
    assert path.read_bytes() == samples.pdf()
    assert list((path.parents[1] / "incoming").iterdir()) == [], "nothing half-written is left"


def test_more_than_allowed_is_not_kept(world: World) -> None:
    with pytest.raises(store.TooLarge):
        store.write(iter([b"x" * 600, b"x" * 600]), 1000)
    files = settings_room.current().folder / "files"
    assert [one.name for one in files.rglob("*") if one.is_file()] == []


@pytest.mark.parametrize("name", ["../../etc/passwd", "a" * 63, "A" * 64, ""])
def test_nothing_but_a_digest_leads_to_a_file(name: str) -> None:
    with pytest.raises(ValueError, match="no digest"):
        store.path_of(name)


# --- a scanner --------------------------------------------------------------------------------------------------


@contextmanager
def clamd(settings: Settings, answer: bytes = b"") -> Iterator[list[bytes]]:
    """A daemon on a loopback port that speaks as clamd does; gives what it was sent."""
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=_speak, args=(server, heard, answer), daemon=True)
        thread.start()
        settings_room.use(replace(settings, clamd=f"127.0.0.1:{server.getsockname()[1]}"))
        try:
            yield heard
        finally:
            settings_room.use(settings)


def _speak(server: socket.socket, heard: list[bytes], answer: bytes) -> None:
    caller, _ = server.accept()
    with caller, caller.makefile("rb") as words:
        assert words.read(10) == b"zINSTREAM\0"
        content = b""
        while size := struct.unpack(">I", words.read(4))[0]:
            content += words.read(size)
        heard.append(content)
        found = b"stream: Eicar-Test-Signature FOUND" if samples.EICAR in content else b"stream: OK"
        caller.sendall((answer or found) + b"\0")


@pytest.mark.requirement("X19")
@pytest.mark.parametrize("database", ["sqlite"])
@pytest.mark.parametrize(("content", "state"), [(b"words\n", "ready"), (samples.EICAR, "refused")])
def test_a_scanner_has_its_say(send: Send, settings: Settings, content: bytes, state: str) -> None:
    with clamd(settings) as heard:
        seen = look(send("notes.txt", content))
    assert heard == [content]
    assert seen.state == state
    said = "notes.txt has a virus inside (Eicar-Test-Signature). Do not open it; choose another file"
    assert seen.refusal == ("" if state == "ready" else said)


@pytest.mark.parametrize("database", ["sqlite"])
@pytest.mark.parametrize("address", ["127.0.0.1:9", "/nowhere/clamd.sock"])
def test_a_scanner_that_is_away_lets_nothing_through(send: Send, settings: Settings, address: str) -> None:
    settings_room.use(replace(settings, clamd=address))
    uid = send("notes.txt", b"words\n")
    assert look(uid).state == "checking"
    owed = effect(owed_for(uid))
    assert owed.state == "pending"
    assert f"clamd at {address} does not answer" in owed.last_fault
    settings_room.use(settings)


@pytest.mark.parametrize("database", ["sqlite"])
@pytest.mark.parametrize(
    ("answer", "state"),
    [(b"INSTREAM size limit exceeded. ERROR", "incident"), (b"INSTREAM timeout. ERROR", "pending"), (b" ", "pending")],
)
def test_a_scanner_that_says_nothing_clear_lets_nothing_through(
    send: Send, settings: Settings, answer: bytes, state: str
) -> None:
    with clamd(settings, answer):
        uid = send("notes.txt", b"words\n")
        assert look(uid).state == ("refused" if state == "incident" else "checking")
    assert effect(owed_for(uid)).state == state


def test_limits_of_rules_and_opener_are_the_same() -> None:
    """The opener imports nothing of ours, so it has its own copies."""
    assert (opening.MOST_PARTS, opening.MOST_UNPACKED) == (uploads.MOST_PARTS, uploads.MOST_UNPACKED)
    assert set(opening.FORMATS) == {one.mime for one in uploads.FORMATS if one.kind == "image"}

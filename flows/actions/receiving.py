"""Bytes arrive: judged by their first piece and kept, before any transaction begins, so that none waits for a phone."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import IO, NamedTuple, Protocol

from sqlalchemy import exists, select

from flows import settings, store
from flows.access import read_as
from flows.actions.attaching import ATTACHED, Received, check_allowance, take
from flows.clock import clock
from flows.models import Upload
from flows.rules import answers, uploads
from flows.rules.actors import Actor
from flows.rules.errors import BatonError, Busy
from flows.words import gettext as _
from flows.work import Work, end_reading, unit_of_work

PATIENCE_SECONDS = 2.0
"""How long a page waits for its files to be checked: most are within a blink, and then nobody has to send twice."""


class Sent(NamedTuple):
    """A file as a form brings it: the control it stood in, what its sender calls it, its bytes.

    `accept` and `max_mb` are those of the field it is for, where it is known; `replaces`: it takes the place of the one
    file that stood there before.
    """

    control: str
    name: str
    stream: IO[bytes]
    accept: Collection[str] | None = None
    max_mb: int | None = None
    replaces: bool = False


class FileOfForm(Protocol):
    """A file in a posted form as werkzeug gives it."""

    @property
    def filename(self) -> str | None: ...
    @property
    def stream(self) -> IO[bytes]: ...


class FilesLike(Protocol):
    """All of them."""

    def getlist(self, key: str, /) -> Sequence[FileOfForm]: ...
    def __iter__(self) -> Iterator[str]: ...


class TextsLike(Protocol):
    """The other values of a posted form."""

    def lists(self) -> Iterable[tuple[str, list[str]]]: ...


@dataclass(frozen=True)
class TakenForm:
    """A posted form with the uploads among what it keeps, for `answers.from_form`.

    `refused`: control -> why a file chosen there was not taken.
    """

    values: Mapping[str, list[str]]
    refused: Mapping[str, str] = field(default_factory=dict)

    def get(self, key: str) -> str | None:
        return next(iter(self.values.get(key, ())), None)

    def getlist(self, key: str) -> list[str]:
        return [*self.values.get(key, ())]

    def __iter__(self) -> Iterator[str]:
        return iter(self.values)


class Arrived(NamedTuple):
    """What became of it on the way in: received, or the sentence that says why not."""

    sent: Sent
    name: str
    received: Received | None
    refusal: str = ""


class Taken(NamedTuple):
    """What it is now: an upload, or the sentence that says why not."""

    sent: Sent
    name: str
    upload: Upload | None
    refusal: str = ""


def take_form(actor: Actor, fields: Mapping[str, answers.FieldLike], texts: TextsLike, files: FilesLike) -> TakenForm:
    """The form that was sent with the files in controls of these fields taken in and kept.

    A work of its own: when the answers are refused, nobody has to choose the files again. Every form takes its files
    here, so that one that asks for none costs nothing.
    """
    values = dict(texts.lists())
    sent = sent_in(fields, values, files)
    if not sent:
        return TakenForm(values)
    arrived = receive_all(actor, sent)
    with unit_of_work(actor) as work:
        taken = take_all(work, arrived)
    wait_until_checked(actor, taken)
    return TakenForm(with_ids(values, taken), refusals(taken))


class Attachments(NamedTuple):
    """The files of a comment or message. `is_unfinished`: a button only changed them, or one was refused; ask again."""

    ids: list[str]
    refused: Mapping[str, str]
    is_unfinished: bool


def take_attachments(actor: Actor, texts: TextsLike, files: FilesLike) -> Attachments:
    """The files that a form of a comment or message brought or kept, taken in before any transaction."""
    form = take_form(actor, ATTACHED, texts, files)
    changed = answers.pressed(ATTACHED, form)
    ids = answers.ids_in(ATTACHED, changed or answers.from_form(ATTACHED, form))
    return Attachments(ids, form.refused, changed is not None or bool(form.refused))


def receive(actor: Actor, sent: Sent, expected_sha256: str = "") -> Received:
    """Keep one file; raises Invalid with the sentence for its sender, Busy when they sent enough for today."""
    check_allowance(read_as(actor), actor, clock.now())
    end_reading()
    most_mb = min(sent.max_mb or settings.current().upload_mb, settings.current().upload_mb)
    head = sent.stream.read(uploads.HEAD_BYTES)
    clean, found = uploads.recognise(sent.name, head, sent.accept)
    try:
        stored = store.write(chain([head], store.chunks(sent.stream)), most_mb * uploads.MB)
    except store.TooLarge:
        uploads.refuse("upload-too-large", uploads.too_large(clean, most_mb))
    if expected_sha256 and expected_sha256.lower() != stored.sha256:
        said = _("%(name)s was damaged on its way: its SHA-256 is another. Send it again", name=clean)
        uploads.refuse("upload-refused", said)
    return Received(clean, stored.sha256, stored.size, found.kind, found.mime)


def sent_in(fields: Mapping[str, answers.FieldLike], form: Iterable[str], files: FilesLike) -> list[Sent]:
    """The files that were chosen in a posted form, in controls of these fields; an empty file input is none."""
    controls = answers.file_controls(fields, [*form, *files])
    return [
        Sent(control, one.filename, one.stream, field.accept, field.max_mb or uploads.USUAL_MB, not field.multiple)
        for control, field in controls
        for one in files.getlist(control)
        if one.filename
    ]


def receive_all(actor: Actor, files: Iterable[Sent]) -> list[Arrived]:
    """Every file of a form; one that is refused does not hold up the others."""
    return [_arrived(actor, sent) for sent in files]


def _arrived(actor: Actor, sent: Sent) -> Arrived:
    try:
        received = receive(actor, sent)
    except BatonError as error:
        return Arrived(sent, uploads.clean_name(sent.name), None, error.detail)
    return Arrived(sent, received.name, received)


def take_all(work: Work, arrived: Iterable[Arrived]) -> list[Taken]:
    """Make uploads of the files that were received."""
    return [_taken(work, one) for one in arrived]


def _taken(work: Work, arrived: Arrived) -> Taken:
    if arrived.received is None:
        return Taken(arrived.sent, arrived.name, None, arrived.refusal)
    try:
        return Taken(arrived.sent, arrived.name, take(work, arrived.received))
    except Busy as busy:
        return Taken(arrived.sent, arrived.name, None, busy.detail)


def with_ids(form: Mapping[str, list[str]], taken: Iterable[Taken]) -> dict[str, list[str]]:
    """The names and values of a form with the uploads among the files that it keeps."""
    kept = dict(form)
    for sent, _name, upload, _state in taken:
        if upload is not None:
            control = sent.control + answers.KEPT
            kept[control] = [*([] if sent.replaces else kept.get(control, ())), upload.uid]
    return kept


def refusals(taken: Iterable[Taken]) -> dict[str, str]:
    """What is wrong, by control."""
    return {one.sent.control: one.refusal for one in taken if one.refusal}


def wait_until_checked(actor: Actor, taken: Iterable[Taken]) -> None:
    """Give the worker a moment, so that a form without JavaScript is sent in one go; it may be checked by then."""
    uids = [one.upload.uid for one in taken if one.upload is not None]
    waiting = select(exists().where(Upload.uid.in_(uids), Upload.state == "checking"))
    end = time.monotonic() + PATIENCE_SECONDS
    while uids and time.monotonic() < end and read_as(actor).scalar(waiting):
        end_reading()
        time.sleep(0.05)
    end_reading()

"""Bytes arrive: judged by their first piece and kept, before any transaction begins, so that none waits for a phone."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable
from itertools import chain
from typing import BinaryIO, NamedTuple

from sqlalchemy import exists, select

from flows import settings, store
from flows.access import read_as
from flows.actions.attaching import Received, check_allowance, take
from flows.clock import clock
from flows.models import Upload
from flows.rules import uploads
from flows.rules.actors import Actor
from flows.rules.errors import BatonError
from flows.work import Work, end_reading

PATIENCE_SECONDS = 2.0
"""How long a page waits for its files to be checked: most are within a blink, and then nobody has to send twice."""


class Sent(NamedTuple):
    """A file as a form brings it: the control it stood in, what its sender calls it, its bytes."""

    control: str
    name: str
    stream: BinaryIO


class Arrived(NamedTuple):
    """What became of it: received, or the sentence that says why not."""

    control: str
    name: str
    received: Received | None
    refusal: str = ""


def receive(actor: Actor, name: str, stream: BinaryIO, expected_sha256: str = "") -> Received:
    """Keep one file; raises Invalid with the sentence for its sender, Busy when they sent enough for today."""
    check_allowance(read_as(actor), actor, clock.now())
    end_reading()
    most_mb = settings.current().upload_mb
    head = stream.read(uploads.HEAD_BYTES)
    clean, found = uploads.recognise(name, head)
    try:
        stored = store.write(chain([head], store.chunks(stream)), most_mb * uploads.MB)
    except store.TooLarge:
        uploads.refuse("upload-too-large", uploads.too_large(name, most_mb))
    if expected_sha256 and expected_sha256.lower() != stored.sha256:
        uploads.refuse("upload-refused", f"{clean} was damaged on its way: its SHA-256 is another. Send it again")
    return Received(clean, stored.sha256, stored.size, found.kind, found.mime)


def receive_all(actor: Actor, files: Iterable[Sent]) -> list[Arrived]:
    """Every file of a form; one that is refused does not hold up the others."""
    arrived = []
    for sent in files:
        try:
            arrived.append(Arrived(sent.control, sent.name, receive(actor, sent.name, sent.stream)))
        except BatonError as error:
            arrived.append(Arrived(sent.control, uploads.clean_name(sent.name), None, error.detail))
    return arrived


def take_all(work: Work, arrived: Iterable[Arrived]) -> list[tuple[str, str]]:
    """Take the files that were received: (control, id) of each."""
    return [(one.control, take(work, one.received).uid) for one in arrived if one.received is not None]


def wait_until_checked(actor: Actor, uids: Collection[str]) -> None:
    """Give the worker a moment, so that a form without JavaScript is sent in one go; afterwards it may be checked."""
    waiting = select(exists().where(Upload.uid.in_(uids), Upload.state == "checking"))
    end = time.monotonic() + PATIENCE_SECONDS
    while uids and time.monotonic() < end and read_as(actor).scalar(waiting):
        end_reading()
        time.sleep(0.05)
    end_reading()

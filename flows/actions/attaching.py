"""Uploads: taken from their sender, checked, held by a draft, and part of an instance once they are sent (X19)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from flows import access
from flows.actions.owing import owe_check
from flows.catalogue.overlay import field_of
from flows.models import Comment, Instance, Message, Upload
from flows.models.base import opaque_id
from flows.rules import answers, uploads
from flows.rules.actors import Actor
from flows.rules.answers.shapes import UploadCheck
from flows.rules.errors import Busy, OutOfStep, Problem
from flows.words import gettext as _
from flows.work import Work

MOST_UNSENT = 100
MOST_A_DAY = 200 * uploads.MB
DAY = timedelta(hours=24)
MOST_AT_ONCE = 10
"""Files with one comment or message."""
ATTACHED = {"upload_ids": field_of({"type": "file", "label": "Files", "multiple": True, "max_items": MOST_AT_ONCE})}
"""How a form asks for them."""


@dataclass(frozen=True)
class Received:
    """A file whose bytes are kept but that belongs to nobody yet (`receiving.receive`)."""

    name: str
    sha256: str
    size: int
    kind: str
    mime: str


@dataclass(frozen=True)
class Verdict:
    """What a check found: a refusal in words, or none; and a preview, of a picture that is no danger."""

    refusal: str = ""
    preview_sha256: str | None = None


def take(work: Work, received: Received) -> Upload:
    """Make an upload of bytes that are kept, for the actor alone, and owe its check; raises Busy at their limit."""
    check_allowance(work.session, work.actor, work.now, received.size)
    upload = Upload(
        uid=opaque_id("up"),
        name=received.name,
        sha256=received.sha256,
        size=received.size,
        kind=received.kind,
        mime=received.mime,
        state="checking",
        refusal="",
        uploaded_by_id=work.actor.user_id,
        visible_to=[],
        created_at=work.now,
    )
    work.session.add(upload)
    owe_check(work, upload.uid)
    return upload


def check_allowance(session: Session, actor: Actor, now: datetime, more: int = 0) -> None:
    """Busy when this person has 100 files that are not sent yet, or sent 200 MB within a day."""
    mine = Upload.uploaded_by_id == actor.user_id
    session.flush()
    unsent = session.scalar(select(func.count()).where(mine, Upload.instance_id.is_(None))) or 0
    if unsent >= MOST_UNSENT:
        raise Busy(
            _(
                "You have %(most_unsent)s files that are not sent yet. Send or remove some of them first",
                most_unsent=MOST_UNSENT,
            ),
            3600,
        )
    today = select(func.coalesce(func.sum(Upload.size), 0)).where(mine, Upload.created_at > now - DAY)
    if (session.scalar(today) or 0) + more > MOST_A_DAY:
        detail = _("You sent %(mb)s MB of files within a day. Send the next ones tomorrow", mb=MOST_A_DAY // uploads.MB)
        raise Busy(detail, int(DAY.total_seconds()))


def discard(work: Work, upload: Upload) -> None:
    """Forget a file of the actor that was not sent yet; its bytes go when nobody else needs them."""
    if upload.attached_at is not None:
        raise OutOfStep(
            _("%(name)s was sent already and stays with what it was sent for", name=upload.name), "already-submitted"
        )
    work.session.delete(upload)


def checked(work: Work, uid: str, verdict: Verdict) -> bool:
    """Write down what the check of a file found; False when its sender has discarded it meanwhile."""
    upload = access.upload_to_judge(work, uid)
    if upload is None:
        return False
    upload.state = "refused" if verdict.refusal else "ready"
    upload.refusal, upload.preview_sha256 = verdict.refusal[:400], verdict.preview_sha256
    if verdict.refusal:
        work.audit("file_refused", upload.uid, name=upload.name, why=upload.refusal)
    return True


def give_up_check(work: Work, uid: str) -> None:
    """Nobody could look at the file, and people see to that: its sender is told, and may send it again meanwhile."""
    upload = access.upload_to_judge(work, uid)
    if upload is not None and upload.state == "checking":
        upload.state, upload.refusal = "refused", uploads.never_checked(upload.name)


def check_again(work: Work, uid: str) -> None:
    """What kept us from looking at it is mended."""
    upload = access.upload_to_judge(work, uid)
    if upload is not None and upload.state == "refused":
        upload.state, upload.refusal = "checking", ""


# --- as answers -------------------------------------------------------------------------------------------------


def check_of(
    work: Work, instance: Instance | None, step: str, fields: Mapping[str, answers.FieldLike], raw: Any
) -> UploadCheck | None:
    """What `AnswerContext.uploads` asks: whether an id may be given here. `step` is empty for the fields of a start.

    The uploads are locked until this work ends, so that none becomes part of two things. None without file fields.
    """
    if not answers.asks_for_files(fields):
        return None
    ids = set(answers.ids_in(fields, raw)) if isinstance(raw, Mapping) else set()
    found = {one.uid: one for one in access.uploads_to_attach(work, ids, instance, step)}

    def check(upload_id: str, field: answers.FieldLike) -> Problem | None:
        upload = found.get(upload_id)
        return uploads.missing() if upload is None else uploads.misfit(upload, field.accept, field.max_mb)

    return check


def hold(
    work: Work, instance: Instance, step: str, fields: Mapping[str, answers.FieldLike], values: Mapping[str, Any]
) -> None:
    """A draft keeps its files, however long it lies, and lets those go that are no longer in it."""
    if answers.asks_for_files(fields):
        _place(work, instance, step, answers.files_in(fields, values))


def attach_answers(
    work: Work, instance: Instance, step: str, fields: Mapping[str, answers.FieldLike], values: Mapping[str, Any]
) -> None:
    """The files among answers that were sent are part of the instance from now on; `step` is empty for a start."""
    if answers.asks_for_files(fields):
        for upload in _place(work, instance, step, answers.files_in(fields, values)):
            upload.attached_at = upload.attached_at or work.now


# --- to a comment or a message ----------------------------------------------------------------------------------------


def free_uploads(work: Work, ids: Sequence[str]) -> tuple[list[Upload], list[Problem]]:
    """The actor's own uploads of these ids that nothing holds yet, locked, and what is wrong with each, by its place.

    One of another case, of another comment or message, or of another person is not there.
    """
    if len(ids) > MOST_AT_ONCE:
        detail = _("Attach %(most)s files at once at most. Send the others after these", most=MOST_AT_ONCE)
        return [], [Problem("", "too_many", detail, {"max": MOST_AT_ONCE})]
    found = {one.uid: one for one in access.uploads_to_attach(work, ids, None, "")}
    judged = [uploads.misfit(found[uid]) if uid in found else uploads.missing() for uid in ids]
    problems = [replace(one, pointer=f"/{n}") for n, one in enumerate(judged) if one is not None]
    return [found[uid] for uid in dict.fromkeys(ids) if uid in found], problems


def attach(work: Work, words: Comment | Message, attached: Iterable[Upload]) -> None:
    """Free uploads belong to a comment or a message from now on, and are for whoever may read it (B11)."""
    work.session.flush()
    for upload in attached:
        upload.instance_id, upload.attached_at = words.instance_id, work.now
        if isinstance(words, Comment):
            upload.comment_id = words.id
        else:
            upload.message_id = words.id
        upload.visible_to = ["staff"] if words.is_internal else []
    work.session.flush()  # whoever reads the words in this very work finds their files


def _place(work: Work, instance: Instance, step: str, places: Iterable[answers.Place]) -> list[Upload]:
    """Put uploads where they stand now; those that only the draft held, and that stand nowhere, are free again."""
    work.session.flush()  # an instance that has just begun gets its id
    where = {uid: place for place in places for uid in place.ids}
    placed = access.uploads_to_attach(work, where, instance, step)
    for upload in placed:
        place = where[upload.uid]
        upload.instance_id, upload.step, upload.field = instance.id, step, place.path
        upload.visible_to, upload.is_sensitive = list(place.visible_to or ()), place.is_sensitive
    for upload in access.uploads_held(work, instance, step):
        if upload.uid not in where:
            upload.instance_id, upload.step, upload.field = None, "", ""
            upload.visible_to, upload.is_sensitive = [], False
    return placed

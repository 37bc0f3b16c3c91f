"""Files of answers and comments as people see them: name, size, state, and whether there is something to open."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import and_, false, or_, select
from sqlalchemy.orm import joinedload

from flows.access import read_as
from flows.catalogue import FlowDefinition
from flows.models import Instance, Upload
from flows.queries.timeline import Entry
from flows.rules import answers, private, uploads
from flows.rules.actors import Actor
from flows.rules.answers import AnswerContext, FieldLike
from flows.rules.people import is_among
from flows.words import gettext as _

Fields = Mapping[str, FieldLike]
MOST_SHOWN = 500
NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Shown:
    """One file of an answer or a comment. `state` is that of the upload, or "gone"; `size` is in words.

    `entry` says to which entry of a list it belongs, such as the room of a photo.
    """

    id: str
    name: str
    size: str = ""
    state: str = "gone"
    refusal: str = ""
    has_preview: bool = False
    entry: str = ""


@dataclass(frozen=True)
class Sent(Shown):
    """A file that was sent with an instance: who sent it and when, what it came with, and whether only staff see it."""

    by: str = ""
    at: datetime = NEVER
    is_internal: bool = False
    comment: str = ""
    bytes: int = 0
    mime: str = ""


@dataclass(frozen=True)
class FilesOf:
    """The files of some answers of one instance, asked for in one statement."""

    by_id: Mapping[str, Shown]

    def one(self, uid: str) -> Shown:
        """What is gone, or was never theirs, still takes its place among the others."""
        return self.by_id.get(uid) or Shown(uid, _("A file that is not here any more"))

    def dressed(self, fields: Fields, values: Mapping[str, Any]) -> dict[str, Any]:
        """Values with files in place of ids, for the controls of a form."""
        return answers.dressed(fields, values, self.one)

    def row(
        self, name: str, field: FieldLike, value: Any, context: AnswerContext | None = None, in_clear: bool = False
    ) -> dict[str, Any]:
        """A question and its answer for `ui.summary_list`, with the files in it; a sensitive one names none (X20).

        `in_clear`: whoever reads it is giving it.
        """
        asked = {name: field}
        if field.type == "list" and isinstance(value, list) and not field.sensitive:
            found = [one for n, entry in enumerate(value, 1) for one in self._of_entry(field, entry, n, context)]
        else:
            found = self._open(asked, {name: value})
        text = ", ".join(file.name for file in found) if field.type == "file" and found else None
        shown = text or answers.display(field, value, context, in_clear=in_clear)
        takes_files = answers.asks_for_files(asked)
        return {"name": name, "label": field.label, "value": shown, "files": found, "takes_files": takes_files}

    def _open(self, fields: Fields, values: Mapping[str, Any]) -> list[Shown]:
        places = [place for place in answers.files_in(fields, values) if not place.is_sensitive]
        return [self.one(uid) for place in places for uid in place.ids]

    def _of_entry(self, field: FieldLike, entry: Any, n: int, context: AnswerContext | None) -> list[Shown]:
        """The files of one entry of a list, each with what the entry is called: its first words, else its number."""
        if not isinstance(entry, Mapping):
            return []
        named = {name: inner for name, inner in field.item.items() if entry.get(name) not in (None, "", [])}
        words = [inner for inner in named.items() if inner[1].type != "file" and not private.is_private(inner[1])]
        called = answers.display(words[0][1], entry[words[0][0]], context) if words else str(n)
        return [replace(one, entry=called) for one in self._open(field.item, entry)]


def files_of(actor: Actor, instance: Instance | None, *answered: tuple[Fields, Mapping[str, Any] | None]) -> FilesOf:
    """The files that stand in these answers of an instance that the actor may read, and their own unsent ones.

    Before there is an instance, at a start, the unsent ones alone.
    """
    places = [place for fields, values in answered if values for place in answers.files_in(fields, values)]
    return _found(actor, instance, {uid for place in places for uid in place.ids})


def unsent(actor: Actor, ids: Sequence[str]) -> list[Shown]:
    """The files of a comment or message that is not sent yet, as they were chosen."""
    found = _found(actor, None, ids)
    return [found.one(uid) for uid in ids]


def _found(actor: Actor, instance: Instance | None, ids: Collection[str]) -> FilesOf:
    if not ids:
        return FilesOf({})
    own = and_(Upload.instance_id.is_(None), Upload.uploaded_by_id == actor.user_id)
    held = Upload.instance_id == instance.id if instance is not None else false()
    query = select(Upload).where(Upload.uid.in_(ids), or_(held, own))
    rows = read_as(actor).scalars(query)
    return FilesOf({upload.uid: shown(upload) for upload in rows if _may_see(actor, instance, upload)})


def _may_see(actor: Actor, instance: Instance | None, upload: Upload) -> bool:
    """An earlier attempt may hold a file that was for fewer people than its question is today."""
    own = actor.is_system or upload.uploaded_by_id == actor.user_id or not upload.visible_to
    return own or (instance is not None and is_among(actor, upload.visible_to, instance.standing))


def sent_with(actor: Actor, instance: Instance, definition: FlowDefinition) -> list[Sent]:
    """Every file that was ever sent with an instance that the actor may see (B11): of answers, earlier attempts and the
    start too, and of comments.

    Of answers only those of fields that the flow says are open: a sensitive one names no file here (X20), and neither
    does a field that the flow no longer has.
    """
    query = select(Upload).where(Upload.instance_id == instance.id, Upload.attached_at.is_not(None)).order_by(Upload.id)
    query = query.options(joinedload(Upload.uploaded_by), joinedload(Upload.comment))
    rows = read_as(actor).scalars(query.limit(MOST_SHOWN))
    asked = {name: step.fields for name, step in definition.steps.items()}
    asked[""] = definition.start.questions
    return [
        _sent(one)
        for one in rows
        if (one.comment_id is not None or (not one.is_sensitive and _is_open(asked.get(one.step, {}), one.field)))
        and (not one.visible_to or is_among(actor, one.visible_to, instance.standing))
    ]


def of_case(actor: Actor, instance: Instance, definition: FlowDefinition, history: Iterable[Entry]) -> list[Sent]:
    """The same for a case or task with its timeline; a statement only where that, or the start, tells of some."""
    told = answers.ids_in(definition.start.questions, instance.inputs) or any(one.facts.get("files") for one in history)
    return sent_with(actor, instance, definition) if told else []


def at_hand(files: Iterable[Shown]) -> FilesOf:
    """The files of an instance that were asked for already, for its answers."""
    return FilesOf({one.id: one for one in files})


def of_entry(entry: Entry, files: Iterable[Sent]) -> list[Sent]:
    """Those that came with the comment which a line of the timeline tells of."""
    if entry.kind not in ("commented", "commented_internally"):
        return []
    return [one for one in files if one.comment and one.comment == entry.facts["comment"]]


def _is_open(fields: Fields, path: str) -> bool:
    """Whether `pets.scan` is a field of these that is not sensitive, nor is the list around it."""
    name, _, below = path.partition(".")
    field = fields.get(name)
    if field is None or field.sensitive:
        return False
    return _is_open(field.item or {}, below) if below else True


def shown(upload: Upload) -> Shown:
    return Shown(*_facts(upload))


def _sent(upload: Upload) -> Sent:
    return Sent(
        *_facts(upload),
        by=upload.uploaded_by.name,
        at=upload.attached_at or NEVER,
        is_internal=bool(upload.visible_to) and not private.names_party(upload.visible_to, "customer"),
        comment=upload.comment.uid if upload.comment is not None else "",
        bytes=upload.size,
        mime=upload.mime,
    )


def _facts(upload: Upload) -> tuple[str, str, str, str, str, bool]:
    size, has_preview = uploads.size_in_words(upload.size), upload.preview_sha256 is not None
    return upload.uid, upload.name, size, upload.state, upload.refusal, has_preview

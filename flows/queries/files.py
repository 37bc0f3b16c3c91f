"""Files among answers as people see them: name, size, state, and whether there is something to open."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, or_, select

from flows.access import read_as
from flows.catalogue import FlowDefinition
from flows.models import Instance, Upload
from flows.rules import answers, uploads
from flows.rules.actors import Actor
from flows.rules.answers import AnswerContext, FieldLike
from flows.rules.people import is_among

Fields = Mapping[str, FieldLike]
MOST_SHOWN = 500


@dataclass(frozen=True)
class Shown:
    """One file of an answer. `state` is that of the upload, or "gone"; `size` is in words."""

    id: str
    name: str
    size: str = ""
    state: str = "gone"
    refusal: str = ""
    has_preview: bool = False


@dataclass(frozen=True)
class FilesOf:
    """The files of some answers of one instance, asked for in one statement."""

    by_id: Mapping[str, Shown]

    def one(self, uid: str) -> Shown:
        """What is gone, or was never theirs, still takes its place among the others."""
        return self.by_id.get(uid) or Shown(uid, "A file that is not here any more")

    def dressed(self, fields: Fields, values: Mapping[str, Any]) -> dict[str, Any]:
        """Values with files in place of ids, for the controls of a form."""
        return answers.dressed(fields, values, self.one)

    def row(self, name: str, field: FieldLike, value: Any, context: AnswerContext | None = None) -> dict[str, Any]:
        """A question and its answer for `ui.summary_list`, with the files in it; a sensitive one names none (X20)."""
        asked = {name: field}
        places = [place for place in answers.files_in(asked, {name: value}) if not place.is_sensitive]
        found = [self.one(uid) for place in places for uid in place.ids]
        text = ", ".join(file.name for file in found) if field.type == "file" and found else None
        shown = text or answers.display(field, value, context)
        takes_files = answers.asks_for_files(asked)
        return {"name": name, "label": field.label, "value": shown, "files": found, "takes_files": takes_files}


def files_of(actor: Actor, instance: Instance, *answered: tuple[Fields, Mapping[str, Any] | None]) -> FilesOf:
    """The files that stand in these answers of an instance that the actor may read, and their own unsent ones."""
    places = [place for fields, values in answered if values for place in answers.files_in(fields, values)]
    ids = {uid for place in places for uid in place.ids}
    if not ids:
        return FilesOf({})
    own = and_(Upload.instance_id.is_(None), Upload.uploaded_by_id == actor.user_id)
    query = select(Upload).where(Upload.uid.in_(ids), or_(Upload.instance_id == instance.id, own))
    return FilesOf({upload.uid: shown(upload) for upload in read_as(actor).scalars(query)})


def sent_with(actor: Actor, instance: Instance, definition: FlowDefinition) -> list[Shown]:
    """Every file that was ever sent with an instance, earlier attempts and the start too, that the actor may see.

    Only those of fields that the flow says are open: a sensitive one names no file here (X20), and neither does a field
    that the flow no longer has.
    """
    query = select(Upload).where(Upload.instance_id == instance.id, Upload.attached_at.is_not(None)).order_by(Upload.id)
    rows = read_as(actor).scalars(query.limit(MOST_SHOWN))
    asked = {name: step.fields for name, step in definition.steps.items()}
    asked[""] = definition.start.questions
    return [
        shown(one)
        for one in rows
        if _is_open(asked.get(one.step, {}), one.field)
        and (not one.visible_to or is_among(actor, one.visible_to, instance.standing))
    ]


def _is_open(fields: Fields, path: str) -> bool:
    """Whether `pets.scan` is a field of these that is not sensitive, nor is the list around it."""
    name, _, below = path.partition(".")
    field = fields.get(name)
    if field is None or field.sensitive:
        return False
    return _is_open(field.item or {}, below) if below else True


def shown(upload: Upload) -> Shown:
    return Shown(
        upload.uid,
        upload.name,
        uploads.size_in_words(upload.size),
        upload.state,
        upload.refusal,
        upload.preview_sha256 is not None,
    )

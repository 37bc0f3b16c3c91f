"""Answers and payloads that fit: for a play in which nobody says what is filled in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import rstr
from pydantic import TypeAdapter

from flows import store
from flows.authoring.play.cast import DEPARTMENTS, STAFF, Cast
from flows.catalogue.schema import FlowField
from flows.models import Upload
from flows.rules.answers.dates import day_of
from flows.rules.timing import local_date
from flows.work import Work

WORDS = ("Blue door", "Flat 3", "Call first", "As agreed", "Nothing more to say", "Two keys")
FILES = {
    "image": ("picture.png", "image/png", b"\x89PNG\r\n\x1a\n"),
    "pdf": ("paper.pdf", "application/pdf", b"%PDF-1.7\n"),
    "office": ("letter.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", b"PK\x03\x04"),
    "text": ("note.txt", "text/plain", b"a note\n"),
}
"""Name, type and first bytes of a file of each kind: nobody opens it."""
SAMPLE_FILE = "sample"
"""What a story writes for a file, alone or in a list: nobody has the id of an upload at hand."""
MOST_ENTRIES = 3
LEFT_OUT = 0.4
"""How often an optional question stays without an answer."""


@dataclass(frozen=True)
class Sampler:
    """Makes answers for whoever acts in `work`; the same dice make the same answers. `whole` leaves nothing out."""

    cast: Cast
    dice: Random
    whole: bool = False

    def answers(self, work: Work, fields: Mapping[str, FlowField]) -> dict[str, Any]:
        """Raw answers to these questions. What a condition hides is given all the same: the check drops it."""
        given: dict[str, Any] = {}
        for name, field in fields.items():
            if field.type != "info" and (field.required or self.whole or self.dice.random() >= LEFT_OUT):
                given[name] = self._answer(work, field, given)
        return given

    def with_files(self, work: Work, fields: Mapping[str, FlowField], given: Mapping[str, Any]) -> dict[str, Any]:
        """Answers as a story gives them, with a made-up file wherever it says `sample`."""
        made = dict(given)
        for name, field in fields.items():
            value = [SAMPLE_FILE] if made.get(name) == SAMPLE_FILE else made.get(name)
            if field.type == "file" and isinstance(value, list):
                made[name] = [
                    self._file(work, field.accept or (*FILES,)) if one == SAMPLE_FILE else one for one in value
                ]
            elif field.type == "list" and isinstance(value, list):
                entries = value  # an entry that is none is refused by the flow, as anybody's would be
                made[name] = [
                    self.with_files(work, field.item, one) if isinstance(one, Mapping) else one for one in entries
                ]
        return made

    def _answer(self, work: Work, field: FlowField, beside: Mapping[str, Any]) -> Any:
        match field.type:
            case "text" | "textarea":
                return self._words(field)
            case "email":
                return f"someone{self.dice.randint(1, 99)}@example.com"
            case "phone":
                return f"+44 7700 900{self.dice.randint(100, 999)}"
            case "url":
                return "https://example.com/page"
            case "domain":
                return "acme.example.com"
            case "integer" | "money":
                return self._whole(field, 100_000 if field.type == "money" else 12)
            case "number":
                return float(self._whole(field, 12))
            case "boolean":
                return self.dice.random() < 0.5
            case "date":
                return self._day(work, field)
            case "datetime":
                return self._moment(work, field)
            case "choice":
                return self.dice.choice([*(field.options or {"sample": ""})])
            case "choices":
                options = [*(field.options or {"sample": ""})]
                most = min(field.max_items or len(options), len(options))
                return self.dice.sample(options, self.dice.randint(1, most))
            case "file":
                return [self._file(work, field.accept or (*FILES,))]
            case "address":
                return {"line1": "12 Mill Lane", "town": "Leeds", "postcode": "LS1 4AB"}
            case "signature":
                return {"name": work.actor.name or "Chris Customer"}
            case "user":
                return self.cast.uids[self.dice.choice(self._colleagues(beside.get(field.within or "")))]
            case "department":
                return self.dice.choice([*self.cast.departments.values()])
            case "list":
                most = min(field.max_items or MOST_ENTRIES, MOST_ENTRIES)
                return [self.answers(work, field.item) for _ in range(self.dice.randint(1, most))]
            case _:
                return {"name": "Sample"}

    def _words(self, field: FlowField) -> str:
        if field.pattern:
            return str(rstr.Rstr(self.dice).xeger(field.pattern))[: field.max_length or 500]
        return self.dice.choice(WORDS)[: field.max_length or 500]

    def _whole(self, field: FlowField, usual: int) -> int:
        least = int(field.min) if field.min is not None else 0
        most = int(field.max) if field.max is not None else least + usual
        return self.dice.randint(least, most)

    def _day(self, work: Work, field: FlowField) -> str:
        today = local_date(work.now, work.actor.time_zone)
        least = day_of(str(field.min), today) if field.min else None
        most = day_of(str(field.max), today) if field.max else None
        first = least or (most or today) - timedelta(days=30)
        last = most or first + timedelta(days=30)
        return (first + timedelta(days=self.dice.randint(0, max((last - first).days, 0)))).isoformat()

    def _moment(self, work: Work, field: FlowField) -> str:
        now = work.now.astimezone(ZoneInfo(work.actor.time_zone))
        later = timedelta(hours=self.dice.randint(1, 48))
        return (now - later if field.max and not field.min else now + later).isoformat(timespec="minutes")

    def _file(self, work: Work, kinds: tuple[str, ...]) -> str:
        kind = self.dice.choice(kinds)
        name, mime, content = FILES[kind]
        kept = store.write([content], len(content))
        upload = Upload(
            name=name, sha256=kept.sha256, size=kept.size, kind=kind, mime=mime, state="ready", visible_to=[],
            uploaded_by_id=work.actor.user_id, created_at=work.now,
        )  # fmt: skip
        work.session.add(upload)
        work.session.flush()
        return upload.uid

    def _colleagues(self, department: object) -> tuple[str, ...]:
        found = next((key for key, uid in self.cast.departments.items() if uid == department), None)
        return DEPARTMENTS[found] if found else STAFF


def payload_of(model: type, given: Mapping[str, Any]) -> dict[str, Any]:
    """A whole payload of an event: what is given, and for the rest something of the right type."""
    schema = TypeAdapter(model).json_schema()
    return dict(_filled(schema, schema.get("$defs", {}), given, "sample"))


def _filled(schema: Mapping[str, Any], known: Mapping[str, Any], given: Any, name: str) -> Any:
    if "$ref" in schema:
        schema = known[schema["$ref"].rpartition("/")[2]]
    if "anyOf" in schema:
        schema = schema["anyOf"][0] if given is None else {}
    if isinstance(given, Mapping) or (given is None and schema.get("type") == "object"):
        parts, words = schema.get("properties", {}), given or {}
        filled = {key: _filled(part, known, words.get(key), key) for key, part in parts.items()}
        return {**filled, **{key: value for key, value in words.items() if key not in parts}}
    if isinstance(given, list):
        return [_filled(schema.get("items", {}), known, entry, name) for entry in given]
    return given if given is not None else _simple(schema, known, name)


def _simple(schema: Mapping[str, Any], known: Mapping[str, Any], name: str) -> Any:
    for key in ("default", "const"):
        if key in schema:
            return schema[key]
    if "enum" in schema:
        return schema["enum"][0]
    match schema.get("type"):
        case "integer" | "number":
            return 1
        case "boolean":
            return False
        case "array":
            return [_filled(schema.get("items", {}), known, None, name)]
        case "null":
            return None
    return {"date-time": "2026-01-01T09:00:00Z", "date": "2026-01-01"}.get(schema.get("format", ""), name)

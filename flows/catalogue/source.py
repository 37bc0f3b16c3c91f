"""The strict half of reading: text to plain values and their places, refusing what a flow file may not do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NoReturn

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import AliasEvent, DocumentStartEvent, MappingStartEvent, ScalarEvent, SequenceStartEvent
from ruamel.yaml.reader import ReaderError

from flows.catalogue.problems import FlowProblem, Severity
from flows.catalogue.yaml_slips import slip_of

MAX_BYTES = 256 * 1024
MAX_DEPTH = 20
MAX_NODES = 12_000

Path = tuple[str | int, ...]
_INTEGER = re.compile(r"[-+]?[0-9]{1,18}\Z|0o[0-7]{1,20}\Z|0x[0-9a-fA-F]{1,15}\Z", re.ASCII)
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]{1,3})?\Z", re.ASCII)
_CUT = re.compile(r" #[^\s#].*")
_WORDS = {"": None, "~": None, "null": None, "Null": None, "NULL": None} | {
    word: word.lower() == "true" for word in ("true", "True", "TRUE", "false", "False", "FALSE")
}


@dataclass(frozen=True)
class Place:
    """Line and column, both from 1; `opening` is 1 when a quote stands before the first character of the text."""

    line: int
    column: int
    opening: int = 0
    flat: bool = True


@dataclass
class Source:
    """A file as written, and where every key and value of it stands."""

    file: str
    lines: list[str] = field(default_factory=list)
    keys: dict[Path, Place] = field(default_factory=dict)
    values: dict[Path, Place] = field(default_factory=dict)
    cut: dict[Path, str] = field(default_factory=dict)
    """Plain texts that end before a ` #word`, with all of the line that was perhaps meant."""

    def value(self, path: Path) -> Place:
        """Where the value at `path` stands; the nearest thing around it when it is not in the file."""
        while path and path not in self.values:
            path = path[:-1]
        return self.values.get(path, Place(1, 1))

    def key(self, path: Path) -> Place:
        """Where the key at `path` stands; for an entry of a list, or nothing, as `value`."""
        return self.keys.get(path) or self.value(path)

    def inside(self, path: Path, offset: int) -> Place:
        """The `offset`-th character of the text at `path`; folded and block texts answer with their beginning.

        `notice: Hello` is short for `notice: {text: Hello}`, so the text may stand one level up.
        """
        place = self.value(path)
        if not place.flat or not (path in self.values or self._is_text(path[:-1])):
            return place
        return Place(place.line, place.column + place.opening + offset)

    @staticmethod
    def at(text: str, offset: int) -> Place:
        """Where the `offset`-th character of a whole file stands."""
        return _place_of(text[:offset])

    def _is_text(self, path: Path) -> bool:
        return path in self.values and not any(inner[: len(path)] == path != inner for inner in self.values)

    def problem(
        self, code: str, message: str, place: Place, cure: str = "", severity: Severity = "error"
    ) -> FlowProblem:
        line = self.lines[place.line - 1] if 0 < place.line <= len(self.lines) else ""
        return FlowProblem(code, severity, message, self.file, place.line, place.column, cure, line)


class Unreadable(Exception):
    """The file breaks a rule of the strict reader; reading stops at the first."""

    def __init__(self, problem: FlowProblem) -> None:
        super().__init__(problem.message)
        self.problem = problem


def read_source(text: bytes | str, file: str) -> tuple[Any, Source]:
    """Plain values (dict, list, str, int, float, bool, None) and their places.

    Raises Unreadable for anything the strict reader refuses; never anything else (FLOW_LANGUAGE.md 1.7).
    """
    source = Source(file)
    written = _decoded(text, source)
    source.lines = written.split("\n")
    composer = _Composer(source)
    try:
        return composer.compose(YAML(typ="safe", pure=True).parse(written)), source
    except YAMLError as wrong:
        raise Unreadable(_syntax_problem(wrong, source, composer.last_quote)) from wrong
    except (ValueError, IndexError, AttributeError, RecursionError, AssertionError) as wrong:
        # the parser stumbles over a few malformed directives and escapes with bare Python errors
        raise Unreadable(source.problem("F001", f"not readable as YAML ({wrong})", Place(1, 1))) from wrong


def _decoded(text: bytes | str, source: Source) -> str:
    raw = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
    if len(raw) > MAX_BYTES:
        message = f"the file has more than {MAX_BYTES} bytes"
        raise Unreadable(source.problem("F002", message, Place(1, 1), "split the flow"))
    try:
        written = raw.decode("utf-8")
    except UnicodeDecodeError as wrong:
        source.lines = raw.decode("utf-8", "replace").split("\n")
        place = _place_of(raw[: wrong.start].decode("utf-8"))
        raise Unreadable(source.problem("F003", "this byte is not UTF-8", place, "save the file as UTF-8")) from wrong
    written = written.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    source.lines = written.split("\n")
    if (nul := written.find("\0")) >= 0:
        raise Unreadable(source.problem("F003", "the file holds a NUL character", _place_of(written[:nul])))
    return written


def _place_of(before: str) -> Place:
    return Place(before.count("\n") + 1, len(before) - before.rfind("\n"))


def _syntax_problem(wrong: YAMLError, source: Source, last_quote: tuple[int, int, int] | None) -> FlowProblem:
    if isinstance(wrong, ReaderError):
        line = next((n for n, text in enumerate(source.lines, 1) if chr(wrong.character) in text), 1)
        column = source.lines[line - 1].find(chr(wrong.character)) + 1
        return source.problem("F003", "this character is not allowed in YAML", Place(line, max(column, 1)))
    if not isinstance(wrong, MarkedYAMLError):
        return source.problem("F001", "not readable as YAML", Place(1, 1))
    if (slip := slip_of(wrong, source.lines, last_quote)) is not None:
        place = Place(slip.line + 1, slip.column + 1)
        return source.problem("F001", f"not readable as YAML: {slip.message}", place, slip.cure)
    mark = wrong.problem_mark or wrong.context_mark
    place = Place(mark.line + 1, mark.column + 1) if mark else Place(1, 1)
    said = " ".join(str(part) for part in (wrong.context, wrong.problem) if part)
    return source.problem("F001", f"not readable as YAML: {said}", place)


class _Composer:
    """Builds values from the event stream; anchors, aliases, tags, duplicates and depth are refused as they come."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.nodes = 0
        self.last_quote: tuple[int, int, int] | None = None

    def compose(self, events: Iterator[Any]) -> Any:
        documents: list[Any] = []
        for event in events:
            if isinstance(event, DocumentStartEvent) and documents:
                self._refuse("F009", "a second document starts here; one file is one flow", event)
            if isinstance(event, (ScalarEvent, MappingStartEvent, SequenceStartEvent, AliasEvent)):
                documents.append(self._node(event, events, ()))
        return documents[0] if documents else None

    def _node(self, event: Any, events: Iterator[Any], path: Path) -> Any:
        self._check(event, path)
        self.source.values[path] = _place(event)
        if isinstance(event, ScalarEvent):
            if event.style in ("'", '"') and event.end_mark.line > event.start_mark.line:
                self.last_quote = (event.start_mark.line, event.start_mark.column, event.end_mark.line)
            if event.style is None and (rest := _CUT.match(self._line(event), event.end_mark.column)):
                self.source.cut[path] = str(event.value) + rest[0].rstrip()
            return _scalar(event)
        return self._mapping(events, path) if isinstance(event, MappingStartEvent) else self._sequence(events, path)

    def _line(self, event: ScalarEvent) -> str:
        return self.source.lines[event.end_mark.line] if event.end_mark.line < len(self.source.lines) else ""

    def _mapping(self, events: Iterator[Any], path: Path) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while isinstance(event := next(events), (ScalarEvent, MappingStartEvent, SequenceStartEvent, AliasEvent)):
            self._check(event, path)
            if not isinstance(event, ScalarEvent):
                self._refuse("F008", "a key must be a word, not a list or a map", event)
            key = str(event.value)
            if key in found:
                first = self.source.keys[(*path, key)]
                cure = "keep one of the two, or give this one another name"
                self._refuse("F004", f"the key '{key}' is given twice, first in line {first.line}", event, cure)
            self.source.keys[(*path, key)] = _place(event)
            found[key] = self._node(next(events), events, (*path, key))
        return found

    def _sequence(self, events: Iterator[Any], path: Path) -> list[Any]:
        found: list[Any] = []
        while isinstance(event := next(events), (ScalarEvent, MappingStartEvent, SequenceStartEvent, AliasEvent)):
            found.append(self._node(event, events, (*path, len(found))))
        return found

    def _check(self, event: Any, path: Path) -> None:
        self.nodes += 1
        if isinstance(event, AliasEvent):
            self._refuse(
                "F006",
                f"aliases (*{event.anchor}) are not read",
                event,
                "write the value out; a text that begins with * needs quotes",
            )
        if event.anchor is not None:
            self._refuse(
                "F006",
                f"anchors (&{event.anchor}) are not read",
                event,
                "leave it out; a text that begins with & needs quotes",
            )
        if _tag(event) is not None:
            self._refuse("F005", f"tags ({_tag(event)}) are not read", event, "put the text in quotes instead")
        if len(path) >= MAX_DEPTH and not isinstance(event, ScalarEvent):
            self._refuse("F007", f"nested more than {MAX_DEPTH} deep", event)
        if self.nodes > MAX_NODES:
            self._refuse("F002", f"more than {MAX_NODES} keys and values", event, "split the flow")

    def _refuse(self, code: str, message: str, event: Any, cure: str = "") -> NoReturn:
        raise Unreadable(self.source.problem(code, message, _place(event), cure))


def _tag(event: Any) -> str | None:
    tag = getattr(event, "tag", None)
    return None if tag is None or str(tag) in ("", "None") else str(tag)


def _place(event: Any) -> Place:
    mark, end = event.start_mark, event.end_mark
    style = getattr(event, "style", None)
    flat = mark.line == end.line and style in (None, "'", '"')
    return Place(mark.line + 1, mark.column + 1, 1 if style in ("'", '"') else 0, flat)


def _scalar(event: ScalarEvent) -> Any:
    """YAML 1.2 core: `on`, `NO` and `17:00` stay text; only plain scalars become anything else."""
    written: str = event.value
    if event.style is not None:
        return written
    if written in _WORDS:
        return _WORDS[written]
    if _INTEGER.match(written):
        return int(written, 0) if written[:2] in ("0o", "0x") else int(written)
    return float(written) if _FLOAT.match(written) else written

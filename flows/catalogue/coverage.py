"""How far a flow is translated: what each language says, what is missing, out of date, or said of nothing (X23)."""

from __future__ import annotations

from dataclasses import dataclass

from flows.catalogue.registry import Registry
from flows.catalogue.schema import FlowDefinition
from flows.catalogue.source import Path
from flows.catalogue.translation import (
    TRANSLATED_FROM,
    dotted,
    files_of,
    is_written_in,
    locale_in,
    mail_file,
    mails_of,
    mark_of,
    said_in,
    words_of,
)


@dataclass(frozen=True)
class Coverage:
    """One flow in one language. What is `stale` was translated from other words than the flow says today.

    `mails` are the files of those that it sends and that are there in English only; each counts as one of its `texts`.
    """

    language: str
    file: str
    texts: int
    missing: tuple[Path, ...] = ()
    stale: tuple[Path, ...] = ()
    orphaned: tuple[Path, ...] = ()
    mails: tuple[str, ...] = ()

    @property
    def done(self) -> int:
        """How many texts are translated as they are today."""
        return self.texts - len(self.missing) - len(self.stale) - len(self.mails)

    @property
    def percent(self) -> int:
        """Rounded down, so that 100 means everything."""
        return 100 * self.done // self.texts if self.texts else 100

    @property
    def to_do(self) -> tuple[str, ...]:
        """Dotted paths of what is missing or stale, in the order of the file, and the mails that are missing."""
        return (*(dotted(path) for path in (*self.missing, *self.stale)), *self.mails)

    @property
    def is_complete(self) -> bool:
        return not (self.missing or self.stale or self.orphaned or self.mails)


def coverage(registry: Registry, definition: FlowDefinition) -> list[Coverage]:
    """Every language that the flow has a locale file for."""
    return [_of(registry, definition, language, file) for language, file in files_of(registry, definition).items()]


def coverage_in(registry: Registry, definition: FlowDefinition, language: str) -> Coverage:
    """One language; without a file, everything is missing."""
    return _of(registry, definition, language, files_of(registry, definition).get(language, ""))


def _of(registry: Registry, definition: FlowDefinition, language: str, file: str) -> Coverage:
    locale, words = locale_in(registry, file, definition.flow) if file else {}, words_of(definition)
    said = {path: text for path, text in said_in(locale).items() if isinstance(text, str)}
    marks = locale.get(TRANSLATED_FROM)
    known = marks if isinstance(marks, dict) else {}
    sent = [kind for kind in mails_of(definition) if registry.mail(kind, "en") is not None]
    return Coverage(
        language,
        file,
        len(words) + len(sent),
        missing=tuple(path for path in words if path not in said),
        stale=tuple(
            path for path, text in words.items()
            if path in said and known.get(dotted(path), mark_of(text)) != mark_of(text)
        ),
        orphaned=tuple(path for path in said if path not in words),
        mails=tuple(mail_file(kind, language) for kind in sent if not is_written_in(registry, kind, language)),
    )  # fmt: skip

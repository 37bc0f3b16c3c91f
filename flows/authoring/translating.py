"""A flow's words out to translators as a PO file, and back as its locale file; a file is taken whole or not (X23)."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO, StringIO
from itertools import pairwise
from pathlib import Path as File
from typing import Any

from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import PoFileError, read_po, write_po
from ruamel.yaml import YAML

from flows.catalogue import FlowDefinition, LoadedFlow
from flows.catalogue.problems import cure_among
from flows.catalogue.registry import Registry
from flows.catalogue.source import Path
from flows.catalogue.translation import (
    TRANSLATED_FROM,
    dotted,
    files_of,
    holes_of,
    locale_in,
    mark_of,
    said_in,
    same_holes,
    usual_file,
    words_of,
)

NAMED = frozenset({"steps", "states", "fields", "inputs", "item"})
"""Below these stand the names that `moved` speaks of."""
KINDS = {
    "hint": "hint",
    "help": "help",
    "summary": "summary",
    "message": "message to the customer",
    "options": "option",
}


class NotTaken(ValueError):
    """A PO file that cannot become a locale; every reason is a line."""


def exported(registry: Registry, definition: FlowDefinition, language: str) -> str:
    """The PO file: one entry a text, its path as context. What is out of date is marked as fuzzy.

    What was said of a step, question or state before it `moved` goes with it.
    """
    file = files_of(registry, definition).get(language, "")
    said, marks = _as_named_now(definition, locale_in(registry, file, definition.flow) if file else {})
    catalogue = Catalog(locale=language, fuzzy=False, header_comment=f"# {definition.flow}: {definition.title}")
    for path, text in words_of(definition).items():
        catalogue.add(
            text,
            str(said.get(path, "")),
            context=dotted(path),
            flags=("fuzzy",) if path in said and marks.get(dotted(path), mark_of(text)) != mark_of(text) else (),
            auto_comments=[_shown_as(definition, path)],
        )
    out = BytesIO()
    write_po(out, catalogue, width=0)
    return out.getvalue().decode()


def _as_named_now(definition: FlowDefinition, locale: dict[str, Any]) -> tuple[dict[Path, Any], dict[str, str]]:
    """What a locale says and what from; of places that have moved, under the names of today."""
    kept = locale.get(TRANSLATED_FROM)
    said, marks = said_in(locale), dict(kept) if isinstance(kept, dict) else {}
    words, moved = words_of(definition), definition.moved
    for path in [path for path in said if path not in words]:
        now = tuple(moved.get(str(part), part) if before in NAMED else part for before, part in pairwise(("", *path)))
        if now in words and now not in said:
            said[now] = said[path]
            marks |= {dotted(now): marks[dotted(path)]} if dotted(path) in marks else {}
    return said, marks


def imported(registry: Registry, loaded: LoadedFlow, po: bytes, language: str = "") -> tuple[File, str, int]:
    """File, text and number of words of the locale that a PO file makes. Raises NotTaken with everything wrong."""
    catalogue = _read(po)
    language = language or (str(catalogue.locale) if catalogue.locale else "")
    if not language:
        raise NotTaken("the file does not say its language; add `Language:` to its head, or say --to")
    definition = loaded.definition
    words = {dotted(path): path for path in words_of(definition)}
    entries = {str(one.context): one for one in catalogue if one.id}
    if wrong := list(_wrong(definition, words, entries)):
        raise NotTaken("\n".join(wrong))
    file = files_of(registry, definition).get(language, usual_file(definition.flow, language))
    before = locale_in(registry, file, definition.flow)
    said, marks = _taken(words, entries, *_as_named_now(definition, before))
    return _place(registry, loaded, file), _written(definition, language, said, marks), len(said)


def _read(po: bytes) -> Catalog:
    try:
        return read_po(BytesIO(po), abort_invalid=True)
    except (PoFileError, ValueError, LookupError) as wrong:
        raise NotTaken(f"this is no PO file ({wrong})") from wrong


def _wrong(definition: FlowDefinition, words: dict[str, Path], entries: dict[str, Message]) -> Iterator[str]:
    texts = words_of(definition)
    for context, one in entries.items():
        if context not in words:
            yield f"{context}: the flow has no words there; {cure_among(context, words) or 'export again'}"
        elif one.string and not one.fuzzy and not same_holes(text := texts[words[context]], str(one.string)):
            said = ", ".join(f"${{{{ {hole} }}}}" for hole in holes_of(text)) or "none"
            yield f"{context}: the holes differ; the translation has to have {said}"


def _taken(
    words: dict[str, Path], entries: dict[str, Message], known: dict[Path, Any], marks: dict[str, str]
) -> tuple[dict[Path, str], dict[str, str]]:
    """What is said, in the order of the flow, and what each was translated from. Doubtful entries stay as they were."""
    said: dict[Path, str] = {}
    for context, path in words.items():
        one = entries.get(context)
        if one is not None and one.string and not one.fuzzy:
            said[path], marks[context] = str(one.string), mark_of(str(one.id))
        elif one is None or one.fuzzy:
            said.update({path: str(known[path])} if path in known else {})
    return said, {context: marks[context] for context in words if words[context] in said and context in marks}


def _written(definition: FlowDefinition, language: str, said: dict[Path, str], marks: dict[str, str]) -> str:
    tree: dict[str, Any] = {}
    for path, text in said.items():
        node = tree
        for part in path[:-1]:
            node = node.setdefault(str(part), {})
        node[str(path[-1])] = text
    writer, out = YAML(), StringIO()
    writer.width = 10_000
    writer.dump({**tree, TRANSLATED_FROM: marks}, out)
    head = f"# The words of {definition.flow} in {language}, by path; what is missing is shown as the flow says it."
    return f"{head}\n{out.getvalue()}"


def _place(registry: Registry, loaded: LoadedFlow, file: str) -> File:
    root = registry.homes[loaded.definition.flow].root
    if not isinstance(root, File):
        root = File(str(root))
    if not root.is_dir():
        raise NotTaken(f"the plugin {loaded.plugin} is no folder that can be written to; import into its sources")
    return root / file


def _shown_as(definition: FlowDefinition, path: Path) -> str:
    """Where a text is seen, for whoever translates it."""
    kind = KINDS.get(str(path[-2]) if len(path) > 1 else "") or KINDS.get(str(path[-1])) or str(path[-1])
    step = definition.steps.get(str(path[1])) if path[0] == "steps" and len(path) > 1 else None
    return f"{kind}, on the step “{step.title}”" if step is not None else f"{kind} of the flow"

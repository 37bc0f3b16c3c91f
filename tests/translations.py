"""`make translations`: every sentence that a room says stands in its catalogues, and nothing else does.

What is translated stays. A sentence that changed is a new one: it is never guessed from one that looks like it.
Neither times nor line numbers are kept, so that the files change only when words do.
"""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po, write_po

from flows.words import LANGUAGES, ROOMS, USUAL, catalogue_files

ROOT = Path(__file__).parents[1]
NOT_KEPT = (
    "Project-Id-Version",
    "Report-Msgid-Bugs-To",
    "POT-Creation-Date",
    "PO-Revision-Date",
    "Last-Translator",
    "Language-Team",
    "Generated-By",
)
TOLD_TRANSLATORS = "Translators:"
SAID_BY = {**DEFAULT_KEYWORDS, "_l": None, "saying": None, "lazy_pgettext": ((1, "c"), 2)}
"""What a sentence stands in; the lazy ones where it is written before anybody reads it, in a table of words say."""
WIDTH = 118


def extracted(room: str) -> Catalog:
    """What the room says, in English, each sentence with the files that say it."""
    with (ROOT / "babel.cfg").open() as written:
        methods, options = parse_mapping_cfg(written)
    said = Catalog()
    for file, line, message, comments, context in extract_from_dir(
        ROOT / room, methods, options, SAID_BY, comment_tags=[TOLD_TRANSLATORS], strip_comment_tags=True
    ):
        said.add(
            message, locations=[(f"{room}/{Path(file).as_posix()}", line)], auto_comments=comments, context=context
        )
    return said


def kept(path: Path, language: str) -> Catalog:
    """The catalogue as it is; an empty one where there is none yet."""
    if not path.is_file():
        return Catalog(locale=language, project="baton", fuzzy=False)
    with path.open("rb") as written:
        return read_po(written, locale=language)


def brought_up_to_date(path: Path, language: str, said: Catalog) -> str:
    """The text of the catalogue with exactly these sentences."""
    catalogue = kept(path, language)
    catalogue.update(said, no_fuzzy_matching=True)
    catalogue.header_comment = f"# What this room of Baton says, in {LANGUAGES[language]}. See docs/translating.md."
    catalogue.fuzzy = False
    out = BytesIO()
    write_po(out, catalogue, width=WIDTH, include_lineno=False, sort_by_file=True, ignore_obsolete=True)
    lines = out.getvalue().decode().splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith(tuple(f'"{name}:' for name in NOT_KEPT)))


def catalogues() -> Iterator[tuple[str, str, Path]]:
    """Room, language and file of every catalogue that there has to be."""
    for language in LANGUAGES:
        if language != USUAL:
            for room, path in zip(ROOMS, catalogue_files(language), strict=True):
                yield room, language, path


def main() -> None:
    for room, language, path in catalogues():
        text = brought_up_to_date(path, language, extracted(room))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        missing = sum(1 for one in kept(path, language) if one.id and not one.string)
        print(f"{path.relative_to(ROOT)}: {missing} to translate")  # noqa: T201  # the command's answer


if __name__ == "__main__":
    main()

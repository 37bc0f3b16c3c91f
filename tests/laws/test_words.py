"""The catalogues of the product's sentences hold what the product says, all of it translated, with the same holes."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message

from flows.words import LANGUAGES, ROOMS, USUAL
from tests.translations import ROOT, catalogues, extracted, kept

CURE = "run `make translations`, then translate what is empty (docs/translating.md)"
HOLE = re.compile(r"%\([a-z_0-9]+\)[sd]|\{[a-z_]*\}|%%")
SAYS = {"_", "N_", "_l", "gettext", "ngettext", "saying"}
MAILS = Path(__file__).parents[2] / "messaging" / "mail"
FILLED = re.compile(r"\$\{\{.*?\}\}")
NAMES_IN = re.compile(r"[a-z_]+(?:\.[a-z_]+)*(?!\()\b")
pytestmark = pytest.mark.requirement("X23")
every_catalogue = pytest.mark.parametrize(
    ("room", "language", "path"), [pytest.param(*one, id=f"{one[0]}-{one[1]}") for one in catalogues()]
)


@cache
def written(path: Path, language: str) -> Catalog:
    return kept(path, language)


def sentences(catalogue: Catalog) -> dict[object, Message]:
    return {(one.id, one.context): one for one in catalogue if one.id}


def translations_of(message: Message) -> list[str]:
    return [message.string] if isinstance(message.string, str) else list(message.string or [""])


def wrong_holes(message: Message) -> list[str]:
    """Translations whose holes are not those of the sentence; a form of a plural may leave the number out."""
    originals = [message.id] if isinstance(message.id, str) else list(message.id)
    wanted = {frozenset(HOLE.findall(original)) for original in originals}
    if message.pluralizable:
        wanted |= {holes - {"%(num)s"} for holes in wanted}
    return [said for said in translations_of(message) if said and frozenset(HOLE.findall(said)) not in wanted]


@every_catalogue
def test_a_catalogue_has_what_its_room_says_and_nothing_else(room: str, language: str, path: Path) -> None:
    assert {*sentences(written(path, language))} == {*sentences(extracted(room))}, CURE


def sentences_at(path: Path) -> list[str]:
    """What a file of Python says, as it stands there: the first argument of every call that says something."""
    calls = [one for one in ast.walk(ast.parse(path.read_text())) if isinstance(one, ast.Call) and one.args]
    said = [one.args[0] for one in calls if isinstance(one.func, ast.Name) and one.func.id in SAYS]
    return [one.value for one in said if isinstance(one, ast.Constant) and isinstance(one.value, str)]


@pytest.mark.parametrize("room", ROOMS)
def test_no_sentence_stands_where_the_catalogue_does_not_look(room: str) -> None:
    """Inside of an f-string, say, where it would stay English without anybody noticing."""
    known = {one for said in extracted(room) if said.id for one in ([said.id] if isinstance(said.id, str) else said.id)}
    rooms = {path: sentences_at(path) for path in (ROOT / room).rglob("*.py")}
    assert {(str(path), one) for path, said in rooms.items() for one in said if one not in known} == set()


@every_catalogue
def test_every_sentence_is_translated(room: str, language: str, path: Path) -> None:
    missing = [
        one.id for one in sentences(written(path, language)).values() if one.fuzzy or not all(translations_of(one))
    ]
    assert missing == [], CURE


@every_catalogue
def test_a_translation_has_the_holes_of_its_sentence(room: str, language: str, path: Path) -> None:
    assert [wrong for one in sentences(written(path, language)).values() for wrong in wrong_holes(one)] == []


def test_rooms_say_the_same_sentence_in_the_same_words() -> None:
    said: dict[object, set[tuple[str, ...]]] = {}
    for _, language, path in catalogues():
        for key, one in sentences(written(path, language)).items():
            said.setdefault((language, key), set()).add(tuple(translations_of(one)))
    assert {key: words for key, words in said.items() if len(words) > 1} == {}


@pytest.mark.parametrize(("original", "said"), [("Pay %(money)s", "Talwch"), ("Pay", "Talwch %(x)s"), ("{a}", "{b}")])
def test_a_hole_that_differs_is_caught(original: str, said: str) -> None:
    assert wrong_holes(Message(original, said)) == [said]


def names_in(mail: Path) -> set[str]:
    """What the holes of a mail ask for, without the words in them and the functions."""
    holes = (re.sub(r'"[^"]*"', "", hole) for hole in FILLED.findall(mail.read_text()))
    return {name for hole in holes for name in NAMES_IN.findall(hole)}


@pytest.mark.parametrize("language", [one for one in LANGUAGES if one != USUAL])
@pytest.mark.parametrize("mail", sorted(MAILS.glob("*.en.md")), ids=lambda mail: mail.name)
def test_every_mail_of_the_product_says_the_same_in_each_language(mail: Path, language: str) -> None:
    said = mail.with_name(mail.name.replace(".en.", f".{language}."))
    assert said.is_file()
    assert names_in(said) == names_in(mail)

"""What people write in conditions who think in another language, and how CEL says it; asked only once something failed.

`slip_in` reads an expression that does not compile, `name_meant` a name in one that does and leads nowhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from flows.catalogue.lint.chains import Chain
from flows.catalogue.lint.scopes import PLAIN, Shape
from flows.catalogue.problems import closest, cure_among, nearest
from flows.rules.cel_words import Word, words

MARKS = {
    "===": "write == to compare", "==": "", "=>": "write >=", "=<": "write <=", "=": "write == to compare",
    "<>": "write != for what is not equal", "!==": "write != for what is not equal", "&&": "", "||": "",
    "&": "write && between two conditions", "|": "write || between two conditions", ";": "leave it out",
    "${{": "a condition is written without ${{ and }}", "{{": "a condition is written without {{ and }}",
    **dict.fromkeys("“”‘’„", "write straight quotes: \""),
}  # fmt: skip
"""Marks and what is written instead; with nothing, those that CEL has, so that they are not taken for two others."""
JOINING = {"and": "write &&", "or": "write ||", "not": "write !", "is": "write == or !="}
OTHERWISE = {"if": "write only what must hold", "then": "write a ? b : c", "else": "write a ? b : c", "elif": "write ?"}
VALUES = {
    **dict.fromkeys(("none", "nil", "undefined"), "null"), **dict.fromkeys(("yes", "on"), "true"),
    **dict.fromkeys(("no", "off"), "false"), "true": "true", "false": "false", "null": "null",
}  # fmt: skip
CALLS = dict.fromkeys(("len", "length", "count"), "size")
_SPAN = re.compile(r"\d+(d|wd|w|m|h|y)")
_SPANS = 'days are reckoned so: timestamp(data.day + "T00:00:00Z") < now - duration("720h")'
_MARK = re.compile("|".join(re.escape(mark) for mark in sorted(MARKS, key=len, reverse=True)))


def slip_in(expression: str) -> tuple[str, str, int] | None:
    """Message, cure and offset of the first thing that CEL writes otherwise; None when nothing of the kind is there."""
    all_words = [*words(expression)]
    reached = 0
    for at, word in enumerate(all_words):
        if word.offset < reached:
            continue  # the rest of a mark of several characters
        if word.kind == "mark":
            found = _MARK.match(expression, word.offset)
            reached = found.end() if found else 0
            if found and MARKS[found[0]]:
                return f"CEL has no '{found[0]}'", MARKS[found[0]], word.offset
            if word.text == "(" and at and all_words[at - 1].text == "in":
                return "this begins no list", "a list stands in [ ]", word.offset
            if word.text in ("'", '"'):
                return _open_quote(expression, word)
        elif word.kind == "number" and _SPAN.fullmatch(word.text):
            return "no span is written so in a condition", _SPANS, word.offset
        elif word.kind == "name" and (cure := _cure_of(all_words, at)):
            return f"CEL has no '{word.text}'", cure, word.offset
    return None


def name_meant(chain: Chain, at: int, here: Shape, scope: Shape, expression: str) -> str:
    """What was probably meant by a name that is not known: an answer, another word, a text without its quotes."""
    name = chain.parts[at]
    if at > 0 or len(chain.parts) > 1:
        answer = next(_answers(chain.parts[at:], scope), "")
        return nearest(name, here.parts) or (f"write {answer}" if answer else cure_among(name, here.parts))
    answers = {part: f"{root}.{part}" for root in ("ask", "data") for part in scope.parts.get(root, PLAIN).parts}
    if name in answers:
        return f"write {answers[name]}"
    if name.lower() in VALUES:
        return f"write {VALUES[name.lower()]}"
    if name.lower() in JOINING:
        return JOINING[name.lower()]
    if name.lower() == "today":
        return _SPANS
    if name in _values(scope):
        return f'put a text in quotes: "{name}"'
    if meant := closest(name, [*here.parts, *answers]):
        return f"did you mean '{meant if meant in here.parts else answers[meant]}'?"
    if expression[: chain.offsets[0]].rstrip().endswith(("==", "!=")):
        return f'put a text in quotes: "{name}"'
    return cure_among(name, here.parts)


def _open_quote(expression: str, word: Word) -> tuple[str, str, int]:
    other = "\"'".replace(word.text, "")
    mixed = f": it began with {word.text}, and {other} does not end it" if other in expression[word.offset :] else ""
    return "this quote is never closed" + mixed, f"end the text with {word.text} too", word.offset


def _cure_of(all_words: Sequence[Word], at: int) -> str:
    """How CEL says this word, where it stands as one of its own and not as a part of a name."""
    name, before = all_words[at].text, all_words[at - 1].text if at else ""
    after = all_words[at + 1].text if at + 1 < len(all_words) else ""
    if before == "." or after == ".":
        return ""
    if after == "(" and name.lower() in CALLS:
        return f"write {CALLS[name.lower()]}( )"
    return JOINING.get(name.lower(), "") or OTHERWISE.get(name.lower(), "")


def _answers(parts: Sequence[str], scope: Shape) -> Iterator[str]:
    """`kind`, `steps.choose.kind` and `data.choose.kind` are all meant for `data.kind`."""
    for part in parts:
        yield from (f"{root}.{part}" for root in ("data", "ask") if part in scope.parts.get(root, PLAIN).parts)


def _values(scope: Shape) -> set[str]:
    """Everything that an answer, a state or a status can be."""
    shapes = [part for root in scope.parts.values() for part in root.parts.values()]
    lists = [shape.entry for shape in shapes if shape.entry is not None]
    return {value for shape in (*shapes, *lists) for value in shape.values or ()}

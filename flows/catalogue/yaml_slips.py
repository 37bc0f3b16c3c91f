"""What people write that is not YAML, and how it is written; asked only once the parser has given up.

The parser says where it noticed. Where that is not where the slip is (a quote or bracket that is never closed), the
place given here is another one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ruamel.yaml.error import MarkedYAMLError

TAKEN = "%@`,>|?-[]{}&*!#\"'"
"""With what a text without quotes does not begin."""
_ENTRY = re.compile(r"(?P<key>[^\s:#'\"{}\[\],][^:#'\"{}\[\],]*): +(?P<value>\S.*)\Z")
_NO_COLON = re.compile(r"\s*(?:- )?[\w-]+(?::\S| +\S)?[^:]*\Z")
_QUOTED = re.compile(r"'(?:[^']|'')*'|\"(?:\\.|[^\"\\])*\"|(?<!\S)#[^\n]*", re.DOTALL)
_LIST_FIRST = re.compile(r"\s*(?:- )?(?P<key>\w+): +(?P<value>[\[{].*)\Z")
KEYS_OF_QUESTIONS = frozenset({
    "type", "label", "hint", "required", "sensitive", "default", "min", "max", "max_length", "pattern", "options",
    "options_from", "within", "multiple", "accept", "max_mb", "max_items", "item", "visible_to", "actor", "fields",
})  # fmt: skip
"""Before these a comma was most likely left out: `{type: date label: When}`."""
_CLOSING = {"[": "]", "{": "}"}


@dataclass(frozen=True)
class Slip:
    """What is wrong, its cure, and where; line and column count from 0."""

    message: str
    cure: str
    line: int
    column: int


@dataclass(frozen=True)
class _Wrong:
    """What the parser says, the line where it noticed, and where what it was reading began."""

    said: str
    lines: Sequence[str]
    line: int
    column: int
    began: tuple[int, int] | None

    @property
    def text(self) -> str:
        return self.lines[self.line] if self.line < len(self.lines) else ""

    def here(self, message: str, cure: str, column: int | None = None) -> Slip:
        return Slip(message, cure, self.line, self.column if column is None else column)


def slip_of(wrong: MarkedYAMLError, lines: Sequence[str], last_quote: tuple[int, int, int] | None) -> Slip | None:
    """What was probably meant to be written; None where nothing is known of it.

    `last_quote` is the last text in quotes of several lines: where it began (line, column) and the line where it ended.
    """
    mark, context = wrong.problem_mark or wrong.context_mark, wrong.context_mark
    if mark is None:
        return None
    said = f"{wrong.context or ''} {wrong.problem or ''}"
    here = _Wrong(said, lines, mark.line, mark.column, (context.line, context.column) if context else None)
    if last_quote is not None and last_quote[2] == mark.line:
        return _never_closed_quote(here, last_quote[:2], f", and so ends only in line {mark.line + 1}")
    for look in (
        _no_break_space, _tab, _quote, _escape, _hole, _comma, _second_colon, _no_colon, _beginning, _after_a_quote,
        _after_a_bracket, _bracket, _indent,
    ):  # fmt: skip
        if (slip := look(here)) is not None:
            return slip
    return None


def _no_break_space(wrong: _Wrong) -> Slip | None:
    """A space that looks like one, mostly copied from a web page or a text processor."""
    for line in range(wrong.line, max(wrong.line - 2, -1), -1):
        text = wrong.lines[line] if line < len(wrong.lines) else ""
        if (column := text[: len(text) - len(text.lstrip())].find("\xa0")) >= 0:
            return Slip("this line begins with a no-break space", "write common spaces before it", line, column)
    return None


def _tab(wrong: _Wrong) -> Slip | None:
    column = wrong.text[: wrong.column + 1].find("\t")
    return wrong.here("a tab stands here", "write spaces: YAML takes no tabs", column) if column >= 0 else None


def _quote(wrong: _Wrong) -> Slip | None:
    if "quoted scalar" in wrong.said and wrong.began and "end of stream" in wrong.said:
        return _never_closed_quote(wrong, wrong.began, "")
    return None


def _never_closed_quote(wrong: _Wrong, at: tuple[int, int], more: str) -> Slip:
    quote = wrong.lines[at[0]][at[1] : at[1] + 1]
    inside = "" if quote == '"' else "; one inside of it is written twice: ''"
    return Slip(f"the quote that opens here is never closed{more}", f"end the text with {quote}{inside}", *at)


def _escape(wrong: _Wrong) -> Slip | None:
    if "unknown escape character" not in wrong.said:
        return None
    return wrong.here("no letter is written like this", "put the text in ', where a \\ is a \\, or write it twice")


def _comma(wrong: _Wrong) -> Slip | None:
    """`[choose,, brew]`"""
    if wrong.text[wrong.column : wrong.column + 1] != "," or wrong.text[: wrong.column].rstrip()[-1:] not in (",", "["):
        return None
    return wrong.here("there is one comma too many", "take it out") if "flow" in wrong.said else None


def _hole(wrong: _Wrong) -> Slip | None:
    """A brace of a bare `${{`: to YAML it begins a map."""
    if "${{" not in wrong.text[max(wrong.column - 2, 0) : wrong.column + 2]:
        return None
    return wrong.here("to YAML a { begins a map", "a text with ${{ }} between { and } needs quotes")


def _second_colon(wrong: _Wrong) -> Slip | None:
    """`title: Choose: which one`, also between { and }."""
    before, after = wrong.text[: wrong.column], wrong.text[wrong.column :]
    if not after.startswith(":") or not ("mapping values" in wrong.said or "got ':'" in wrong.said):
        return None
    in_brackets = "flow" in wrong.said
    entry = _ENTRY.search(re.split(r"[{\[,](?: |(?=\w))", before)[-1] if in_brackets else before)
    if entry is None or (in_brackets and wrong.began and wrong.began[0] != wrong.line):
        return None
    if in_brackets and (key := re.search(r" (\w+)\Z", entry["value"])) is not None and key[1] in KEYS_OF_QUESTIONS:
        message = f"a comma is missing before '{key[1]}'"
        cure = "write a comma between two entries; a text with a colon needs quotes"
        return wrong.here(message, cure, wrong.column - len(key[1]))
    ends = re.search(r"[,}\]]|\s+#|\Z" if in_brackets else r"\s+#|\Z", after)
    value = entry["value"] + after[: ends.start() if ends else None].rstrip()
    cure = f"a text with a colon and a space in it needs quotes: {entry['key']}: {_in_quotes(value)}"
    return wrong.here("a second colon stands here", cure)


def _after_a_bracket(wrong: _Wrong) -> Slip | None:
    """`title: [urgent] is it gone`: a list, and then a text."""
    entry = _LIST_FIRST.match(wrong.text)
    if (
        entry is None
        or "found '<scalar>'" not in wrong.said
        or wrong.text[: wrong.column].rstrip()[-1:] not in ("]", "}")
    ):
        return None
    first, column = entry["value"][0], entry.start("value")
    cure = f"a text that begins with {first} needs quotes: {entry['key']}: {_in_quotes(entry['value'].rstrip())}"
    return wrong.here(f"to YAML {first} begins a {'list' if first == '[' else 'map'}", cure, column)


def _in_quotes(text: str) -> str:
    return f'"{text}"' if '"' not in text else "'" + text.replace("'", "''") + "'"


def _no_colon(wrong: _Wrong) -> Slip | None:
    """A line without `: `, which the parser takes for the beginning of a text that goes on in the next line."""
    if "could not find expected ':'" in wrong.said and wrong.began:
        return Slip("this line has no colon", "write key: value", *wrong.began)
    above = next((n for n in range(wrong.line - 1, -1, -1) if wrong.lines[n].strip()), None)
    if "mapping values" not in wrong.said or above is None:
        return None
    line = wrong.lines[above]
    column = len(line) - len(line.lstrip())
    if _NO_COLON.match(line):
        return Slip("after this key stands no colon with a space", "write key: value", above, column)
    if (odd := _odd_line_above(wrong)) is not None:
        return odd
    if column < len(wrong.text) - len(wrong.text.lstrip()):
        cure = f"begin it under the line above, with {column} spaces"
        return wrong.here("this line is too far to the right: the one above has its value already", cure)
    return None


def _odd_line_above(wrong: _Wrong) -> Slip | None:
    """The line above, where the one that the parser blames begins as its other neighbours do."""
    filled = [n for n, text in enumerate(wrong.lines) if text.strip() and not text.lstrip().startswith("#")]
    if wrong.line not in filled or (at := filled.index(wrong.line)) == 0:
        return None
    spaces = {n: len(wrong.lines[n]) - len(wrong.lines[n].lstrip()) for n in filled[max(at - 2, 0) : at + 2]}
    above, here = filled[at - 1], spaces.pop(wrong.line)
    odd = spaces.pop(above)
    if odd == here or here not in spaces.values() or odd in spaces.values():
        return None
    message = f"this line begins with {odd} spaces, and those around it with {here}"
    return Slip(message, f"begin it with {here} spaces, as line {wrong.line + 1}", above, odd)


def _beginning(wrong: _Wrong) -> Slip | None:
    """A text that begins with a character that means something to YAML."""
    found = re.search(r"(?:^|: |- |[\[{,] ?)\s*\Z", wrong.text[: wrong.column])
    if "scanning a tag" in wrong.said and wrong.began:
        column = wrong.began[1]
    elif "block scalar" in wrong.said:
        column = max(wrong.text.rfind(mark, 0, wrong.column) for mark in "|>")
    elif found and ("cannot start" in wrong.said or "not allowed here" in wrong.said or "found ','" in wrong.said):
        column = wrong.column
    else:
        return None
    first, value = wrong.text[column : column + 1], wrong.text[column:].rstrip()
    if first not in TAKEN or not first:
        return None
    cure = f"a text that begins with {first} needs quotes"
    if "{" not in wrong.text[:column] and "[" not in wrong.text[:column]:
        cure += f": {_in_quotes(value)}"
    if first == "-":
        cure += "; a list begins on the next line"
    return wrong.here(f"to YAML {first} means something here", cure, column)


def _after_a_quote(wrong: _Wrong) -> Slip | None:
    """`'a tenant's key'` and `"a" == "b"`: the text has ended, and something follows."""
    before = wrong.text[: wrong.column].rstrip()
    if not re.search(r"(found|got) '<scalar>'", wrong.said) or before[-1:] not in ("'", '"'):
        return None
    quote = before[-1]
    other = "\"'".replace(quote, "")
    inside = "''" if quote == "'" else '\\"'
    cure = f"put the whole value in {other}, or write {inside} for a {quote} inside of it"
    return wrong.here(f"the text in quotes has ended with the {quote} before this", cure)


def _bracket(wrong: _Wrong) -> Slip | None:
    for closing in _CLOSING.values():
        if f"<block end>, but found '{closing}'" in wrong.said:
            return wrong.here(f"there is one {closing} too many", "take it out")
    if "parsing a flow" not in wrong.said or wrong.began is None:
        return None
    line, column = wrong.began
    opening = wrong.lines[line][column : column + 1]
    if opening not in _CLOSING or not _is_open(wrong.lines, line, column):
        return wrong.here("a comma is missing before this", "write a comma between two entries")
    return Slip(f"the {opening} that opens here is never closed", f"close it with {_CLOSING[opening]}", line, column)


def _is_open(lines: Sequence[str], line: int, column: int) -> bool:
    """Whether the bracket that stands here has no partner in the rest of the file."""
    rest = _QUOTED.sub("", "\n".join([lines[line][column:], *lines[line + 1 :]]))
    depth = 0
    for letter in rest:
        depth += (letter in "[{") - (letter in "]}")
        if depth == 0:
            return False
    return True


def _indent(wrong: _Wrong) -> Slip | None:
    if "parsing a block" not in wrong.said or wrong.began is None or wrong.text[: wrong.column].strip():
        return None
    is_entry = wrong.text.lstrip().startswith("- ")
    if is_entry and wrong.column == wrong.began[1]:
        return wrong.here("an entry of a list stands here among keys", "take the dash away, or begin it deeper")
    if not is_entry and (odd := _odd_line_above(wrong)) is not None:
        return odd
    alike = (n for n in range(wrong.line - 1, -1, -1) if wrong.lines[n].strip())
    line = next((n for n in alike if wrong.lines[n].lstrip().startswith("- ") == is_entry), wrong.began[0])
    column = len(wrong.lines[line]) - len(wrong.lines[line].lstrip())
    cure = f"begin it with {column} spaces, as line {line + 1}"
    return wrong.here(f"this line begins with {wrong.column} spaces, and belongs to no line above", cure)

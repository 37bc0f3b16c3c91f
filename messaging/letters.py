"""From a template and what is true to a letter: subject, plain text and HTML, with nobody's input read as markup."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from jinja2 import Environment, PackageLoader
from markdown_it import MarkdownIt
from markdown_it.token import Token

from flows.catalogue import MailTemplate
from flows.plugin import PermanentFault
from flows.rules.expressions import ExpressionProblem, NotYetKnown, compile_text

LONGEST_SUBJECT = 200
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
_LINK = re.compile(r"(?:https?|mailto):", re.IGNORECASE)


@dataclass(frozen=True)
class Letter:
    """What one person reads. `subject` is one line without control characters."""

    subject: str
    text: str
    html: str


@dataclass(frozen=True)
class Frame:
    """What stands around every letter: the brand, why it came, where an answer goes, how it is turned off."""

    brand: str
    language: str
    footer: tuple[str, ...]
    turn_off: str = ""
    turn_off_url: str = ""


def write(
    template: MailTemplate,
    scope: Mapping[str, Any],
    frame: Frame,
    private: Collection[str] = (),
    words: Mapping[str, str] = MappingProxyType({}),
) -> Letter:
    """Fill a template: a mask in every hole that names a `private` answer, its `words` in one that is only a name.

    PermanentFault when a hole cannot be filled: trying again would not help.
    """
    as_markdown = {name: quoted(said) for name, said in words.items()}
    try:
        subject = one_line(compile_text(template.subject).masked(private).worded(words).filled(scope, str))
        body = compile_text(template.body).masked(private).worded(as_markdown).filled(scope, quoted)
    except NotYetKnown as problem:
        raise PermanentFault(f"{template.file}: {problem.name} has no value; add it or change the template") from None
    except ExpressionProblem as problem:
        raise PermanentFault(f"{template.file}: {problem}") from None
    subject, tokens = subject[:LONGEST_SUBJECT], _markdown().parse(body)
    html = (
        _environment()
        .get_template("mail.html")
        .render(
            subject=subject,
            frame=frame,
            language=template.language or frame.language,
            body=_markdown().renderer.render(tokens, _markdown().options, {}),
        )
    )
    return Letter(subject, _plain(tokens, frame), html)


def one_line(text: str) -> str:
    """Text that fits a header: one line, no control characters, nothing that turns the reading direction."""
    return " ".join(printable(text).split())


def printable(text: str) -> str:
    """Text without control characters and lone surrogates; line breaks and tabs stay."""
    return _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).encode("utf-8", "ignore").decode()


def quoted(value: str) -> str:
    """A value as markdown that reads as exactly this text: no link, no heading, no emphasis of its own."""
    lines = [_PUNCTUATION.sub(r"\\\1", line.strip()) for line in printable(value).split("\n")]
    return "\\\n".join(line for line in lines if line)


@lru_cache(maxsize=1)
def _markdown() -> MarkdownIt:
    """CommonMark without HTML and images; links lead to the web or to a mail address."""
    reader = MarkdownIt("commonmark", {"html": False, "breaks": False}).disable(["image", "html_block", "html_inline"])
    reader.validateLink = lambda url: bool(_LINK.match(url))  # type: ignore[method-assign]  # the library's documented hook
    return reader


@lru_cache(maxsize=1)
def _environment() -> Environment:
    return Environment(loader=PackageLoader("messaging"), autoescape=True, trim_blocks=True, lstrip_blocks=True)


def _plain(tokens: Sequence[Token], frame: Frame) -> str:
    turn_off = [f"{frame.turn_off}: {frame.turn_off_url}"] if frame.turn_off_url else []
    return "\n".join([*_blocks(tokens), "-- ", *frame.footer, *turn_off]) + "\n"


def _blocks(tokens: Sequence[Token]) -> Iterator[str]:
    """Paragraphs with an empty line after them; list items one below the other with a dash."""
    depth = 0
    bullet = ""
    for token in tokens:
        match token.type:
            case "bullet_list_open" | "ordered_list_open":
                depth += 1
            case "bullet_list_close" | "ordered_list_close":
                depth -= 1
                bullet = "  " * depth
                if depth == 0:
                    yield ""
            case "list_item_open":
                bullet = f"{'  ' * (depth - 1)}{token.info + token.markup if token.info else '-'} "
            case "inline":
                indent = " " * len(bullet)
                yield bullet + _words(token.children or []).replace("\n", f"\n{indent}")
                bullet = indent
                if depth == 0:
                    yield ""
            case "code_block" | "fence":
                yield token.content.rstrip("\n") + "\n"
            case "hr":
                yield "----\n"


def _words(tokens: Sequence[Token]) -> str:
    """The text of one paragraph; a link is its words and then its address."""
    found: list[str] = []
    target, started = "", 0
    for token in tokens:
        match token.type:
            case "link_open":
                target, started = str(token.attrs.get("href", "")), len(found)
            case "link_close":
                words = "".join(found[started:])
                found[started:] = [words if words == target else f"{words}: {target}"]
            case "hardbreak" | "softbreak":
                found.append("\n")
            case _:
                found.append(token.content)
    return "".join(found)

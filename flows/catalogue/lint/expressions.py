"""Conditions and text holes: they compile, and every name in them leads somewhere."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flows.catalogue.lint.chains import Chain, holes, walk
from flows.catalogue.lint.report import Report
from flows.catalogue.lint.scopes import KINDS, PLAIN, Shape, scope_at
from flows.catalogue.lint.slips import name_meant, slip_in
from flows.catalogue.problems import cure_among
from flows.catalogue.registry import MailTemplate, Registry
from flows.catalogue.schema import FlowDefinition
from flows.catalogue.schema.words import CONDITIONS
from flows.catalogue.source import Path, Place, Source
from flows.rules.expressions import ExpressionProblem, compile_condition, compile_text

OF_TEXTS = frozenset({"contains", "startsWith", "endsWith", "matches"})
_WORDS_BELOW = frozenset({"options", "with", "body", "status_labels", "i18n"})


def check_expressions(definition: FlowDefinition, registry: Registry, report: Report) -> None:
    """Every condition and every text with holes, in the scope of its place."""
    for path, text, is_condition in every_text(definition):
        scope = scope_at(path, definition, registry)
        for code, message, cure, offset in mistakes(text, is_condition, scope):
            report.at_value(code, path, message, cure, offset=offset)


def every_text(definition: FlowDefinition) -> Iterator[tuple[Path, str, bool]]:
    """Place and words of every condition (True) and every text with holes (False) of a flow."""
    for path, text in every_string(definition):
        if path[-1] in CONDITIONS and path[-2] not in _WORDS_BELOW:
            yield path, text, True
        elif "${{" in text:
            yield path, text, False


def every_string(definition: FlowDefinition) -> Iterator[tuple[Path, str]]:
    """Place and words of everything that is text in a flow."""
    return _strings(definition.model_dump(by_alias=True, exclude_unset=True), ())


def check_mail(mail: MailTemplate, scope: Shape, report: Report) -> None:
    """The holes of a template, placed in the template's own file."""
    source = Source(mail.file, mail.text.split("\n"))
    if not mail.subject:
        cure = "begin the file with 'Subject: ...'"
        report.take(source.problem("F502", "this mail has no subject", Place(1, 1), cure))
    for code, message, cure, offset in mistakes(mail.text, False, scope):
        report.take(source.problem(code, message, source.at(mail.text, offset), cure))


def mistakes(text: str, is_condition: bool, scope: Shape) -> Iterator[tuple[str, str, str, int]]:
    """Code, message, cure and offset of everything wrong with one expression or text."""
    try:
        _ = compile_condition(text) if is_condition else compile_text(text)
    except ExpressionProblem as wrong:
        yield _unreadable(text, is_condition, wrong)
        return
    for expression, start in [(text, 0)] if is_condition else holes(text):
        for chain in walk(expression):
            for code, message, cure, offset in _lost(chain, scope, expression):
                yield code, message, cure, start + offset


def _unreadable(text: str, is_condition: bool, wrong: ExpressionProblem) -> tuple[str, str, str, int]:
    """What CEL says of it, unless a word of another language stands there."""
    for expression, start in [(text, 0)] if is_condition else holes(text):
        if start <= wrong.offset <= start + len(expression) and (slip := slip_in(expression)):
            message, cure, offset = slip
            return "F230", message, cure, start + offset
    return "F230", str(wrong), "", wrong.offset


def shape_of(chain: Chain, scope: Shape) -> Shape:
    """What is known of that to which a chain of names leads; nothing where it leads nowhere."""
    here = scope
    for part in chain.parts:
        here = (here.entry if part == "[]" else here.parts.get(part)) or PLAIN
    return here


def _strings(node: Any, path: Path) -> Iterator[tuple[Path, str]]:
    if isinstance(node, dict):
        for key, inner in node.items():
            yield from _strings(inner, (*path, key))
    elif isinstance(node, list | tuple):
        for number, inner in enumerate(node):
            yield from _strings(inner, (*path, number))
    elif isinstance(node, str):
        yield path, node


def _lost(chain: Chain, scope: Shape, expression: str) -> Iterator[tuple[str, str, str, int]]:
    here, so_far = scope, ""
    for at, (part, offset) in enumerate(zip(chain.parts, chain.offsets, strict=True)):
        if here.free and part not in here.parts:
            return
        if part == "[]":
            if here.entry is None:
                return
            here = here.entry
            continue
        if part not in here.parts:
            where = f"'{so_far}' has no '{part}'" if so_far else f"the name '{part}' is not known here"
            yield "F232", where, name_meant(chain, at, here, scope, expression), offset
            return
        here, so_far = here.parts[part], f"{so_far}.{part}" if so_far else part
    if here.entry is not None or (here.parts and chain.parts[-1] == "[]"):
        yield from _as_one_value(chain, here, so_far)
        return
    for one in chain.compared:
        if here.kind and one.kind != here.kind:
            message = f"'{so_far}' is {KINDS[here.kind]}, and is compared with {KINDS[one.kind]}"
            yield "F234", message, f"compare it with {KINDS[here.kind]}", one.offset
        elif one.is_equal and here.values is not None and one.text not in here.values:
            yield "F233", f"'{so_far}' is never '{one.text}'", cure_among(one.text, here.values), one.offset


def _as_one_value(chain: Chain, here: Shape, name: str) -> Iterator[tuple[str, str, str, int]]:
    """A list, or an entry of it that has questions of its own, where one text is looked for."""
    function, given = chain.called
    entry = here.entry or here
    if chain.compared:
        given, offset = chain.compared[0].text, chain.compared[0].offset
        message = f"'{name}' is a list, and is compared with {KINDS[chain.compared[0].kind]}"
    elif function in OF_TEXTS and here.entry is not None:
        given, offset = given.strip("\"'"), chain.offsets[-1]
        message = f"'{name}' is a list, and {function}() looks into a text"
    else:
        return
    inside = next((part for part, shape in entry.parts.items() if shape.kind == "text"), next(iter(entry.parts), ""))
    looked = f'{name}.exists(one, one.{inside} == "{given}")' if inside else f'"{given}" in {name}'
    yield "F234", message, f"write {looked}", offset

"""Where a flow stops: conditions that never hold, steps that wait for an answer which only comes after them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from flows.catalogue.lint.chains import TOKEN
from flows.catalogue.lint.expressions import every_text
from flows.catalogue.lint.fields import groups
from flows.catalogue.lint.report import Report
from flows.catalogue.schema import FlowDefinition
from flows.rules.expressions import ExpressionProblem, compile_condition

_NAME = r"[A-Za-z_][\w.]*"
_LITERAL = r"\"[^\"\\]*\"|'[^'\\]*'|-?\d+(?:\.\d+)?|true|false|null"
_EQUAL = re.compile(rf"({_NAME})\s*==\s*({_LITERAL})|({_LITERAL})\s*==\s*({_NAME})")
_FLAG = re.compile(rf"(!?)\s*({_NAME})")


class Part(NamedTuple):
    """A piece of an expression and where it begins."""

    text: str
    offset: int


def check_dead_ends(definition: FlowDefinition, report: Report) -> None:
    """What can be told without playing the flow."""
    for path, text, is_condition in every_text(definition):
        if is_condition and (found := contradiction(text)) is not None:
            part, earlier = found
            message = f"this never holds: it says '{earlier}' and '{part.text}' at once"
            report.at_value("F237", path, message, "write || between two that may hold", offset=part.offset)
    for path, fields in groups(definition):
        root = "ask" if path[0] == "actions" else "data"
        for name, field in fields.items():
            if field.when and path[-1] != "item" and f"{root}.{name}" in names_in(field.when):
                message = f"the question '{name}' is asked only once it is answered"
                report.at_value("F211", (*path, name, "when"), message, "name another answer, or take this out")
    _check_waiting(definition, report)


def contradiction(text: str) -> tuple[Part, str] | None:
    """What cannot hold beside an earlier part of the same condition, and that part; only where no way is left."""
    found = [next(_against_each_other(way), None) for way in parts(Part(text, 0), "||")]
    return found[0] if all(found) else None


def parts(whole: Part, joint: str) -> list[Part]:
    """What stands between the `&&`, or `||`, of an expression that are in no brackets."""
    depth, begin, found = 0, 0, []
    for token in TOKEN.finditer(whole.text):
        depth += (token.group() in "([{") - (token.group() in ")]}")
        if token.group() == "?" and not depth:
            return [whole]
        if token.group() == joint and not depth:
            found.append((begin, token.start()))
            begin = token.end()
    pieces = [(whole.text[start:end], start) for start, end in [*found, (begin, len(whole.text))]]
    return [Part(text.strip(), whole.offset + at + len(text) - len(text.lstrip())) for text, at in pieces]


def names_in(text: str) -> frozenset[str]:
    """The dotted names in a condition; none in one that cannot be read, of which is told elsewhere."""
    try:
        return compile_condition(text).names
    except ExpressionProblem:
        return frozenset()


def _against_each_other(way: Part) -> Iterator[tuple[Part, str]]:
    said: dict[str, tuple[str, str]] = {}
    for part in parts(way, "&&"):
        if (fact := _fact(part.text)) is not None:
            name, value = fact
            before, words = said.setdefault(name, (value, part.text))
            if before != value:
                yield part, words


def _fact(text: str) -> tuple[str, str] | None:
    """`data.a == "x"`, `data.a` or `!data.a` as the name and what it has to be."""
    while text.startswith("(") and text.endswith(")") and text.count("(") == 1:
        text = text[1:-1].strip()
    if found := _EQUAL.fullmatch(text):
        value = found[2] or found[3]
        return found[1] or found[4], _plain(value)
    if (flag := _FLAG.fullmatch(text)) and flag[2] not in ("true", "false", "null"):
        return flag[2], "=false" if flag[1] else "=true"
    return None


def _plain(literal: str) -> str:
    """The same for what is equal, `"x"` and `'x'`, `1` and `1.0`; a text and what is no text never are."""
    if literal[0] in "\"'":
        return literal.strip("\"'")
    return f"={literal if literal in ('true', 'false', 'null') else float(literal)}"


def _check_waiting(definition: FlowDefinition, report: Report) -> None:
    """Steps that open only by an answer which is asked on them, or on steps that wait for them."""
    asked = _where_asked(definition)
    stuck = _never_done(definition, asked)
    waits = {name: _waits_for(definition, name, asked, stuck) for name in stuck}
    for name in stuck:
        for key, part, steps in _awaited_answers(definition, name, asked, stuck):
            if name in steps or any(name in _behind(step, waits) for step in steps):
                where = "on this step itself" if name in steps else f"on '{steps[0]}', which waits for this step"
                said = "is never done" if key == "done_when" else "never opens"
                message = f"the step '{name}' {said}: '{part.text}' is answered {where}"
                cure = "ask it on an earlier step, or take one of the two out"
                report.at_value("F228", ("steps", name, key), message, cure, offset=part.offset)


def _where_asked(definition: FlowDefinition) -> dict[str, str]:
    """`data.<name>` by the step on which it is answered; a payment is the answer of its step."""
    found = {f"data.{field}": name for name, step in definition.steps.items() for field in step.fields}
    return {**found, **{f"data.{name}": name for name, step in definition.steps.items() if step.payment}}


def _never_done(definition: FlowDefinition, asked: Mapping[str, str]) -> list[str]:
    """The steps that are left when all that can be done has been done."""
    left = dict.fromkeys(definition.steps)
    while True:
        free = [
            name
            for name in left
            if not any(need in left for need in definition.steps[name].needs)
            and not [*_awaited_answers(definition, name, asked, left)]
        ]
        if not free:
            return [*left]
        left = {name: None for name in left if name not in free}


def _awaited_answers(
    definition: FlowDefinition, name: str, asked: Mapping[str, str], left: Mapping[str, None] | list[str]
) -> Iterator[tuple[str, Part, list[str]]]:
    """The parts of its conditions that need an answer of these steps and say nothing before; and those steps.

    What a step is done by may be answered on the step.
    """
    step = definition.steps[name]
    for key, text in (("when", step.when), ("done_when", step.done_when)):
        for part in parts(Part(text, 0), "&&") if text else ():
            steps = [asked.get(".".join(one.split(".")[:2]), "") for one in sorted(names_in(part.text))]
            own = key == "done_when" and name in steps
            if steps and not own and all(one in left for one in steps) and _waits(part.text):
                yield key, part, steps


def _waits(text: str) -> bool:
    """Whether a condition is undecided as long as nothing is answered."""
    try:
        return compile_condition(text).holds({"data": {}}) is None
    except ExpressionProblem:
        return False


def _waits_for(definition: FlowDefinition, name: str, asked: Mapping[str, str], stuck: list[str]) -> set[str]:
    answers = {step for _, _, steps in _awaited_answers(definition, name, asked, stuck) for step in steps}
    return answers | ({*definition.steps[name].needs} & {*stuck})


def _behind(name: str, waits: Mapping[str, set[str]]) -> set[str]:
    """All steps that this one waits for, at first or second hand."""
    seen: set[str] = set()
    front = [name]
    while front:
        one = front.pop()
        if one not in seen:
            seen.add(one)
            front += waits.get(one, ())
    return seen

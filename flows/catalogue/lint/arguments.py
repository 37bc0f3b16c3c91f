"""What a `call` hands to a plugin's action: arguments that it takes, all that it needs, of the kind that it says."""

from __future__ import annotations

from flows.catalogue.lint.chains import holes, walk
from flows.catalogue.lint.expressions import shape_of
from flows.catalogue.lint.report import Report
from flows.catalogue.lint.scopes import KINDS, Shape
from flows.catalogue.problems import closest, cure_among
from flows.catalogue.registry import ActionSpec, Parameter
from flows.catalogue.schema import CallEffect
from flows.catalogue.source import Path

KIND_OF_ANNOTATION = {"str": "text", "int": "number", "float": "number", "bool": "boolean"}


def check_arguments(effect: CallEffect, spec: ActionSpec, path: Path, scope: Shape, report: Report) -> None:
    """The `with:` of a call against the signature of its action."""
    parameters = {parameter.name: parameter for parameter in spec.parameters}
    for given, value in effect.with_.items():
        here = (*path, "with", given)
        if given in parameters:
            _check_kind(effect.call, parameters[given], value, here, scope, report)
        elif spec.takes_more:
            check_alike(given, value, here, report)
        else:
            cure = cure_among(given, parameters, "it takes")
            report.at_key("F403", here, f"'{effect.call}' takes no '{given}'", cure)
    for parameter in spec.parameters:
        if parameter.required and parameter.name not in effect.with_:
            twin = closest(parameter.name, effect.with_.keys() - parameters.keys())
            place = (*path, "with", twin) if twin else (*path, "call")
            report.at_key("F404", place, f"'{effect.call}' needs '{parameter.name}'")


def check_alike(given: str, value: object, path: Path, report: Report) -> None:
    """Nobody can say which arguments are right; one almost like the name it is filled from is most often a slip."""
    for hole, _ in holes(value) if isinstance(value, str) else ():
        parts = {part for chain in walk(hole) for part in chain.parts}
        twin = closest(given, parts, alike=0.8)
        if twin and given not in parts:
            report.at_key("F405", path, f"'{given}' is almost '{twin}'", f"did you mean '{twin}'?", "warning")


def _check_kind(call: str, parameter: Parameter, value: object, path: Path, scope: Shape, report: Report) -> None:
    wanted, given = _kinds_taken(parameter.kind), _kind_given(value, scope)
    if wanted and given and given not in wanted:
        taken = " or ".join(KINDS[kind] for kind in wanted)
        message = f"'{call}' takes {taken} as '{parameter.name}', and this is {KINDS[given]}"
        report.at_value("F406", path, message, _cure(wanted, value))


def _cure(wanted: list[str], value: object) -> str:
    if "text" in wanted:
        return "put it in quotes" if not isinstance(value, str) else "add text around the hole"
    return f"give {' or '.join(KINDS[kind] for kind in wanted)}"


def _kinds_taken(annotation: str) -> list[str]:
    """Which kinds an annotation such as `str` or `int | None` allows; none when it says something else too."""
    parts = [part.strip() for part in annotation.removeprefix("<class '").removesuffix("'>").split("|")]
    if not {*parts} <= KIND_OF_ANNOTATION.keys() | {"None"}:
        return []
    return sorted({KIND_OF_ANNOTATION[part] for part in parts if part != "None"})


def _kind_given(value: object, scope: Shape) -> str:
    """A value that is one hole keeps its kind; every other text is text."""
    if isinstance(value, bool):
        return "boolean"
    if not isinstance(value, str):
        return "number"
    found = list(holes(value))
    if len(found) != 1 or value.strip() != "${{" + found[0][0] + "}}":
        return "text"
    chains = walk(found[0][0])
    is_a_name = len(chains) == 1 and ".".join(chains[0].parts) == found[0][0].strip()
    return shape_of(chains[0], scope).kind if is_a_name else ""

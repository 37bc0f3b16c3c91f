"""The pages of a long step: which are shown, what stands on each, and where one goes on (P5).

A step with `pages` is one form spread over several addresses. What a page sends is laid over what is kept already, and
the whole is kept as the draft, so that nothing depends on the order in which pages are visited.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, NamedTuple

from flows.catalogue.schema import Step as StepRule
from flows.rules.answers.shapes import is_blank
from flows.rules.errors import Refused
from flows.words import gettext as _

PREFIX = "page-"
"""Pages have addresses of their own below the step; with this no name of a page is that of another place there."""
REST = "rest"
"""The page of what no page names, where none of the named ones is shown."""


class Sheet(NamedTuple):
    """One page as it is shown now; `fields` are names in order."""

    name: str
    title: str
    help: str
    fields: list[str]


def must_exist(rule: StepRule, page: str) -> None:
    """Refused when the step has no page of this name; none is named by an empty one."""
    if page and page not in rule.pages and not (rule.pages and page == REST):
        raise Refused(_("No such page"))


def sheets(rule: StepRule, asked: Collection[str], holds: Callable[[str], bool | None]) -> list[Sheet]:
    """The pages that are shown, given what is asked; one whose condition is not yet known comes later (X2).

    What no page names follows on the last one that is shown.
    """
    shown = [
        Sheet(name, page.title, page.help or "", [field for field in page.fields if field in asked])
        for name, page in rule.pages.items()
        if not page.when or holds(page.when) is True
    ]
    shown = [sheet for sheet in shown if sheet.fields]
    placed = {field for page in rule.pages.values() for field in page.fields}
    rest = [field for field in rule.fields if field in asked and field not in placed]
    if shown and rest:
        shown[-1].fields.extend(rest)
    return shown or ([Sheet(REST, rule.title, "", rest)] if rest else [])


def laid_over(
    rule: StepRule, own: Collection[str], kept: Mapping[str, Any], typed: Mapping[str, Any]
) -> dict[str, Any]:
    """What is kept with what the page of the `own` fields says instead; one that sent nothing was left empty."""
    empty = {name: None for name in own if rule.fields[name].type != "info"}
    return {**kept, **empty, **{name: value for name, value in typed.items() if name in own}}


def to_go_on_with(shown: list[Sheet], rule: StepRule, values: Mapping[str, Any]) -> Sheet:
    """The first page that nobody has been on, or that misses a required answer; else the first."""
    return next((sheet for sheet in shown if not _is_filled(sheet, rule, values)), shown[0])


def unfinished(shown: list[Sheet], rule: StepRule, values: Mapping[str, Any]) -> Sheet | None:
    """The first page that misses a required answer."""
    return next((sheet for sheet in shown if _misses(sheet, rule, values)), None)


def after(shown: list[Sheet], page: str) -> Sheet | None:
    """The page that follows; None after the last."""
    names = [sheet.name for sheet in shown]
    return next(iter(shown[names.index(page) + 1 :]), None) if page in names else None


def before(shown: list[Sheet], page: str) -> Sheet | None:
    names = [sheet.name for sheet in shown]
    at = names.index(page) if page in names else 0
    return shown[at - 1] if at else None


def _is_filled(sheet: Sheet, rule: StepRule, values: Mapping[str, Any]) -> bool:
    return any(name in values for name in sheet.fields) and not _misses(sheet, rule, values)


def _misses(sheet: Sheet, rule: StepRule, values: Mapping[str, Any]) -> bool:
    fields = {name: rule.fields[name] for name in sheet.fields}
    return any(getattr(field, "required", False) and is_blank(values.get(name)) for name, field in fields.items())

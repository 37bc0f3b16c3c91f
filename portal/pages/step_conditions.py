"""Conditions of questions that the page itself can follow while somebody answers; the server decides (X1)."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from flows.catalogue.schema import Step as StepRule
from portal.api.conditions import small_form

AS_TYPED = frozenset({"boolean", "choice", "text", "textarea", "email", "phone", "url", "domain", "integer", "number"})
"""Fields whose control holds what the condition compares; money, say, is typed in pounds and compared in pence."""


def followed(rule: StepRule, on_page: Collection[str]) -> dict[str, dict[str, Any]]:
    """The small form of each condition over answers of the same page, by the field that hangs on it."""
    forms = {name: small_form(rule.fields[name].when) for name in on_page}
    return {
        name: form
        for name, form in forms.items()
        if form is not None and all(_is_here(field, rule, on_page) for field in _fields_in(form))
    }


def _is_here(name: str, rule: StepRule, on_page: Collection[str]) -> bool:
    return name in on_page and rule.fields[name].type in AS_TYPED


def _fields_in(form: dict[str, Any]) -> list[str]:
    inner = [*form.get("all", ()), *form.get("any", ()), *([form["not"]] if "not" in form else [])]
    return [form["field"]] if "field" in form else [name for one in inner for name in _fields_in(one)]

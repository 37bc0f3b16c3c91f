"""Who may use a route: every view says it with `@may(...)`, and a route that says nothing answers nobody."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, TypeVar

from flask import Flask

from flows.rules.actors import Actor

Who = Literal["public", "customer", "staff", "signed_in"]
View = TypeVar("View", bound=Callable[..., Any])

AREAS: dict[str, Who] = {"/admin": "staff"}
"""Whole areas that belong to one kind of people; the back office asks each view for its permission besides."""


def may(who: Who, takes_files: bool = False) -> Callable[[View], View]:
    """Declare who may use this view, and whether what is sent to it may be as large as files are."""

    def declare(view: View) -> View:
        view.__dict__.update(who=who, takes_files=takes_files)  # read by `who_may` and `takes_files`
        return view

    return declare


def who_may(app: Flask, endpoint: str) -> Who | None:
    """Who may use this endpoint; None when nobody declared it."""
    declared: Who | None = getattr(app.view_functions.get(endpoint), "who", None)
    if declared is not None:
        return declared
    rules = list(app.url_map.iter_rules(endpoint))
    for area, who in AREAS.items():
        if rules and all(rule.rule == area or rule.rule.startswith(f"{area}/") for rule in rules):
            return who
    return None


def takes_files(app: Flask, endpoint: str) -> bool:
    """Whether this endpoint, of whichever door, declares that it takes files."""
    return bool(getattr(app.view_functions.get(endpoint), "takes_files", False))


def is_one_of(actor: Actor | None, who: Who) -> bool:
    return who == "public" or (actor is not None and who in ("signed_in", actor.kind))

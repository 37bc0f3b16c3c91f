"""The pages of the portal, one module a family; a new one joins MODULES and, if people go there often, `navigation`."""

from __future__ import annotations

from flask import Flask

from flows.rules.actors import Actor
from flows.words import gettext as _
from portal.pages import (
    cancelling,
    cases,
    checkout,
    home,
    hooks,
    invite,
    members,
    notices,
    notifications,
    orders,
    outcome,
    pay,
    plain,
    profile,
    requests,
    second_factor,
    shop,
    sign_in,
    steps,
    talking,
    tasks,
    uploads,
)  # fmt: skip

MODULES = (
    sign_in,
    second_factor,
    invite,
    profile,
    members,
    plain,
    home,
    tasks,
    steps,
    outcome,
    cancelling,
    pay,
    requests,
    cases,
    shop,
    checkout,
    orders,
    notices,
    notifications,
    hooks,
    uploads,
    talking,
)
"""Each has a blueprint called `pages`, whose views say with `@may(...)` who may use them."""


def register(app: Flask) -> None:
    for module in MODULES:
        app.register_blueprint(module.pages)


def links_for(actor: Actor) -> list[tuple[str, str]]:
    """The links in a person's own menu."""
    links = [
        (_("Notices"), "/notices"),
        (_("Notifications"), "/settings/notifications"),
        (_("Profile and security"), "/settings/profile"),
    ]
    return links if actor.is_staff else [*links, (_("People in your organisation"), "/settings/members")]

"""Mail, webhooks, notices and live news: everything that leaves the product, over SMTP and HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask


def register(app: Flask) -> None:
    """Set up mail and the systems beside ours for this application; what hears of works is hung up once a process."""
    from flows import ports, work
    from messaging import agreements_http, bell, mailing, notify, poke  # whoever needs one of them needs not all

    mailing.set_up(app, app.config["BATON"])
    ports.use_agreements(agreements_http.provider_of(app.config["BATON"]))
    for listener in (notify.hear,):
        if listener not in work.listeners:
            work.listeners.append(listener)
    for herald in (bell.ring, poke.tell):
        if herald not in work.heralds:
            work.heralds.append(herald)

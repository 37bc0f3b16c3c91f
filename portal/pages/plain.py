"""Small things at the foot of every page: contact, privacy, accessibility, colours and language."""

from __future__ import annotations

from flask import Blueprint, current_app, g, redirect, render_template, request
from werkzeug.wrappers import Response

from flows.actions import accounts
from flows.words import LANGUAGES
from flows.work import unit_of_work
from portal.forms import text
from portal.may import may
from portal.redirects import back
from portal.web import THEMES

pages = Blueprint("plain", __name__)

A_YEAR_SECONDS = 365 * 24 * 3600


@pages.get("/contact")
@may("public")
def contact() -> str:
    return render_template("pages/contact.html", address=current_app.config["BATON"].support_email)


@pages.get("/privacy")
@may("public")
def privacy() -> str:
    return render_template("pages/privacy.html", address=current_app.config["BATON"].support_email)


@pages.get("/accessibility")
@may("public")
def accessibility() -> str:
    return render_template("pages/accessibility.html", address=current_app.config["BATON"].support_email)


@pages.post("/theme")
@may("public")
def choose_theme() -> Response:
    chosen = text("theme")
    return _remember("theme", chosen if chosen in THEMES else "")


@pages.post("/language")
@may("public")
def choose_language() -> Response:
    """Whoever is signed in changes their profile, so that mails and other devices follow; others this browser."""
    chosen, actor = text("language"), g.get("actor")
    if actor is not None and chosen in LANGUAGES:
        with unit_of_work(actor) as work:
            accounts.change_profile(work, name=actor.name, language=chosen, time_zone=actor.time_zone)
    return _remember("language", chosen if chosen in LANGUAGES else "")


def _remember(name: str, value: str) -> Response:
    """Kept in this browser, and back to the page one came from."""
    response = redirect(back(), 303)
    if value:
        response.set_cookie(
            name, value, max_age=A_YEAR_SECONDS, httponly=True, secure=request.is_secure, samesite="Lax"
        )
    else:
        response.delete_cookie(name)
    return response

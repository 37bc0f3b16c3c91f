"""Profile and security: name, language, time zone, password, and where one is signed in (SCREENS.md P15)."""

from __future__ import annotations

from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from flask import Blueprint, flash, g, redirect, render_template, request, session
from werkzeug.wrappers import Response

from flows.access import read_as
from flows.actions import accounts
from flows.models import User
from flows.queries import sign_ins
from flows.rules.errors import Invalid
from flows.words import LANGUAGES
from flows.words import gettext as _
from flows.work import unit_of_work
from portal.forms import text
from portal.may import may

pages = Blueprint("profile", __name__, url_prefix="/settings")

AREAS = ("Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific")

BROWSERS = (("Edg", "Edge"), ("OPR/", "Opera"), ("Firefox", "Firefox"), ("Chrome", "Chrome"), ("Safari", "Safari"))
SYSTEMS = ("iPhone", "iPad", "Android", "Windows", "Mac", "Linux")
"""Marks in a user agent, the telling ones first: Edge calls itself Chrome, and Chrome Safari."""


@cache
def zones() -> list[tuple[str, str]]:
    """Time zones by place, for a list to choose from."""
    named = sorted(zone for zone in available_timezones() if zone.partition("/")[0] in AREAS)
    return [("UTC", "UTC"), *((zone, zone.replace("_", " ")) for zone in named)]


def name_of_device(user_agent: str) -> str:
    """Enough for its owner to know it again: "Firefox, Windows"; the first word of whatever is unknown."""
    browser = next(
        (name for mark, name in BROWSERS if mark in user_agent), user_agent.partition("/")[0] or _("Unknown")
    )
    system = next((name for name in SYSTEMS if name in user_agent), "")
    return f"{browser}, {system}" if system else browser


@pages.get("/profile")
@may("signed_in")
def show() -> str:
    return _page()


@pages.post("/profile")
@may("signed_in")
def save() -> Response | tuple[str, int]:
    try:
        with unit_of_work(g.actor) as work:
            accounts.change_profile(work, name=text("name"), language=text("language"), time_zone=text("time_zone"))
    except Invalid as invalid:
        return _page(request.form, invalid.by_field()), 422
    flash(_("Your profile is saved."), "ok")
    return redirect("/settings/profile", 303)


@pages.post("/password")
@may("signed_in")
def set_password() -> Response | tuple[str, int]:
    try:
        with unit_of_work(g.actor) as work:
            denied = accounts.set_password(work, request.form.get("password", ""), request.form.get("current", ""))
    except Invalid as invalid:
        return _page(None, invalid.by_field()), 422
    if denied is not None:
        return _page(None, {"current": denied.detail}), 422
    flash(_("Your password is set. All your other devices are signed out."), "ok")
    return redirect("/settings/profile", 303)


@pages.post("/sessions/<uid>/end")
@may("signed_in")
def end_session(uid: str) -> Response:
    with unit_of_work(g.actor) as work:
        accounts.sign_out(work, uid)
    flash(_("That device is signed out."), "ok")
    return redirect("/settings/profile", 303)


@pages.post("/sessions/end-all")
@may("signed_in")
def end_all_sessions() -> Response:
    with unit_of_work(g.actor) as work:
        accounts.sign_out_everywhere(work)
    session.clear()
    flash(_("You are signed out everywhere."), "ok")
    return redirect("/sign-in", 303)


def _page(values: object = None, problems: dict[str, str] | None = None) -> str:
    reading = read_as(g.actor)
    user = reading.get_one(User, g.actor.user_id)
    shown = values or {"name": user.name, "language": user.language, "time_zone": user.time_zone}
    return render_template(
        "settings/profile.html",
        user=user,
        values=shown,
        problems=problems or {},
        zones=zones(),
        zone=ZoneInfo(user.time_zone),
        name_of_device=name_of_device,
        languages=LANGUAGES,
        sign_ins=sign_ins.of_person(g.actor),
        asks_current=bool(user.password_hash) and not accounts.is_fresh(reading, g.actor),
    )

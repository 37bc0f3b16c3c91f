"""The second factor of staff: typing the authenticator's code, and setting one up with a QR code."""

from __future__ import annotations

import segno
from flask import Blueprint, current_app, g, redirect, render_template, session
from werkzeug.wrappers import Response

from flows.access import read_as
from flows.actions import accounts
from flows.actions.accounts import Denied
from flows.models import SignIn, User
from flows.rules.actors import SYSTEM
from flows.rules.errors import Invalid, OutOfStep
from flows.words import gettext as _
from flows.work import Work, unit_of_work
from portal.forms import text
from portal.may import may
from portal.pages.sign_in import finish

pages = Blueprint("second_factor", __name__)


@pages.get("/sign-in/second-factor")
@may("public")
def form() -> str | Response:
    sign_in = _waiting()
    if sign_in is None:
        return redirect("/sign-in")
    if sign_in.user.totp_confirmed_at is None:
        return redirect("/sign-in/enrol")
    return render_template("sign_in/second_factor.html", problems={})


@pages.post("/sign-in/second-factor")
@may("public")
def check() -> str | Response | tuple[str, int]:
    with unit_of_work(accounts.NOBODY) as work:
        sign_in = _waiting(work)
        outcome = accounts.check_totp(work, sign_in, text("code")) if sign_in is not None else None
    if outcome is None:
        return redirect("/sign-in", 303)
    if isinstance(outcome, Denied):
        return render_template("sign_in/second_factor.html", problems={"code": outcome.detail}), 422
    return finish(outcome, keep=False, then=session.get("then", ""))


@pages.get("/sign-in/enrol")
@may("public")
def enrol_form() -> str | Response:
    sign_in = _waiting()
    if sign_in is None:
        return redirect("/sign-in")
    if sign_in.user.totp_confirmed_at is not None:
        return redirect("/sign-in/second-factor")
    return _enrol_form(sign_in.user)


@pages.post("/sign-in/enrol")
@may("public")
def enrol() -> str | Response | tuple[str, int]:
    try:
        with unit_of_work(accounts.NOBODY) as work:
            sign_in = _waiting(work)
            outcome = accounts.enrol(work, sign_in, text("code")) if sign_in is not None else None
    except Invalid as invalid:
        sign_in = _waiting()
        return (_enrol_form(sign_in.user, invalid.by_field()), 422) if sign_in else redirect("/sign-in", 303)
    if outcome is None:
        return redirect("/sign-in", 303)
    return finish(outcome, keep=False, then=session.get("then", ""))


@pages.post("/settings/second-factor")
@may("staff")
def begin() -> Response:
    """Where a second factor is optional, staff set one up from their profile."""
    with unit_of_work(g.actor) as work:
        user = work.session.get_one(User, g.actor.user_id)
        accounts.begin_totp(work, user)
    return redirect("/settings/second-factor", 303)


@pages.get("/settings/second-factor")
@may("staff")
def confirm_form() -> str | Response:
    user = read_as(g.actor).get_one(User, g.actor.user_id)
    if user.totp_secret is None or user.totp_confirmed_at is not None:
        return redirect("/settings/profile")
    return _enrol_form(user)


@pages.post("/settings/second-factor/confirm")
@may("staff")
def confirm() -> str | Response | tuple[str, int]:
    try:
        with unit_of_work(g.actor) as work:
            accounts.confirm_totp(work, work.session.get_one(User, g.actor.user_id), text("code"))
    except Invalid as invalid:
        return _enrol_form(read_as(g.actor).get_one(User, g.actor.user_id), invalid.by_field()), 422
    return redirect("/settings/profile", 303)


def _waiting(work: Work | None = None) -> SignIn | None:
    """The sign-in of this browser that still waits for its second factor."""
    reading = work.session if work is not None else read_as(SYSTEM)
    sign_in = accounts.find_sign_in(reading, str(session.get("token", "")))
    return sign_in if sign_in is not None and sign_in.second_factor_at is None else None


def _enrol_form(user: User, problems: dict[str, str] | None = None) -> str:
    if user.totp_secret is None or user.totp_confirmed_at is not None:  # a secret in use is never shown again
        raise OutOfStep(_("Please sign in again to set up your second factor."))
    address = accounts.totp_address(user, current_app.config["BATON"].brand)
    picture = segno.make(address, error="m").svg_data_uri(scale=5, border=4, light="#fff", dark="#000")
    action = "/settings/second-factor/confirm" if g.actor is not None else "/sign-in/enrol"
    return render_template(
        "sign_in/enrol.html", secret=user.totp_secret, picture=picture, action=action, problems=problems or {}
    )

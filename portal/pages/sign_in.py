"""Signing in and out: a mailed code or link, or a password; one page for customers and staff (SCREENS.md P1)."""

from __future__ import annotations

from flask import Blueprint, flash, g, redirect, render_template, request, session
from werkzeug.wrappers import Response

from flows.access import read_as
from flows.actions import accounts
from flows.actions.accounts import Denied, SignedIn
from flows.rules.actors import SYSTEM
from flows.rules.errors import Invalid, Refused
from flows.rules.passwords import clean_email, masked
from flows.words import gettext as _
from flows.work import unit_of_work
from portal.forms import text
from portal.may import may
from portal.redirects import safe_next
from portal.web import device

pages = Blueprint("sign_in", __name__)


@pages.get("/sign-in")
@may("public")
def form() -> str | Response:
    if g.actor is not None:
        return redirect(safe_next(request.args.get("next"), _home(g.actor.kind)))
    values = {"email": request.args.get("email", ""), "next": safe_next(request.args.get("next"), "")}
    return _form({**values, "how": "code", "keep": "1"})


@pages.post("/sign-in")
@may("public")
def begin() -> str | Response | tuple[str, int]:
    """Mail a code, or check the password at once."""
    try:
        email = clean_email(text("email"))
        if text("how") == "password" or request.form.get("password"):
            return _with_password(email)
        with unit_of_work(accounts.NOBODY) as work:
            accounts.send_code(work, email, device())
    except Invalid as invalid:
        return _form(request.form, invalid.by_field()), 422
    session["signing_in"] = {"email": email, "keep": text("keep") == "1", "next": safe_next(text("next"), "")}
    return redirect("/sign-in/code", 303)


def _with_password(email: str) -> str | Response | tuple[str, int]:
    password = request.form.get("password", "")
    if not password:
        return _form(request.form, {"password": _("Enter your password, or choose to get a code by email")}), 422
    with unit_of_work(accounts.NOBODY) as work:
        outcome = accounts.sign_in_with_password(work, email, password, device())
    if isinstance(outcome, Denied):
        return _form(request.form, {"email": outcome.detail}), 422
    return finish(outcome, keep=text("keep") == "1", then=text("next"))


@pages.get("/sign-in/code")
@may("public")
def check_email() -> str | Response:
    if "signing_in" not in session:
        return redirect("/sign-in")
    return _code_form()


@pages.post("/sign-in/code")
@may("public")
def use_code() -> str | Response | tuple[str, int]:
    begun = session.get("signing_in")
    if begun is None:
        flash(_("Please start again: enter your email address."), "warn")
        return redirect("/sign-in", 303)
    if not text("code"):
        return _code_form({"code": _("Enter the 6-digit code from the email")}), 422
    with unit_of_work(accounts.NOBODY) as work:
        outcome = accounts.sign_in_with_code(work, begun["email"], text("code"), device())
    if isinstance(outcome, Denied):
        return _code_form({"code": outcome.detail}), 422
    return finish(outcome, keep=begun["keep"], then=begun["next"])


@pages.get("/sign-in/link/<token>")
@may("public")
def look_at_link(token: str) -> str:
    """A page with a button: programs that open every link of a mail must not use it up."""
    person = accounts.person_of_link(read_as(SYSTEM), token)
    if person is None:
        raise Refused(_(accounts.WRONG_LINK), code="link-expired")
    return render_template("sign_in/link.html", email=masked(person.email))


@pages.post("/sign-in/link/<token>")
@may("public")
def use_link(token: str) -> Response:
    begun = session.get("signing_in") or {}
    with unit_of_work(accounts.NOBODY) as work:
        outcome = accounts.sign_in_with_link(work, token, device())
    if isinstance(outcome, Denied):
        raise Refused(outcome.detail, code="link-expired")
    return finish(outcome, keep=begun.get("keep", True), then=begun.get("next", ""))


@pages.post("/sign-out")
@may("public")
def sign_out() -> Response:
    if g.actor is not None:
        with unit_of_work(g.actor) as work:
            accounts.sign_out(work)
    session.clear()
    flash(_("You are signed out."), "ok")
    response = redirect("/sign-in", 303)
    response.headers["Clear-Site-Data"] = '"cache"'
    return response


def finish(signed_in: SignedIn, *, keep: bool, then: str) -> Response:
    """Give the browser its new secret, and go on: to the second factor, or to where the person wanted to be."""
    session.clear()  # whatever was known before signing in, the CSRF token too, is somebody else's
    session["token"] = signed_in.token
    session.permanent = keep and signed_in.user.kind == "customer"
    then = safe_next(then, _home(signed_in.user.kind))
    if signed_in.needs_second_factor:
        session["then"] = then
        return redirect("/sign-in/" + ("enrol" if signed_in.needs_second_factor == "enrol" else "second-factor"), 303)
    return redirect(then, 303)


def _home(kind: str) -> str:
    return "/admin/" if kind == "staff" else "/"


def _form(values: object, problems: dict[str, str] | None = None) -> str:
    return render_template("sign_in/form.html", values=values, problems=problems or {})


def _code_form(problems: dict[str, str] | None = None) -> str:
    begun = session["signing_in"]
    return render_template("sign_in/code.html", begun=begun, shown=masked(begun["email"]), problems=problems or {})

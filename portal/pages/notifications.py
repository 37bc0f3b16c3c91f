"""Notification preferences: each kind by channel, quiet hours, muted requests, and turning off from a mail (P14)."""

from __future__ import annotations

from hashlib import sha256
from zoneinfo import ZoneInfo

from flask import Blueprint, flash, g, redirect, render_template, request
from werkzeug.wrappers import Response

from flows import access
from flows.access import clean
from flows.actions import choosing, devices
from flows.queries import choices
from flows.rules.actors import SYSTEM
from flows.rules.errors import Invalid, Refused
from flows.words import gettext as _
from flows.work import unit_of_work
from messaging import pushing, wanting
from portal.forms import text
from portal.may import may
from portal.pages.profile import name_of_device
from portal.redirects import back

pages = Blueprint("notifications", __name__)

HERE = "/settings/notifications"


@pages.get(HERE)
@may("signed_in")
def show() -> str:
    return _page()


@pages.post(HERE)
@may("signed_in")
def save() -> Response | tuple[str, int]:
    wanted: dict[choosing.Channel, list[str]] = {
        "mail": request.form.getlist("mail"),
        "push": request.form.getlist("push"),
    }
    try:
        with unit_of_work(g.actor) as work:
            choosing.choose(work, wanted, text("quiet_from"), text("quiet_to"))
    except Invalid as invalid:
        return _page(invalid.by_field()), 422
    flash(_("Your choices are saved."), "ok")
    return redirect(HERE, 303)


@pages.post(f"{HERE}/mute")
@may("signed_in")
def mute() -> Response | tuple[str, int]:
    """Mute the request with this reference, or hear of it again; then back to where the form stood."""
    mutes = bool(text("mute"))
    try:
        with unit_of_work(g.actor) as work:
            instance = access.instance_to_read(work.actor, text("ref"))
            (choosing.mute if mutes else choosing.unmute)(work, instance)
    except Refused:
        return _page({"ref": _("There is no request with this reference. Use one like TI-2041")}), 422
    flash(
        _("%(ref)s is muted.", ref=instance.reference)
        if mutes
        else _("You hear of %(ref)s again.", ref=instance.reference)
    )
    return redirect(back(), 303)


@pages.post("/settings/devices")
@may("signed_in")
def add_browser() -> Response | tuple[str, int]:
    """This browser has subscribed (push.js): its endpoint is what it is known by."""
    endpoint = text("endpoint")
    keys = {name: text(name) for name in ("p256dh", "auth")}
    try:
        with unit_of_work(g.actor) as work:
            devices.register(
                work,
                f"web-{sha256(endpoint.encode()).hexdigest()[:32]}",
                provider="webpush",
                address=endpoint,
                keys=keys,
                name=name_of_device(request.user_agent.string),
            )
    except Invalid:
        return _page({"": _("This browser did not say where pushes go. Turn push on again")}), 422
    flash(_("Push is on in this browser."), "ok")
    return redirect(HERE, 303)


@pages.post("/settings/devices/<uid>/remove")
@may("signed_in")
def remove_device(uid: str) -> Response:
    with unit_of_work(g.actor) as work:
        devices.remove(work, uid)
    flash(_("Nothing is pushed to that device any more."), "ok")
    return redirect(HERE, 303)


@pages.get("/unsubscribe/<token>")
@may("public")
def ask_to_turn_off(token: str) -> Response | str:
    """Looking turns nothing off: mail scanners follow links."""
    return render_template("settings/unsubscribe.html", kind=_opened(token)[1], token=token, done=False)


@pages.post("/unsubscribe/<token>")
@may("public")
def turn_off(token: str) -> str:
    """With a button, or by the mail program with one click (RFC 8058); no sign-in is needed."""
    user_uid, kind = _opened(token)
    with unit_of_work(SYSTEM) as work:
        choosing.turn_off(work, user_uid, kind)
    return render_template("settings/unsubscribe.html", kind=kind, token=token, done=True)


def _opened(token: str) -> tuple[str, wanting.Kind]:
    found = wanting.opened(token)
    if found is None:
        raise Refused(_("This link is not whole. Copy all of it from the email, or choose under Notifications"))
    return found


def _page(problems: dict[str, str] | None = None) -> str:
    found, typed = choices.of_person(g.actor), request.form if problems and not {"ref", ""} & {*problems} else None
    rows = [
        (kind, kind.name in typed.getlist("mail"), kind.name in typed.getlist("push")) if typed is not None else row
        for row in found.kinds
        for kind in row[:1]
    ]
    return render_template(
        "settings/notifications.html",
        rows=rows,
        quiet_from=typed["quiet_from"] if typed is not None else found.quiet_from,
        quiet_to=typed["quiet_to"] if typed is not None else found.quiet_to,
        muted=found.muted,
        devices=found.devices,
        push_key=pushing.public_key(),
        zone=ZoneInfo(g.actor.time_zone),
        typed_ref=text("ref") or clean(request.args.get("ref", ""))[:20],
        problems=problems or {},
    )

"""What was said to a person in the portal: the inbox, and marking it as seen (A13)."""

from __future__ import annotations

from flask import Blueprint, g, redirect, request
from werkzeug.wrappers import Response

from flows.actions import noticing
from flows.models import Notice
from flows.queries import notices
from flows.words import gettext as _
from flows.work import unit_of_work
from portal.may import may
from portal.pages.showing import is_fragment, show
from portal.redirects import back

pages = Blueprint("notices", __name__, url_prefix="/notices")

MOST_AT_ONCE = 100


def words_of(notice: Notice) -> str:
    """What it says; for a company also for whom, because the same words come with every order."""
    about = notice.instance
    if about is None or about.organisation.kind != "company":
        return notice.text
    return _("%(text)s for %(customer)s.", text=notice.text, customer=about.customer_name)


@pages.get("")
@may("signed_in")
def inbox() -> Response:
    page = notices.inbox(g.actor, cursor=request.args.get("cursor"))
    return show(
        "notices/inbox.html",
        rows=page.rows,
        next_cursor=page.next_cursor,
        address_of=notices.address_of,
        words_of=words_of,
    )


@pages.post("/seen")
@may("signed_in")
def seen() -> Response:
    """Several at once, named by the form."""
    return _see(request.form.getlist("id")[:MOST_AT_ONCE])


@pages.post("/<uid>/seen")
@may("signed_in")
def one_seen(uid: str) -> Response:
    return _see([uid])


def _see(uids: list[str]) -> Response:
    with unit_of_work(g.actor) as work:
        noticing.see(work, uids)
    return Response(status=204) if is_fragment() else redirect(back(), 303)

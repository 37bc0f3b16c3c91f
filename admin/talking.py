"""A conversation at staff's door: messages to the customer on one tab, notes between staff on another.

The two never share a form: each says whom it is for, and the address of the notes is their own (A4, X29).
"""

from __future__ import annotations

from collections.abc import Sequence

from flask import g, redirect, request
from werkzeug.wrappers import Response

from admin.guard import StaffView, door
from admin.showing import show
from flows import access
from flows.access import clean
from flows.actions import conversing, replying, versions
from flows.actions.receiving import take_attachments
from flows.clock import clock
from flows.models import Instance, SavedReply
from flows.queries import panels
from flows.queries import replies as saved_replies
from flows.queries.files import unsent
from flows.queries.panels import MESSAGES, NEWEST, NOTES, NOTHING_TYPED, Asked, Panel, Typed
from flows.rules.errors import Invalid, OutOfStep, Refused
from flows.words import gettext as _
from flows.work import unit_of_work

PATH = "/admin/instances"
"""Where messages are sent to, also for the tasks of orders, whose own page is elsewhere."""
MOST_DIGITS = 9


def panel_of(instance: Instance, asked: Asked = NEWEST, typed: Typed = NOTHING_TYPED, new_only: bool = False) -> Panel:
    """One thread about this request, with the tabs of both."""
    base, url = instance.staff_page, f"{PATH}/{instance.reference}/messages"
    notes, definition = asked.thread == NOTES, versions.definition_of(access.read_as(g.actor), instance)
    found = panels.panel(
        g.actor, instance, definition, clock.now(), url, _("Internal notes") if notes else _("Messages"), asked, typed,
        new_only=new_only,
        tabs=(
            (_("Conversation"), f"{base}#talk", not notes, 0),
            (_("Internal notes"), f"{base}?talk=notes#talk", notes, instance.note_seq),
        ),
        replies="" if notes else f"{url}/replies",
    )  # fmt: skip
    return found


def asked_beside() -> Asked:
    """Which thread stands beside a request: `?talk=notes`."""
    return Asked(NOTES if request.args.get("talk") == NOTES else MESSAGES)


class Talking(StaffView):
    """The doors below /<ref>/messages."""

    @door("/<ref>/messages", needs="view")
    def messages(self, ref: str) -> Response:
        """The newest, those before a number, or as a fragment those after one."""
        asked = Asked(_thread(request.args.get("thread", "")), _number("before"), _number("after"))
        new_only = "X-Fragment" in request.headers and asked.after is not None
        return self._talk(_found(ref), asked, self._chosen(ref), new_only)

    def _chosen(self, ref: str) -> Typed:
        """The words of a saved reply, filled for this request (X29), when one was chosen."""
        uid = request.args.get("reply", "")
        if not uid or not g.actor.may("message"):
            return NOTHING_TYPED
        reply = access.saved_to_read(g.actor, SavedReply, uid)
        return Typed(replying.fill(access.read_as(g.actor), _found(ref), reply, clock.now()))

    @door("/<ref>/messages/replies", needs="message")
    def replies(self, ref: str) -> Response:
        """Saved replies to choose from; each leads to the conversation with its words in the form."""
        instance = _found(ref)
        url = f"{PATH}/{instance.reference}/messages"
        return show(self, "choose_reply.html", task=instance, url=url, replies=saved_replies.listed(g.actor))

    @door("/<ref>/messages", needs="message", methods=("POST",), takes_files=True)
    def send(self, ref: str) -> Response:
        """Words, files or both, once; the files first, so that they are kept when something is wrong."""
        instance, thread = _found(ref), _thread(request.form.get("thread", ""))
        chosen, refused, is_unfinished = take_attachments(g.actor, request.form, request.files)
        if is_unfinished:
            return self._again(ref, thread, chosen, dict(refused), Invalid.status)
        say = conversing.note if thread == NOTES else conversing.send
        try:
            with unit_of_work(g.actor) as work:
                row = access.instance_to_change(work, ref)
                say(
                    work, row, clean(request.form.get("text", "")), client_id=request.form.get("client_id"),
                    upload_ids=chosen,
                )  # fmt: skip
                if thread == MESSAGES:
                    conversing.mark_read(work, row, _number("seen", request.form.get("seen", "")) or 0)
        except Invalid as wrong:
            return self._again(ref, thread, chosen, wrong.by_field(), wrong.status)
        except OutOfStep as late:
            return self._again(ref, thread, chosen, {"": late.detail}, late.status)
        return _done(instance, thread)

    @door("/<ref>/messages/read", needs="view", methods=("POST",))
    def read(self, ref: str) -> Response:
        """Everything up to a number was before their eyes."""
        instance = _found(ref)
        with unit_of_work(g.actor) as work:
            seq = _number("seq", request.form.get("seq", "")) or 0
            conversing.mark_read(work, access.instance_to_change(work, ref), seq)
        return _done(instance, MESSAGES)

    def _again(self, ref: str, thread: str, chosen: Sequence[str], problems: dict[str, str], status: int) -> Response:
        """The page with everything that was typed, and what is wrong. Used words need a new id to be sent."""
        sent = clean(request.form.get("client_id", ""))[: conversing.LONGEST_CLIENT_ID]
        typed = Typed(
            clean(request.form.get("text", "")),
            "" if "client_id" in problems else sent,
            problems,
            unsent(g.actor, chosen),
            status if problems else 200,
        )
        return self._talk(_found(ref), Asked(thread), typed)

    def _talk(self, instance: Instance, asked: Asked, typed: Typed = NOTHING_TYPED, new_only: bool = False) -> Response:
        desk = panel_of(instance, asked, typed, new_only)
        return show(self, "talk.html", typed.status, task=instance, desk=desk)


def _done(instance: Instance, thread: str) -> Response:
    if "X-Fragment" in request.headers:
        return Response(status=204)
    return redirect(f"{instance.staff_page}{'?talk=notes' if thread == NOTES else ''}#talk", 303)


def _thread(given: str) -> str:
    return NOTES if given == NOTES else MESSAGES


def _found(ref: str) -> Instance:
    instance = access.instance_to_read(g.actor, ref)
    if instance.state is not None:
        raise Refused(_("Cases and tasks are talked about in their comments"))
    return instance


def _number(name: str, given: str | None = None) -> int | None:
    """A number in the address or in a form of ours; anything else counts as absent."""
    words = request.args.get(name, "") if given is None else given
    return int(words) if words.isascii() and words.isdigit() and len(words) <= MOST_DIGITS else None

"""Saved replies: words that a colleague uses again, their own or shared with everybody (X29)."""

from __future__ import annotations

from typing import Any

from flask import g
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from admin.asking import Field, Question, ask
from admin.guard import StaffView, door
from admin.showing import show
from flows import access
from flows.actions import replying
from flows.models import SavedReply
from flows.queries import replies
from flows.words import gettext as _
from flows.work import Work

BOTH = ("GET", "POST")
HOLES = _l(
    "Holes are filled for the request: ${{ customer.first_name }}, ${{ instance.ref }}, ${{ data.move_in }}. "
    "What is not known yet stays to be seen, and you fill it in"
)


class Replies(StaffView):
    name, slug, needs, personal = _l("Saved replies"), "replies", "message", True

    @door("/", needs="message")
    def index(self) -> Response:
        return show(self, "replies.html", replies=replies.listed(g.actor))

    @door("/new", needs="message", methods=BOTH)
    def new(self) -> Response:
        question = Question(
            _("New saved reply"), f"{self.path()}/", _("Save reply"), fields=_fields(), done=_("It was saved.")
        )

        def act(work: Work, typed: Any) -> None:
            replying.save(work, typed["title"], typed["text"], typed.get("is_shared") == "1")

        return ask(self, question, act)

    @door("/<uid>", needs="message", methods=BOTH)
    def change(self, uid: str) -> Response:
        found = access.saved_to_read(g.actor, SavedReply, uid)
        question = Question(
            _("Change “%(title)s”", title=found.title), f"{self.path()}/", _("Save reply"),
            fields=_fields(found.title, found.text, found.is_shared), done=_("It was changed."),
        )  # fmt: skip

        def act(work: Work, typed: Any) -> None:
            reply = access.saved_to_change(work, SavedReply, uid)
            replying.change(work, reply, typed["title"], typed["text"], typed.get("is_shared") == "1")

        return ask(self, question, act)

    @door("/<uid>/remove", needs="message", methods=BOTH)
    def remove(self, uid: str) -> Response:
        found = access.saved_to_read(g.actor, SavedReply, uid)
        question = Question(
            _("Remove “%(title)s”?", title=found.title), f"{self.path()}/", _("Remove"), tone="bad",
            done=_("It was removed."), text=_("Messages that were written with it stay as they are."),
        )  # fmt: skip

        def act(work: Work, _typed: Any) -> None:
            replying.remove(work, access.saved_to_change(work, SavedReply, uid))

        return ask(self, question, act)


def _fields(title: str = "", text: str = "", is_shared: bool = False) -> tuple[Field, ...]:
    return (
        Field("title", _("Title"), value=title),
        Field("text", _("Words"), "textarea", text, HOLES),
        Field("is_shared", _("Share it with all colleagues"), "checkbox", is_shared),
    )

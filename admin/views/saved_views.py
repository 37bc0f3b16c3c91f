"""The views of a list: its filters kept under a name, shared with colleagues, renamed, removed (X9)."""

from __future__ import annotations

from typing import Any

from flask import g, request
from werkzeug.wrappers import Response

from admin.asking import Field, Question, ask
from admin.guard import StaffView, door
from admin.narrowing import Narrowed
from admin.showing import show
from flows import access
from flows.actions import saving_views
from flows.models import SavedView
from flows.queries import saved_views
from flows.words import gettext as _
from flows.work import Work


class SavedViews(StaffView):
    """The doors below /views of every list that has them."""

    def asked_of(self, query: str) -> Narrowed:
        """What a query string asks of this list."""
        raise NotImplementedError

    @door("/views", needs="view")
    def views(self) -> Response:
        found = saved_views.of_page(g.actor, self.slug)
        return show(self, "saved_views.html", views=found, path=f"{self.path()}/")

    @door("/views/new", needs="view", methods=("GET", "POST"))
    def save_view(self) -> Response:
        """The filters come in the address and are read as the list reads them: only what means something is kept."""
        asked = self.asked_of(request.values.get("of", ""))
        chips = ", ".join(words for words, _url in asked.chips()) or _("None: everything")
        question = Question(
            _("Save this view"),
            asked.address(),
            _("Save view"),
            facts=((_("Filters"), chips),),
            fields=(
                Field(
                    "name", _("Name"), hint=_("A view of yours that has this name already takes these filters instead")
                ),
                *_sharing(False),
                Field("of", "", "hidden", asked.text),
            ),
            done=_("The view was saved."),
        )

        def act(work: Work, typed: Any) -> None:
            saving_views.save(work, self.slug, typed["name"], asked.text, typed.get("is_shared") == "1")

        return ask(self, question, act)

    @door("/views/<view>", needs="view", methods=("GET", "POST"))
    def change_view(self, view: str) -> Response:
        found = access.saved_to_read(g.actor, SavedView, view)
        question = Question(
            _("Change the view “%(name)s”", name=found.name),
            f"{self.path()}/views",
            _("Save"),
            text=_("To change its filters, open it, choose others and save them under the same name."),
            fields=(Field("name", _("Name"), value=found.name), *_sharing(found.is_shared)),
            done=_("The view was changed."),
        )

        def act(work: Work, typed: Any) -> None:
            shared = typed["is_shared"] == "1" if "is_shared" in typed else found.is_shared
            saving_views.change(work, access.saved_to_change(work, SavedView, view), typed["name"], shared)

        return ask(self, question, act)

    @door("/views/<view>/remove", needs="view", methods=("GET", "POST"))
    def remove_view(self, view: str) -> Response:
        found = access.saved_to_read(g.actor, SavedView, view)
        question = Question(
            _("Remove the view “%(name)s”?", name=found.name),
            f"{self.path()}/views",
            _("Remove the view"),
            tone="bad",
            text=_("Nobody finds it in their list any more.")
            if found.is_shared
            else _("What is in it stays as it is."),
            done=_("The view was removed."),
        )
        return ask(
            self,
            question,
            lambda work, _typed: saving_views.remove(work, access.saved_to_change(work, SavedView, view)),
        )


def _sharing(value: bool) -> tuple[Field, ...]:
    """Whoever may not share is not asked."""
    return (Field("is_shared", _("Show it to all colleagues"), "checkbox", value),) if g.actor.may("assign") else ()

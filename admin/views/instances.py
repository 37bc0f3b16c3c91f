"""Task instances: every request that goes by steps, in one list with filters, views and changes to many (A2)."""

from __future__ import annotations

from flask import g, request
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from admin import bulk, instance_list, spreadsheets
from admin.guard import StaffView, door
from admin.instance_filters import SOURCE_WORDS, Asked
from admin.narrowing import MOST_SAVED, SHOW_WORDS
from admin.showing import argument, badges, show
from admin.views.instance_pages import InstancePages
from admin.views.saved_views import SavedViews
from flows.queries import family, instances, saved_views, unread


class Instances(InstancePages, SavedViews, StaffView):
    name, slug, needs = _l("Task instances"), "instances", "view"

    @door("/", needs="view")
    def index(self) -> Response:
        asked = Asked(request.args, instances.agents(g.actor))
        page = instances.listed(g.actor, asked.now, asked.filters, argument("cursor") or None, asked.sort, asked.per)
        tallies = badges(g.actor, instance_list.counted(asked))
        saved = saved_views.of_page(g.actor, self.slug)
        return show(
            self,
            "instances.html",
            asked=asked,
            page=page,
            views=instance_list.view_links(asked, tallies, saved),
            more_views=len(saved) > MOST_SAVED,
            matching=tallies["matching"],
            columns=instance_list.columns(asked),
            filters=instance_list.filter_bar(asked),
            empty=instance_list.nothing(asked),
            tags=instance_list.status_tags,
            percent=instance_list.percent,
            waiting=instance_list.waiting,
            sources=SOURCE_WORDS,
            unread=unread.of_page(g.actor, page.rows),
            parents=family.parents_of(g.actor, page.rows),
            actions=bulk.offered(g.actor),
            shows=SHOW_WORDS,
        )

    @door("/export/csv/", needs="view")
    def export(self) -> Response:
        asked = Asked(request.args, instances.agents(g.actor))
        chosen = bulk.ids_of(request.args.getlist("ref"))
        return spreadsheets.as_file("task-instances", instance_list.EXPORTED, instance_list.lines(asked, chosen))

    @door("/bulk", needs="view", methods=("GET", "POST"))
    def bulk(self) -> Response:
        """A change to the chosen ones, one or many: asked about first, then done and told (X8, C29)."""
        return bulk.answer(self)

    def asked_of(self, query: str) -> Asked:
        return Asked.of_text(query, instances.agents(g.actor))

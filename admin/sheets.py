"""Flask-Admin's model view, hardened: lists with search, sorting and export; changes go through our pages and verbs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from flask import Response, request
from flask_admin.contrib.sqla import ModelView
from flask_admin.model.base import ViewArgs
from flask_babel import lazy_gettext as _l
from sqlalchemy import or_
from sqlalchemy.orm import Query
from wtforms import Form

from admin import showing, spreadsheets
from admin.guard import StaffView
from flows.access import clean
from flows.db import db
from flows.models import Base
from flows.words import gettext as _

LAST_PAGE = 399
"""OFFSET reads what it skips: after ten thousand rows one narrows the search instead."""
MOST_EXPORTED = 10_000
BY_NAME = [("name", False), ("id", False)]


@dataclass(frozen=True)
class Narrowing:
    """A filter of a list: its words, what there is to choose from, and the condition that a choice means."""

    label: str
    options: Mapping[str, str]
    condition: Callable[[str], Any]


class Sheet(StaffView, ModelView):
    """A list of rows without a life cycle. Of Flask-Admin's own pages only the list and its export are left open.

    Its form, details, delete, action and ajax pages are closed: they would commit by themselves, take any id, overwrite
    what somebody else has just saved, and forget the audit log.
    """

    table: ClassVar[type[Base]]
    heading: ClassVar[str] = ""
    new_words: ClassVar[str] = ""
    new_needs: ClassVar[str] = "users"
    search_words: ClassVar[str] = _l("Search")
    narrowings: ClassVar[Mapping[str, Narrowing]] = {}

    form = Form
    can_create = can_edit = can_delete = False
    can_view_details = False
    can_set_page_size = False
    can_export = True
    export_types = ("csv",)
    export_max_rows = MOST_EXPORTED
    page_size = 25
    simple_list_pager = True
    column_editable_list = ()
    column_auto_select_related = False
    list_template = "back/sheet.html"

    def __init__(self) -> None:
        super().__init__(self.table, db)

    # Closed: none of these is exposed any more.
    create_view = edit_view = details_view = delete_view = action_view = ajax_lookup = ajax_update = None

    def cell(self, row: Any, column: str) -> Any:
        """What the list shows in a column: text, or a Tag, or (minor, currency) for money."""
        value = getattr(row, column)
        return (_("Yes") if value else _("No")) if isinstance(value, bool) else value

    def link(self, row: Any) -> str:
        """The page of a row."""
        return f"{self.url}/{row.uid}"

    def get_query(self) -> Query[Any]:
        query = super().get_query()
        for name, narrowing in self.narrowings.items():
            chosen = request.args.get(name, "")
            if chosen in narrowing.options:
                query = query.filter(narrowing.condition(chosen))
        return query

    def render(self, template: str, **words: Any) -> Any:
        rows, more = words["data"][: self.page_size], len(words["data"]) > self.page_size
        page, pager_url = words["page"], words["pager_url"]
        return showing.show(
            self,
            template.removeprefix("back/"),
            rows=rows,
            columns=[self._column(index, words) for index in range(len(words["list_columns"]))],
            search=words["search"],
            page=page + 1,
            previous_url=pager_url(page - 1) if page else None,
            next_url=pager_url(page + 1) if more and page < LAST_PAGE else None,
            export_url=showing.address(f"{self.url}/export/csv/", **request.args.to_dict()),
            chosen={name: request.args.get(name, "") for name in self.narrowings},
        )

    def _column(self, index: int, words: Mapping[str, Any]) -> dict[str, Any]:
        name, label = words["list_columns"][index]
        current = words["sort_column"] == index
        direction = ("descending" if words["sort_desc"] else "ascending") if current else ""
        url = words["sort_url"](index, current) if self.is_sortable(name) else None
        return {"name": name, "label": label, "url": url, "sort": direction}

    def _get_list_extra_args(self) -> ViewArgs:
        """What the address says, put right: no page before the first, no text that a database refuses."""
        asked = super()._get_list_extra_args()
        asked.page = min(max(asked.page or 0, 0), LAST_PAGE)
        asked.page_size = self.page_size
        asked.search = clean(asked.search or "").strip()[:100] or None
        if asked.sort is not None and not 0 <= asked.sort < len(self._list_columns):
            asked.sort = None
        asked.sort_desc = 1 if asked.sort_desc == 1 else None
        asked.extra_args = {name: value for name, value in asked.extra_args.items() if name in self.narrowings}
        return asked

    def _get_list_url(self, view_args: ViewArgs) -> str:
        words = {
            "sort": view_args.sort,
            "desc": view_args.sort_desc,
            "search": view_args.search,
            "page": view_args.page,
        }
        told = {name: str(value) for name, value in words.items() if value is not None}
        return showing.address(f"{self.url}/", **told, **view_args.extra_args)

    def _apply_pagination(self, query: Query[Any], page: int | None, page_size: int | None) -> Query[Any]:
        size = page_size or self.page_size
        return query.limit(size + 1).offset((page or 0) * size)  # one more than is shown says whether there is more

    def _apply_search(self, query: Query[Any], count_query: Any, joins: Any, count_joins: Any, search: str) -> Any:
        """Every word somewhere; `%`, `_`, `^` and `=` are letters here, not so in Flask-Admin's own search."""
        for word in search.split():
            found = (getattr(self.model, name).icontains(word, autoescape=True) for name in self.column_searchable_list)
            query = query.filter(or_(*found))
        return query, count_query, joins, count_joins

    def _export_csv(self, _return_url: str) -> Response:
        _, rows = self._export_data()
        columns = [label for _, label in self._export_columns]
        return spreadsheets.as_file(
            self.slug, columns, ([self._exported(row, name) for name, _ in self._export_columns] for row in rows)
        )

    def _exported(self, row: Any, column: str) -> str:
        value = self.cell(row, column)
        if isinstance(value, showing.Tag):
            return value.words
        if isinstance(value, tuple):
            return f"{value[0] / 100:.2f} {value[1]}"
        return "" if value is None else str(value)

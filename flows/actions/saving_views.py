"""Views of a list: kept under a name, shared with colleagues, changed and removed (X9)."""

from __future__ import annotations

from sqlalchemy import func, select

from flows import access
from flows.models import SavedView
from flows.rules.errors import Invalid, OutOfStep, Problem, Refused
from flows.words import gettext as _
from flows.work import Work

MOST = 50
LONGEST_NAME, LONGEST_QUERY = 80, 1000


def save(work: Work, page: str, name: str, query: str, is_shared: bool = False) -> SavedView:
    """Keep the filters in `query` as a view of one's own (needs `view`; to share it, `assign`).

    A view of one's own that has this name takes the new filters instead. Raises Invalid with every problem, OutOfStep
    when there are too many.
    """
    access.require(work.actor, "view")
    _check(work, name, query, is_shared)
    mine = select(SavedView).where(SavedView.user_id == work.actor.user_id, SavedView.page == page)
    view = access.locked(work, mine.where(SavedView.name == name.strip()).with_for_update())
    if view is None:
        if (work.session.scalar(mine.with_only_columns(func.count())) or 0) >= MOST:
            raise OutOfStep(_("You have %(most)s views already. Remove one that you do not need", most=MOST))
        view = SavedView(user_id=work.actor.user_id, page=page, created_at=work.now)
        work.session.add(view)
    view.name, view.query = name.strip(), query
    _share(work, view, is_shared)
    return view


def change(work: Work, view: SavedView, name: str, is_shared: bool) -> None:
    """Another name, shared or not any more: one's own, or with `users` one that a colleague shares."""
    _check_mine(work, view)
    _check(work, name, view.query, is_shared)
    view.name = name.strip()
    _share(work, view, is_shared)


def remove(work: Work, view: SavedView) -> None:
    """Forget it: one's own, or with `users` one that a colleague shares."""
    _check_mine(work, view)
    if view.is_shared:
        work.audit("view_removed", view.name, page=view.page, query=view.query)
    work.session.delete(view)


def _share(work: Work, view: SavedView, is_shared: bool) -> None:
    if is_shared or view.is_shared:
        work.audit("view_shared" if is_shared else "view_unshared", view.name, page=view.page, query=view.query)
    view.is_shared = is_shared


def _check_mine(work: Work, view: SavedView) -> None:
    if view.user_id != work.actor.user_id and not work.actor.may("users"):
        raise Refused(_("This view is a colleague's. Save one of your own instead"), known=True)


def _check(work: Work, name: str, query: str, is_shared: bool) -> None:
    problems = []
    if not name.strip():
        problems.append(Problem("/name", "required", _("Enter a name for the view")))
    elif len(name.strip()) > LONGEST_NAME:
        problems.append(
            Problem("/name", "too-long", _("Use %(longest_name)s characters at most", longest_name=LONGEST_NAME))
        )
    if len(query) > LONGEST_QUERY:
        problems.append(Problem("/query", "too-long", _("These are too many filters for a view. Choose fewer")))
    if is_shared and not work.actor.may("assign"):
        problems.append(Problem("/is_shared", "forbidden", _("Your role does not let you share views with colleagues")))
    if problems:
        raise Invalid(problems)

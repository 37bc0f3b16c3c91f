"""The denying base view: nobody gets in unless the view says which permission it needs, and the person has it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, ClassVar, TypeVar

from flask import g
from flask_admin import BaseView, expose

from flows.rules.actors import PERMISSIONS, Actor
from flows.rules.errors import Refused
from flows.words import gettext as _

View = TypeVar("View", bound=Callable[..., Any])


def door(url: str, needs: str, methods: Iterable[str] = ("GET",), takes_files: bool = False) -> Callable[[View], View]:
    """Expose a method of a view to staff whose role grants `needs`; the words are those of the permission matrix.

    `takes_files`: what is sent to it may be as large as files are.
    """
    if needs not in PERMISSIONS:
        raise ValueError(f"no permission is called {needs!r}")

    def declare(view: View) -> View:
        view.__dict__.update(needs=needs, takes_files=takes_files)  # read by the guard, and by `portal.may`
        exposed: View = expose(url, methods=tuple(methods))(view)
        return exposed

    return declare


class StaffView(BaseView):
    """Base of every view here. `needs` is what all of its pages ask for; a `door` may ask for something else.

    A `personal` view is about whoever opens it and stands in their own menu, not in the navigation.

    An exposed method for which neither says anything is refused when the application starts.
    """

    name: str = ""
    slug: ClassVar[str] = ""
    needs: ClassVar[str] = ""
    personal: ClassVar[bool] = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        bare = [name for _, name, _ in self._urls if needs_of(self, name) not in PERMISSIONS]
        if bare:
            raise TypeError(f"{type(self).__name__} exposes {', '.join(bare)} without saying who may use it: use @door")
        own = type(self)
        super().__init__(*args, **({"name": own.name, "endpoint": f"staff_{own.slug}", "url": own.path()} | kwargs))

    @classmethod
    def path(cls) -> str:
        """The address of its first page, without the slash at the end."""
        return f"/admin/{cls.slug}"

    def is_accessible(self) -> bool:
        """Whether the actor may open the first page of this view: what the navigation asks."""
        return may_use(self, self._default_view)

    def _handle_view(self, name: str, /, **_kwargs: Any) -> None:
        if not may_use(self, name):
            raise Refused(_("Your role does not let you open this page. Ask whoever looks after roles"), known=True)

    def _run_view(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        # Flask-Admin calls the view again in another way after a TypeError, which hides the view's own mistakes.
        return fn(self, *args, **kwargs)


def needs_of(view: StaffView, name: str) -> str | None:
    """The permission that a method of a view needs; None when it declares nothing."""
    needs: str = getattr(getattr(view, name), "needs", "") or type(view).needs
    return needs or None


def may_use(view: StaffView, name: str) -> bool:
    actor: Actor | None = g.get("actor")
    needs = needs_of(view, name)
    return actor is not None and actor.is_staff and needs is not None and actor.may(needs)

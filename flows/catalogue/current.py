"""What this process serves: the registry that everything asks."""

from __future__ import annotations

from flows.catalogue.registry import Registry
from flows.catalogue.watching import Watch

_current = Registry()
_watch: Watch | None = None


def use(registry: Registry) -> None:
    """Serve these flows from now on, whatever becomes of their files; `create_app` does it once."""
    global _current, _watch
    _current, _watch = registry, None


def follow(watch: Watch) -> None:
    """Serve what the files say, also after they are saved again: for development."""
    global _watch
    _watch = watch


def current() -> Registry:
    """The flows that are served."""
    return _current if _watch is None else _watch.fresh()

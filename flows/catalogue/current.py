"""What this process serves: the registry that everything asks."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from flows.catalogue.registry import Registry
from flows.catalogue.watching import Watch

_current = Registry()
_watch: Watch | None = None


def use(registry: Registry) -> None:
    """Serve these flows from now on, whatever becomes of their files; `create_app` does it once."""
    global _current, _watch
    _current, _watch = registry, None


def follow(read: Callable[[], Registry], folders: Iterable[Path] = ()) -> None:
    """Serve what `read` finds, and read again whenever a file in it, or in the folders, was saved: for development."""
    global _watch
    _watch = Watch(read, folders)


def current() -> Registry:
    """The flows that are served."""
    return _current if _watch is None else _watch.fresh()


def follows_files() -> bool:
    """Whether a file that is saved is served without a restart."""
    return _watch is not None


def name_now(flow: str, name: str) -> str:
    """What a step of this flow is called since it moved; forms and mails of before may still use the old name."""
    loaded = current().flows.get(flow)
    return loaded.definition.moved.get(name, name) if loaded is not None else name

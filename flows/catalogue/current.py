"""What this process serves: the registry that everything asks."""

from __future__ import annotations

from flows.catalogue.registry import Registry

_current = Registry()


def use(registry: Registry) -> None:
    """Serve these flows from now on; `create_app` does it once, development again on every change."""
    global _current
    _current = registry


def current() -> Registry:
    """The flows that are served."""
    return _current


def name_now(flow: str, name: str) -> str:
    """What a step of this flow is called since it moved; forms and mails of before may still use the old name."""
    loaded = _current.flows.get(flow)
    return loaded.definition.moved.get(name, name) if loaded is not None else name

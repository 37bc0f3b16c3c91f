"""Whether a loaded flow may be started, in which way, and if not, why: asked by lists, pages, API and verbs (C24)."""

from __future__ import annotations

from typing import Literal, Protocol

from flows.catalogue.registry import BrokenFlow, LoadedFlow

Way = Literal["staff", "customer", "onboarding"]


class SwitchLike(Protocol):
    """What administrators say about a flow; nothing said means everything is on."""

    @property
    def is_active(self) -> bool: ...
    @property
    def is_assignable(self) -> bool: ...
    @property
    def is_requestable(self) -> bool: ...


def is_offered(loaded: LoadedFlow, way: Way) -> bool:
    """Whether the flow itself says that it may be started in this way."""
    return bool(getattr(loaded.definition.start, way))


def is_on(switch: SwitchLike | None, way: Way) -> bool:
    """Whether the switches of the catalogue let a flow be started in this way."""
    if switch is None:
        return True
    return switch.is_active and (switch.is_requestable if way == "customer" else switch.is_assignable)


def refusal(loaded: LoadedFlow, switch: SwitchLike | None, way: Way) -> str | None:
    """Why no instance of it may be started in this way, in a sentence; None when one may."""
    if not is_offered(loaded, way):
        return f"{loaded.definition.title} is not started in this way"
    if not is_on(switch, way):
        return f"{loaded.definition.title} is switched off: no new ones are started"
    return unready(loaded)


def unready(loaded: LoadedFlow) -> str | None:
    """Why nothing starts of it in any way: it is archived."""
    if loaded.definition.archived:
        return f"{loaded.definition.title} is archived: no new ones are started"
    return None


def broken_words(broken: BrokenFlow) -> str:
    """Why nothing starts of a flow whose file is broken; what was started of it goes on."""
    return f"{broken.title or broken.flow} cannot be started now: its file has a mistake that we have to mend first"

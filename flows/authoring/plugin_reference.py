"""The reference of `flows.plugin`, read off the module itself: every name, what it takes, what its docstring says."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Iterator, Mapping
from typing import Any

from flows import plugin

SECTIONS: Mapping[str, tuple[str, ...]] = {
    "Marks": ("action", "lookup", "event"),
    "What an action gets": ("Context", "OrderVerbs", "PaymentVerbs", "Agreements", "Tenancy"),
    "What a lookup gets and gives": ("LookupContext", "About", "AgreementSearch", "Option"),
    "What they raise": ("PassingFault", "PermanentFault", "Invalid"),
    "Words and days": ("calendar_named", "Calendar", "date_in_words", "moment_in_words", "money_in_words", "language"),
    "Version": ("API_VERSION",),
}
"""Every name of `flows.plugin.__all__` stands in one of them; a law holds them against each other."""

OPENING = f"""# What a plugin may import

Written by `baton flows reference --of plugin` from `flows.plugin` itself; a law keeps it current. A plugin imports from
`flows.plugin` and from nothing else of Baton. This is version {plugin.API_VERSION}: a new name makes a new minor
version, and one is only taken away with a new major version. A package says in its `__init__.py` what it needs, as in
`requires_plugin_api = "{plugin.API_VERSION}"`; where that is not to be had, `baton flows list` says so (F904) and
serves everything else. How to use it all is in [how to](how-to.md).
"""


def plugin_reference() -> str:
    """The whole page, as Markdown."""
    return "\n".join([OPENING, *("\n".join(_section(title, names)) for title, names in SECTIONS.items())])


def _section(title: str, names: tuple[str, ...]) -> Iterator[str]:
    yield f"## {title}\n"
    for name in names:
        thing = getattr(plugin, name)
        yield from (_constant(name, thing) if isinstance(thing, str) else _described(name, thing))


def _constant(name: str, value: str) -> Iterator[str]:
    yield f"### `{name}`\n\n`{value!r}`.\n"


def _described(name: str, thing: Any) -> Iterator[str]:
    yield f"### `{name}{_signature(thing)}`\n"
    yield f"{inspect.cleandoc(thing.__doc__ or '')}\n"
    if inspect.isclass(thing):
        members = [*_members(thing)]
        if members:
            yield "\n".join(members) + "\n"


def _signature(thing: Any) -> str:
    if not inspect.isclass(thing) or issubclass(thing, Exception) or dataclasses.is_dataclass(thing):
        signature = inspect.signature(thing)
        given = "" if inspect.isclass(thing) else f" -> {signature.return_annotation}"
        return f"({_parameters(signature)}){given}"
    return ""


def _parameters(signature: inspect.Signature) -> str:
    """Without what is bound; annotations as they are written."""
    given = (one for one in signature.parameters.values() if one.name != "self")
    return ", ".join(
        f"{one.name}: {one.annotation}" + ("" if one.default is one.empty else f" = {one.default!r}") for one in given
    )


def _members(thing: type) -> Iterator[str]:
    """Properties and methods of a contract; what a dataclass holds stands in its signature."""
    if issubclass(thing, Exception):
        return
    for base in [one for one in reversed(thing.__mro__) if one.__module__.startswith("flows.")]:
        for name, member in vars(base).items():
            if name.startswith("_"):
                continue
            if isinstance(member, property) and member.fget is not None:
                yield f"- `{name}: {inspect.signature(member.fget).return_annotation}`"
            elif inspect.isfunction(member):
                signature = inspect.signature(member)
                taken, given = _parameters(signature), signature.return_annotation
                yield f"- `{name}({taken}) -> {given}`{_words(member)}"


def _words(member: Any) -> str:
    return f": {' '.join(inspect.cleandoc(member.__doc__).split())}" if member.__doc__ else ""

"""Private answers: which fields have them, who sees a field, and what everybody else reads instead (X20)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, Protocol

from flows.rules.actors import Actor
from flows.rules.errors import Refused
from flows.rules.people import Standing, is_among
from flows.words import gettext as _

MASK = "••••••"
CUSTOMERS, STAFF = ("customer", "creator", "assignee"), ("staff", "creator", "assignee", "manager", "department")


class PrivateField(Protocol):
    """A field, as far as this room looks at it; a key that its type does not know reads as None or False."""

    @property
    def type(self) -> str: ...
    def __getattr__(self, name: str) -> Any: ...


Fields = Mapping[str, Any]
"""Name -> `PrivateField`; a plain mapping, so that every kind of field fits."""


class StartLike(Protocol):
    """What is asked and given at the start of a flow."""

    @property
    def inputs(self) -> Fields: ...


class FlowLike(Protocol):
    """A flow, as far as this room looks at it."""

    @property
    def start(self) -> StartLike: ...
    @property
    def actions(self) -> Mapping[str, Any]: ...
    def all_fields(self) -> Fields: ...


def is_private(field: PrivateField) -> bool:
    """Whether its answer is sensitive, or a part of it in a list."""
    return bool(field.sensitive) or (field.type == "list" and any(is_private(inner) for inner in field.item.values()))


def parts(fields: Fields, before: str = "") -> Iterator[str]:
    """The dotted names of what is sensitive among these fields: "iban", of the entries of a list "pets.chip"."""
    for name, field in fields.items():
        if field.sensitive:
            yield f"{before}{name}"
        elif is_private(field):
            yield from parts(field.item, f"{before}{name}.")


def kept_private(fields: Fields, names: Collection[str]) -> dict[str, Any]:
    """The fields with those of `names` sensitive too, as `parts` tells them; a part of a list that is none any more
    makes the whole answer sensitive.
    """
    below: dict[str, list[str]] = {}
    for one in names:
        name, _dot, rest = one.partition(".")
        below.setdefault(name, []).append(rest)
    return {name: _kept(field, below[name]) if name in below else field for name, field in fields.items()}


def _kept(field: Any, names: Collection[str]) -> Any:
    if field.sensitive or field.type == "info":
        return field
    if field.type != "list" or "" in names:
        return field.model_copy(update={"sensitive": True})
    return field.model_copy(update={"item": kept_private(field.item, names)})


def each(fields: Fields, values: Mapping[str, Any], change: Callable[[Any, Any], Any]) -> dict[str, Any]:
    """The values with `change(field, value)` made to every sensitive one, inside lists too; what is empty stays so.

    A list that is none (a draft keeps what was typed) is changed as a whole.
    """
    return {name: _changed(fields[name], value, change) if name in fields else value for name, value in values.items()}


def masked(fields: Fields, values: Mapping[str, Any], mask: str | None = MASK) -> dict[str, Any]:
    """The values as those read them who are not meant to."""
    return each(fields, values, lambda _field, _value: mask)


def places(fields: Fields, values: Mapping[str, Any]) -> list[str]:
    """JSON pointers to the sensitive answers that were given: "/iban", "/pets/0/chip"."""
    return [*_places(fields, values, "")]


def _places(fields: Fields, values: Mapping[str, Any], before: str) -> Iterator[str]:
    for name, value in values.items():
        field = fields.get(name)
        if field is None or value is None or not is_private(field):
            continue
        if field.sensitive or not _is_list(value):
            yield f"{before}/{name}"
            continue
        for n, entry in enumerate(value):
            yield from _places(field.item, entry, f"{before}/{name}/{n}")


def _changed(field: Any, value: Any, change: Callable[[Any, Any], Any]) -> Any:
    if value is None or not is_private(field):
        return value
    if field.sensitive or not _is_list(value):
        return change(field, value)
    return [each(field.item, entry, change) for entry in value]


def _is_list(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and all(isinstance(entry, Mapping) for entry in value)


# --- in texts ---------------------------------------------------------------------------------------------------


def names_of(definition: FlowLike) -> frozenset[str]:
    """The dotted names that mean a sensitive answer in an expression of this flow: `data.iban`, `ask.pin`, an input."""
    asked = [("", definition.start.inputs), ("data.", definition.all_fields())]
    asked += [("ask.", action.fields) for action in definition.actions.values()]
    return frozenset(before + name for before, fields in asked for name, field in fields.items() if is_private(field))


def touches(names: Collection[str], private: Collection[str]) -> bool:
    """Whether one of these dotted names is a private one, a part of one, or holds one."""
    return any(
        name == one or name.startswith(f"{one}.") or one.startswith(f"{name}.") for name in names for one in private
    )


# --- who sees a field -------------------------------------------------------------------------------------------


def fields_for(actor: Actor, fields: Fields, standing: Standing, answering: str = "") -> dict[str, Any]:
    """The fields that this actor sees: one with `visible_to` is for those it names, in a list as well.

    `answering` is whose step it is (customer, staff): what has to be answered is seen by whoever has to answer it,
    unless it names somebody of that party, who then answers it.
    """
    seen: dict[str, Any] = {}
    for name, field in fields.items():
        if not _sees(actor, field, standing, answering):
            continue
        if field.type == "list":
            inner = fields_for(actor, field.item, standing, answering)
            if not inner:
                continue
            same = inner.keys() == field.item.keys() and all(inner[key] is field.item[key] for key in inner)
            field = field if same else field.model_copy(update={"item": inner})
        seen[name] = field
    return seen


def fields_at_start(actor: Actor, fields: Fields) -> dict[str, Any]:
    """The questions that this actor sees when they begin something: it is theirs, and nobody else's yet."""
    return fields_for(actor, fields, Standing(actor.user_id), actor.kind)


def _sees(actor: Actor, field: Any, standing: Standing, answering: str) -> bool:
    if not field.visible_to or actor.is_system or is_among(actor, field.visible_to, standing):
        return True
    return bool(field.required) and actor.kind == answering and not names_party(field.visible_to, answering)


def names_party(people: Collection[str], party: str) -> bool:
    """Whether somebody of the customer's or of the staff may be among these people."""
    if party == "customer":
        return any(who in CUSTOMERS for who in people)
    return party == "staff" and any(who in STAFF or who.startswith("role.") for who in people)


def may_reveal(actor: Actor, field: PrivateField, standing: Standing) -> bool:
    """Whether a member of staff may have an answer shown in clear: they review, or the field names them."""
    named = bool(field.visible_to) and is_among(actor, field.visible_to, standing)
    return actor.is_staff and (actor.may("review") or named)


class HeldFile(Protocol):
    """A file that an instance holds; not sent yet, it has no `attached_at`."""

    @property
    def uploaded_by_id(self) -> int: ...
    @property
    def uploaded_by(self) -> Any: ...
    @property
    def attached_at(self) -> Any: ...


def check_opening(actor: Actor, upload: HeldFile, step: Any) -> None:
    """Refuse a sensitive file to whoever may not open it as it is; `step` is the one it stands in, None for a start.

    Its sender may until it is sent, and customers may open what customers gave. Staff have it shown to them, each time
    recorded (`revealing.reveal_file`; X10, X20).
    """
    gave = step.actor if step is not None else upload.uploaded_by.kind
    mine = upload.attached_at is None and upload.uploaded_by_id == actor.user_id
    if mine or actor.is_system or (actor.kind == "customer" and gave == "customer"):
        return
    if actor.is_staff:
        raise Refused(_("This file is private. Press Show beside its answer; who had it shown is recorded"), known=True)
    raise Refused(_("No such file"))


def restored(fields: Fields, seen: Fields, values: Mapping[str, Any], earlier: Mapping[str, Any]) -> dict[str, Any]:
    """What somebody gave, with the earlier answers to what they do not see: those stay as they are.

    Inside a list the entry of the same place keeps its unseen parts.
    """
    together = dict(values)
    for name, field in fields.items():
        if name not in seen:
            together |= {name: earlier[name]} if name in earlier else {}
        elif seen[name] is not field and _is_list(values.get(name)) and _is_list(earlier.get(name)):
            before = [*earlier[name], *({} for _ in values[name])]
            together[name] = [
                restored(field.item, seen[name].item, entry, old)
                for entry, old in zip(values[name], before, strict=False)
            ]
    return together

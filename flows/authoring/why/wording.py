"""Reasons in plain words, for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from flows.authoring.why.looking import Look, Why
from flows.rules.words import moment_in_words

VERDICTS = {True: "yes", False: "no", None: "not yet known"}


def about(found: Sequence[Why], step: str | None) -> list[Why]:
    """Those of one step, with its questions and endings; without one, all."""
    if step is None:
        return [*found]
    of_timers = {f"due.{step}", f"review.{step}"}
    return [
        one
        for one in found
        if (one.kind in ("step", "field", "outcome") and one.name.split(".")[0] == step)
        or (one.kind == "timer" and one.name.rpartition(".")[0] in of_timers)
        or (one.kind == "effect" and f".{step}." in f".{one.name}")
    ]


def text_of(look: Look, found: Sequence[Why]) -> str:
    """A head that says which moment it is, then a paragraph for each reason."""
    instance = look.instance
    when = moment_in_words(look.at, instance.time_zone)
    head = f"{instance.reference} {instance.title}, {'now' if look.is_now else 'as it was'} ({when})"
    flow = f"{look.version.flow} version {look.version.number}"
    return "\n".join([head, f"  {flow}", *(line for why in found for line in ("", *_lines(why, instance.time_zone)))])


def _lines(why: Why, zone: str) -> Iterator[str]:
    yield why.what
    if why.rule:
        yield f"  rule   {why.written}" + (f"   ({why.place})" if why.place else "")
    yield f"  holds  {VERDICTS[why.verdict]}"
    for value in why.values:
        yield f"  read   {value.name} = {value.text}"
    for part in why.decided:
        yield f"  for    {part}"
    if why.because is not None:
        who, at = why.because.who, moment_in_words(why.because.at, zone)
        yield f"  since  {at}: {why.because.sentence} ({who})"
    if why.note:
        yield f"  note   {why.note}"

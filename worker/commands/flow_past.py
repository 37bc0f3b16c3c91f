"""Commands about what has happened: why an instance is as it is or was, and its life as a story to play again."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path

import click

from worker.commands.flow_changes import product
from worker.trouble import Trouble, writing

MOST_TOLD = 3
"""What came out otherwise early on makes much of the rest come out otherwise."""


@click.command()
@click.argument("ref")
@click.option("--step", metavar="NAME", help="Only this step, with its questions and endings.")
@click.option("--at", "at", metavar="MOMENT", help="As it was then, e.g. 2026-11-24T14:00; without a zone, in its own.")
def why(ref: str, step: str | None, at: str | None) -> None:
    """Say why the task or case REF is as it is, or was: rules of its flow, what they read, and what made it so."""
    from flows.authoring import why as asked
    from flows.authoring.why import wording
    from flows.clock import clock
    from flows.queries import past
    from flows.rules.actors import SYSTEM
    from flows.rules.errors import BatonError

    with product():
        try:
            life = past.life_of(SYSTEM, ref)
            look = asked.look_at(life, SYSTEM, clock.now(), at=_moment(at, life.today.time_zone))
            found = wording.about(asked.reasons(look), step)
            if step is not None and look.instance.step(step) is None:
                raise Trouble(f"{ref} has no step called {step}; it has {', '.join(look.states) or 'none'}")
            click.echo(wording.text_of(look, found))
        except BatonError as refusal:
            raise Trouble(f"{ref}: {refusal.detail}") from None


@click.command()
@click.argument("ref")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="The file; without it, here.")
def record(ref: str, out: Path | None) -> None:
    """Write the life of REF as a scenario, its answers redacted; exit code 1 when it does not play as it was."""
    from flows.authoring.play import recording
    from flows.rules.errors import BatonError

    with product():
        try:
            recorded = recording.record(ref, str(out) if out is not None else "the story above")
        except BatonError as refusal:
            raise Trouble(f"{ref}: {refusal.detail}") from None
    if out is None:
        click.echo(recorded.text, nl=False)
    else:
        with writing(out):
            out.write_text(recorded.text, encoding="utf-8")
        click.echo(f"Recorded in {out}")
    for failure in recorded.failures[:MOST_TOLD]:
        click.echo(f"It does not play as it was: {failure}", err=True)
    if (more := len(recorded.failures) - MOST_TOLD) > 0:
        click.echo(f"and {more} more, which mostly follow from these", err=True)
    sys.exit(int(bool(recorded.failures)))


def _moment(text: str | None, zone: str) -> datetime | None:
    from flows.authoring.play.scenario import at_home

    if text is None:
        return None
    try:
        return at_home(datetime.fromisoformat(text), zone)
    except ValueError:
        raise Trouble(f"{text!r} is no moment; write one like 2026-11-24T14:00") from None

"""`baton flows publish`: how a script beside the product tells it of an event that a plugin declares."""

from __future__ import annotations

from typing import IO

import click

from worker.commands.flow_changes import product
from worker.trouble import Trouble


@click.command()
@click.argument("event")
@click.option(
    "--with", "given", type=click.File("rb"), required=True, help="JSON or YAML, the payload; - reads it here."
)
def publish(event: str, given: IO[bytes]) -> None:
    """Tell of EVENT: every flow that starts with it begins, once for each `once_per`."""
    from flows.actions import publishing
    from flows.catalogue.source import Unreadable, read_source
    from flows.rules.actors import SYSTEM
    from flows.rules.errors import BatonError
    from flows.work import unit_of_work

    try:
        payload, _ = read_source(given.read(), given.name)
    except Unreadable as refusal:
        raise Trouble(refusal.problem.text()) from None
    with product():
        try:
            with unit_of_work(SYSTEM) as work:
                started = [(one.reference, one.flow) for one in publishing.publish(work, event, payload)]
        except BatonError as refusal:
            raise Trouble(str(refusal)) from None
    click.echo(
        "\n".join(f"{ref} {flow}" for ref, flow in started)
        or "Nothing begins: no flow asks for it, or it was told before"
    )

"""The landlord's agreements as a housing system would export them, imported like any other file."""

from __future__ import annotations

from pathlib import Path

from flows.actions.agreements import import_agreements
from flows.clock import clock
from flows.rules.actors import SYSTEM
from flows.rules.agreements import AgreementLine, header_of, lines_of, text_of
from flows.work import unit_of_work
from worker.demo.playing import Player

FILE = Path(__file__).parent / "agreements.csv"


def write_agreements(player: Player) -> None:
    """Write them as if they had been imported a month ago; the clock is moved back to then."""
    text, _ = text_of(FILE.read_bytes())
    lines = [line for line in lines_of(text, header_of(text)) if isinstance(line, AgreementLine)]
    clock.set(player.days_ago(30, "06:00"))
    with unit_of_work(SYSTEM) as work:
        import_agreements(work, lines)

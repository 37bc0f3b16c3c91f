"""Commands about tenancy agreements: bring them in from the housing management system as a CSV file (C41)."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import click
from sqlalchemy.exc import OperationalError

from flows.rules.actors import SYSTEM
from flows.rules.agreements import AgreementLine, BadLine, Unreadable, header_of, lines_of, text_of
from flows.rules.errors import OutOfStep
from flows.settings import Settings
from worker import migrating
from worker.engines import engine_of
from worker.trouble import Trouble

T = TypeVar("T")
MOST_SHOWN = 50
MOST_BYTES = 256 * 1024 * 1024
Tell = Callable[[int], None]


@click.group()
def agreements() -> None:
    """Bring in tenancy agreements of the housing management system."""


@agreements.command(name="import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--check", "only_check", is_flag=True, help="Read the whole file and say what is wrong; write nothing.")
def import_file(file: Path, only_check: bool) -> None:
    """Add or change agreements by their number: all of FILE, or nothing when a line is bad (exit code 1).

    \b
    The first line names the columns, in any order and case:
      number, tenant_name, address          are needed
      tenant_email, rent, currency, starts_on, ends_on
    """
    settings = Settings.from_env()
    if not only_check:
        _check_place(settings)
    good = _read(file)
    if only_check:
        click.echo(f"{len(good):,} agreements can be imported.")
        return
    _write(settings, good)


def _check_place(settings: Settings) -> None:
    """Trouble when what is imported would go nowhere."""
    if settings.agreements_url:
        raise Trouble("Agreements are asked of BATON_AGREEMENTS_URL; unset it to keep them here")
    try:
        current, newest = migrating.behind(engine_of(settings))
    except OperationalError as fault:
        raise Trouble(f"The database does not answer ({fault.orig}); for the cure: baton doctor") from None
    if current != newest:
        raise Trouble(f"The database is at {current or 'no revision'}, not {newest}; run: baton db upgrade")


def _read(file: Path) -> list[AgreementLine]:
    """The agreements of a file that is right from end to end; otherwise every bad line is named and that is all."""
    if file.stat().st_size > MOST_BYTES:
        raise Trouble(f"{file} is larger than {MOST_BYTES // 1024**2} MB; split it")
    try:
        text, encoding = text_of(file.read_bytes())
        header = header_of(text)
    except Unreadable as fault:
        _refuse([f"{file}: {fault}"])
    if encoding != "UTF-8":
        click.echo(f"{file} is not UTF-8; it was read as {encoding}. If names look wrong, save it as UTF-8.", err=True)
    if header.unused:
        click.echo(f"Columns that are not used: {', '.join(header.unused)}", err=True)
    good: list[AgreementLine] = []
    bad: list[BadLine] = []
    for one in _watched(lines_of(text, header), "Reading", text.count("\n")):
        if isinstance(one, BadLine):
            bad.append(one)
        else:
            good.append(one)
    if bad:
        _refuse([f"{file}: line {one.line}: {one.detail}" for one in bad], len({one.line for one in bad}))
    if not good:
        _refuse([f"{file}: there is no line below the first; it must hold the agreements"])
    return good


def _write(settings: Settings, good: list[AgreementLine]) -> None:
    from flows.actions.agreements import import_agreements
    from flows.work import unit_of_work
    from wsgi import create_app

    with create_app(settings, ("messaging",)).app_context(), _bar("Writing", len(good)) as tell:
        try:
            with unit_of_work(SYSTEM) as work:
                found = import_agreements(work, good, tell)
        except OutOfStep:
            raise Trouble("Another import ran at the same moment; nothing was imported. Run it again") from None
    click.echo(f"{found.added:,} added, {found.changed:,} changed, {found.unchanged:,} unchanged.")


def _refuse(sentences: list[str], lines: int = 0) -> None:
    """Name what is wrong, the first fifty, and end with exit code 1."""
    for sentence in sentences[:MOST_SHOWN]:
        click.echo(sentence, err=True)
    if len(sentences) > MOST_SHOWN:
        click.echo(f"... and {len(sentences) - MOST_SHOWN:,} more", err=True)
    what = f"{lines:,} bad {'line' if lines == 1 else 'lines'}: nothing" if lines else "Nothing"
    click.echo(f"{what} was imported.", err=True)
    sys.exit(1)


def _watched(things: Iterable[T], words: str, total: int) -> Iterator[T]:
    with _bar(words, total) as tell:
        for n, one in enumerate(things):
            yield one
            if n % 1000 == 0:
                tell(1000)


@contextmanager
def _bar(words: str, total: int) -> Iterator[Tell]:
    """A progress bar for people; a terminal that is none is told nothing."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(words, total=total)
        yield lambda count: progress.update(task, advance=count)

"""`baton flows diff` and `baton flows migrate`: what a change of a flow means, and moving running instances to it."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from flows.settings import Settings
from worker.commands.flow_places import refuse_unknown
from worker.trouble import Trouble

if TYPE_CHECKING:
    from flows.authoring.migrate import Foreseen, Target, Went
    from flows.catalogue import FlowDefinition, LoadedFlow
    from flows.models import FlowVersion

T = TypeVar("T")
MOST_SHOWN = 50
FILE = "file"
VERSION = "VERSION"


@click.command()
@click.argument("name")
@click.argument("before", metavar="A")
@click.argument("after", metavar="B")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="How to say it.")
def diff(name: str, before: str, after: str, form: str) -> None:
    """What is another in two versions of a flow, and what it means for running ones; exit code 1 when anything is.

    A and B are numbers of published versions (2 or v2), `file` for what the file says today, or paths of flow files.
    """
    from flows.authoring.diff import FORMATS, difference

    with _product_if(any(_number(one) is not None for one in (before, after))):
        (old, called), (new, now_called) = _text(name, before), _text(name, after)
    changes = difference(old, new)
    click.echo(FORMATS[form](name, (called, now_called), changes))
    sys.exit(int(bool(changes)))


@click.command()
@click.argument("name")
@click.option("--to", metavar=VERSION, help="Number of a published version, or `file`, which is published then.")
@click.option("--ref", metavar="TI-2041", default="", help="One alone, by its reference.")
@click.option("--plan", is_flag=True, help="Say what would become of each; nothing is written.")
@click.option("--apply", is_flag=True, help="Move those that are green.")
@click.option("--yellow", is_flag=True, help="With --apply: also those of which something is lost or asked anew.")
@click.option("--undo", metavar="RUN", help="Take back what --apply of this name has moved.")
def migrate(name: str, to: str | None, ref: str, plan: bool, apply: bool, yellow: bool, undo: str | None) -> None:
    """Move the running instances of a flow to another version; nobody is notified.

    Green: nothing is lost and nobody has anything new to do. Yellow: it says what. Red: it cannot be moved as it is.
    Stopped in between, it can be run again: each one is moved whole, or not at all.
    """
    if plan and apply:
        raise click.UsageError("Say --plan or --apply, not both: the plan first, then the move")
    if undo is not None and not (plan or apply) and to is None:
        with product():
            _check_ref(name, ref)
            _undo(undo, ref)
        return
    if not (plan or apply) or to is None or undo is not None:
        raise click.UsageError("Say --to VERSION with --plan or --apply, or --undo RUN alone")
    with product():
        _check_ref(name, ref)
        if plan:
            _plan(name, to, ref)
        else:
            _apply(name, to, ref, yellow)


# --- what is meant -----------------------------------------------------------------------------------------------


def _text(name: str, meant: str) -> tuple[FlowDefinition, str]:
    """A version of a flow and how it is called."""
    from flows.actions import versions

    if (number := _number(meant)) is not None:
        return versions.of_version(_version(name, number)), f"version {number}"
    if meant == FILE:
        return _loaded(name).definition, FILE
    return _read(name, Path(meant)), meant


def _read(name: str, path: Path) -> FlowDefinition:
    from flows.catalogue.problems import called
    from flows.catalogue.reader import read_flow

    try:
        raw = path.read_bytes() if path.is_file() else None
    except OSError as wrong:
        raise Trouble(f"{called(path)} cannot be read ({wrong.strerror})") from None
    if raw is None:
        raise Trouble(f"{called(path)} is no file; name a number, `{FILE}` or the path of a flow file")
    reading = read_flow(raw, str(path))
    if reading.definition is None:
        raise Trouble(f"{reading.problems[0].text()}\nFor all of it: baton flows lint {path}")
    if reading.definition.flow != name:
        raise Trouble(f"{path} is the flow {reading.definition.flow}, not {name}")
    return reading.definition


def _version(name: str, number: int) -> FlowVersion:
    from flows.queries import versions_in_use
    from flows.rules.actors import SYSTEM

    found = versions_in_use.numbered(SYSTEM, name, number)
    if found is None:
        numbers = ", ".join(str(version.number) for version, _ in versions_in_use.of_flow(SYSTEM, name)[:10])
        cure = f"there are {numbers}" if numbers else "nothing of it was published yet"
        raise Trouble(f"{name} has no version {number}; {cure}")
    return found


def _loaded(name: str) -> LoadedFlow:
    from flows import catalogue

    registry = catalogue.load(Settings.from_env().folders_of_flows)
    refuse_unknown(registry, [name])
    return registry.flows[name]


def _target(name: str, to: str) -> Target:
    """What is aimed at; a file is not published by looking at it."""
    from flows.authoring.migrate import Target

    return Target.of_file(_loaded(name)) if to == FILE else Target.of_version(_version(name, int_of(to)))


# --- plan, apply, undo -------------------------------------------------------------------------------------------


def _plan(name: str, to: str, ref: str) -> None:
    from flows.authoring import migrate
    from flows.clock import clock
    from flows.rules.actors import SYSTEM

    target = _target(name, to)
    many = migrate.count(SYSTEM, name, target.content_hash, clock.now(), ref)
    seen = [*_watched(migrate.foresee(SYSTEM, target, clock.now(), ref=ref), "Planning", many)]
    click.echo(_table(name, target, seen))


def _table(name: str, target: Target, seen: list[Foreseen]) -> str:
    from flows.authoring import migrate

    plans = [one.plan for one in seen]
    if not plans:
        return f"{name} → {target.called}: nothing that runs is on another version."
    counts = migrate.verdicts(plans)
    lines = [f"{name} → {target.called}: " + ", ".join(f"{many:,} {verdict}" for verdict, many in counts.items())]
    lines += ["", *(f"  {verdict:6}  {many:>6,}  {text}" for verdict, text, many in migrate.reasons(plans))]
    worst = [one for verdict in ("red", "yellow") for one in seen if one.plan.verdict == verdict]
    if worst:
        lines += [""]
    for one in worst[:MOST_SHOWN]:
        lines.append(f"  {one.plan.verdict:6}  {one.reference}  v{one.number}  {one.customer}: {one.plan.in_words}")
    if len(worst) > MOST_SHOWN:
        lines.append(f"  ... and {len(worst) - MOST_SHOWN:,} more")
    return "\n".join(line.rstrip() for line in lines)


def _apply(name: str, to: str, ref: str, yellow: bool) -> None:
    from flows.actions.migrating import new_run
    from flows.authoring import migrate
    from flows.clock import clock
    from flows.rules.actors import SYSTEM

    _target(name, to)  # one that cannot be read is said once, not of every instance
    version_id = migrate.published(SYSTEM, _loaded(name)) if to == FILE else _version(name, int_of(to)).id
    version = _numbered(version_id)
    ids = migrate.to_move(SYSTEM, name, version.content_hash, clock.now(), ref)
    run = new_run()
    moving = migrate.apply(SYSTEM, version_id, ids, run, yellow=yellow)
    moved, refused = _done(_watched(moving, "Moving", len(ids)))
    click.echo(f"{moved:,} of {len(ids):,} moved to version {version.number} of {name}.")
    _name(refused)
    if many := sum(one.verdict == "yellow" for one in refused):
        click.echo(f"With --yellow the {many:,} that are yellow move too.")
    if moved:
        click.echo(f"To take them back: baton flows migrate {name} --undo {run}")


def _undo(run: str, ref: str) -> None:
    from flows.authoring import migrate
    from flows.rules.actors import SYSTEM

    ids = migrate.of_run(SYSTEM, run, ref)
    if not ids:
        raise Trouble(f"Nothing that moved with {run} is left to take back")
    taken, refused = _done(_watched(migrate.undo(SYSTEM, run, ids), "Taking back", len(ids)))
    click.echo(f"{taken:,} of {len(ids):,} taken back; each is as it was before.")
    _name(refused)
    sys.exit(int(bool(refused)))


def int_of(to: str) -> int:
    number = _number(to)
    if number is None:
        raise Trouble(f"--to is the number of a version or `{FILE}`, not {to}")
    return number


def _number(meant: str) -> int | None:
    """The number of a version, as `2` or as pages write it, `v2`; None for anything else."""
    digits = meant.removeprefix("v")
    return int(digits) if digits.isascii() and digits.isdigit() else None


def _check_ref(name: str, ref: str) -> None:
    """That there is such a request of the flow: else an empty answer would look as if all were well."""
    from flows.access import instance_to_read
    from flows.rules.actors import SYSTEM
    from flows.rules.errors import Refused
    from flows.work import end_reading

    if not ref:
        return
    try:
        flow = instance_to_read(SYSTEM, ref).flow
    except Refused:
        raise Trouble(f"There is no request {ref}; a reference looks like TI-2041") from None
    finally:
        end_reading()
    if flow != name:
        raise Trouble(f"{ref} is of the flow {flow}, not of {name}")


def _numbered(version_id: int) -> FlowVersion:
    from flows.access import read_as
    from flows.models import FlowVersion
    from flows.rules.actors import SYSTEM

    return read_as(SYSTEM).get_one(FlowVersion, version_id)


def _done(went: Iterable[Went]) -> tuple[int, list[Went]]:
    """How many were done, and those that were not; Ctrl-C ends it after the one that is under way."""
    done, refused = 0, []
    try:
        for one in went:
            done += not one.why_not
            refused += [one] if one.why_not else []
    except KeyboardInterrupt:
        click.echo("Stopped. What was done is done; run it again for the rest.", err=True)
    return done, refused


def _name(refused: list[Went]) -> None:
    for one in refused[:MOST_SHOWN]:
        click.echo(f"  {one.why_not}")
    if len(refused) > MOST_SHOWN:
        click.echo(f"  ... and {len(refused) - MOST_SHOWN:,} more")


# --- around ------------------------------------------------------------------------------------------------------


@contextmanager
def product() -> Iterator[None]:
    """The product with its database, or in words why that does not answer, or does not do it."""
    from sqlalchemy.exc import OperationalError

    from flows.rules.errors import BatonError
    from wsgi import create_app

    known = Settings.from_env()
    _refuse_nowhere(known)
    with create_app(known, ("messaging",)).app_context():
        try:
            yield
        except OperationalError as fault:
            raise Trouble(f"The database does not answer ({fault.orig}); for the cure: baton doctor") from None
        except BatonError as refusal:
            raise Trouble(refusal.detail) from None


def _refuse_nowhere(known: Settings) -> None:
    """Opening a product that is not there would make one: a key and an empty database, in a folder named by mistake."""
    if not known.database_url and not (known.folder / "baton.db").exists():
        cure = "set BATON_DATA (or DATABASE_URL) to what it is for the product that runs"
        raise Trouble(f"There is no database in {known.folder}; {cure}")


@contextmanager
def _product_if(needed: bool) -> Iterator[None]:
    """Files are compared without a database."""
    if needed:
        with product():
            yield
    else:
        yield


def _watched(things: Iterable[T], words: str, total: int) -> Iterator[T]:
    """With a progress bar for people; a terminal that is none is told nothing."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(words, total=total)
        for one in things:
            progress.update(task, advance=1)
            yield one

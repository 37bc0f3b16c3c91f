"""`baton flows new`: a commented flow to begin with, as a folder or as a package, and what to do with it next."""

from __future__ import annotations

from pathlib import Path

import click

from flows.authoring import starter
from flows.authoring.starter import KINDS, Kind, Unsuitable
from flows.settings import Settings
from worker.trouble import Trouble


@click.command(name="new")
@click.argument("name")
@click.option(
    "--kind",
    type=click.Choice(KINDS),
    default="guided",
    show_default=True,
    help="A guided request of steps, an order that waits for details, or a case that is moved by hand.",
)
@click.option("--package", "as_package", is_flag=True, help="A Python package with an action of its own.")
@click.option(
    "--into",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(),
    help="The folder in which it gets its own; without it, here.",
)
def new(name: str, kind: Kind, as_package: bool, into: Path) -> None:
    """Write a new flow called NAME: a file to edit, its mails in two languages, and stories that hold."""
    try:
        starter.check_name(name, as_package=as_package)
    except Unsuitable as wrong:
        raise Trouble(str(wrong)) from None
    _refuse_served(name)
    home = into / name
    _write(home, starter.starter(name, kind, as_package=as_package))
    click.echo(f"\nNext:\n{_next_commands(home, as_package)}")
    place = home / (starter.module_of(name) if as_package else "") / "flow-1.schema.json"
    click.echo(f"\nSo that your editor completes and checks the keys:\n  baton flows schema > {place}")


def _refuse_served(name: str) -> None:
    from flows import catalogue

    registry = catalogue.load(Settings.from_env().folders_of_flows, only=name)
    if name in registry.flows:
        raise Trouble(f"A flow called {name} is served already, from {registry.flows[name].path}; choose another name")


def _write(home: Path, texts: dict[Path, str]) -> None:
    """What is there already is never written over."""
    if home.exists():
        raise Trouble(f"{home} is there already; choose another name, or another folder with --into")
    try:
        for path, text in texts.items():
            (home / path).parent.mkdir(parents=True, exist_ok=True)
            (home / path).write_text(text, encoding="utf-8")
            click.echo(f"  {home / path}")
    except OSError as wrong:
        raise Trouble(f"{wrong.filename} cannot be written ({wrong.strerror}); choose another with --into") from wrong


def _next_commands(home: Path, as_package: bool) -> str:
    if as_package:
        commands = (f"python -m pip install -e '{home}[test]'", "baton flows lint --strict", f"pytest --flows {home}")
    else:
        commands = (f"baton flows lint --strict {home}", f"baton flows simulate {home}", f"baton flows test {home}")
    return "\n".join(f"  {command}" for command in commands)

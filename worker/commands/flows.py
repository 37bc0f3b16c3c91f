"""Commands about flows: which are loaded, whether their files are right, how they look, and what the language is."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import IO, Any

import click

from flows.settings import Settings
from worker.commands.flow_changes import diff, migrate
from worker.commands.flow_i18n import i18n
from worker.commands.flow_new import new
from worker.commands.flow_past import record, why
from worker.commands.flow_places import flows_named, the_flow
from worker.commands.flow_preview import preview
from worker.commands.flow_publish import publish
from worker.trouble import Trouble, writing


def _zone(_context: click.Context, _option: click.Parameter, given: str) -> str:
    from flows.rules.timing import zone_named

    try:
        return zone_named(given).key
    except ValueError as wrong:
        raise click.BadParameter(str(wrong)) from None


def _mails_of_product() -> set[str]:
    """What the product sends by itself; a plugin may bring its own words for it."""
    from importlib.util import find_spec

    from flows.catalogue.loader import plugin_of_folder

    found = find_spec("messaging")  # looked up and not imported: the whole web comes with it
    places = found.submodule_search_locations if found is not None else None
    return {kind for place in places or () for kind, _ in plugin_of_folder(Path(place)).mails}


@click.group()
def flows() -> None:
    """List, check and draw flows, print their language."""


@flows.command(name="list")
def list_all() -> None:
    """Every flow that is loaded, and every one that is not with the reason."""
    from flows import catalogue
    from flows.authoring.checks import list_flows

    click.echo(list_flows(catalogue.load(Settings.from_env().folders_of_flows)))


@flows.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--format", "form", type=click.Choice(["text", "json", "github", "sarif"]), default="text", help="How to say it."
)
@click.option("--strict", is_flag=True, help="Count warnings as well.")
@click.option("--explain", metavar="CODE", help="Say what a code such as F102 means, with an example of it mended.")
def lint(paths: tuple[Path, ...], form: str, strict: bool, explain: str | None) -> None:
    """Check flows and what lies beside them: files, folders, or everything that is loaded.

    Exit code 1 when something must be mended, 2 when something cannot be looked at.
    """
    from flows import catalogue
    from flows.authoring import checks, explaining
    from flows.catalogue.problems import called

    if explain is not None:
        words = explaining.explain(explain)
        if words is None:
            raise Trouble(f"No code is called {called(explain)}; {explaining.codes_like(explain)}")
        click.echo(words)
        return
    registry = catalogue.load(Settings.from_env().folders_of_flows)
    text, code = checks.lint_paths(paths, form, strict=strict, registry=registry, sent=_mails_of_product())
    click.echo(text)
    sys.exit(code)


@flows.command()
@click.argument("name", metavar="FLOW|FILE|FOLDER")
@click.option("--format", "form", type=click.Choice(["svg", "mermaid", "text"]), default="text", help="How to draw it.")
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="The file; without it, here.")
def diagram(name: str, form: str, output: Path | None) -> None:
    """Draw a flow: swimlanes of its steps, or columns of its states."""
    from flows.authoring.diagram import FORMATS

    registry, name = the_flow(name)
    drawn = FORMATS[form](registry.flows[name].definition)
    if output is None:
        click.echo(drawn)
        return
    with writing(output):
        output.write_text(drawn + "\n", encoding="utf-8")
    click.echo(f"Drawn in {output}")


@flows.command()
@click.argument("name", metavar="FLOW|FILE|FOLDER")
@click.option("--at", "at", metavar="WHEN", help="When it begins, e.g. 2026-03-26T10:00; without it, now.")
@click.option(
    "--tz", "zone", metavar="ZONE", default="Europe/London", show_default=True, callback=_zone,
    help="The customer's zone.",
)  # fmt: skip
@click.option("--do", "doing", multiple=True, metavar="DEED", help="E.g. '+4d 12:00 submit details'; may be repeated.")
@click.option("--with", "given", type=click.File("rb"), help="JSON or YAML with payload, inputs, fields or amounts.")
@click.option("--start", "way", type=click.Choice(["event", "customer", "staff", "onboarding"]), help="How it begins.")
@click.option("--days", type=click.IntRange(0, 4000), help="How many days; without it, until nothing is planned.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="How to say it.")
def simulate(
    name: str,
    at: str | None,
    zone: str,
    doing: tuple[str, ...],
    given: IO[bytes] | None,
    way: Any,
    days: int | None,
    form: str,
) -> None:
    """Say what a flow will do by itself: mails, reminders, its end; exit code 1 when a deed was refused."""
    from flows.authoring.play import simulate as play
    from flows.authoring.play.deeds import NotUnderstood
    from flows.rules.errors import BatonError

    registry, name = the_flow(name)
    try:
        opening = play.opening_of(given.read() if given else b"", given.name if given else "", way)
        played = play.simulate(registry, name, play.moment_named(at, zone), zone, doing, opening, days)
    except (NotUnderstood, BatonError) as wrong:
        raise Trouble(str(wrong)) from None
    click.echo(json.dumps(played.plain(), indent=2) if form == "json" else play.text_of(played))
    sys.exit(int(any(line.refused for line in played.lines)))


@flows.command()
@click.argument("names", nargs=-1, metavar="[FLOW|FILE|FOLDER]...")
@click.option("--show", is_flag=True, help="Show what happened in every case, not only in those that failed.")
def test(names: tuple[str, ...], show: bool) -> None:
    """Play the scenario files of flows, or these files; exit code 1 when something came out otherwise."""
    from flows.authoring.play import telling

    registry, meant = flows_named(names)
    text, code = telling.report(registry, meant, show=show)
    click.echo(text)
    sys.exit(code)


@flows.command()
@click.argument("name", metavar="FLOW|FILE|FOLDER")
@click.option("--steps", default=2_000, show_default=True, type=click.IntRange(1, 1_000_000), help="How many steps.")
@click.option("--seed", default=1, show_default=True, help="The same seed does the same.")
@click.option("--jobs", default=2, show_default=True, type=click.IntRange(1, 64), help="How many processes.")
def fuzz(name: str, steps: int, seed: int, jobs: int) -> None:
    """Let random people do random things to a flow, and say what breaks; exit code 1 when something did."""
    from flows.authoring.play import fuzz as play

    registry, name = the_flow(name)
    report = play.fuzz(registry, name, steps, seed, jobs)
    click.echo(play.text_of(report))
    sys.exit(int(bool(report.faults)))


@flows.command()
def schema() -> None:
    """The JSON schema of a flow file, for editors."""
    from flows.authoring.reference import json_schema

    click.echo(json.dumps(json_schema(), indent=2))


@flows.command()
@click.option(
    "--of", "what", type=click.Choice(["language", "plugin", "commands"]), default="language", help="Of what."
)
def reference(what: str) -> None:
    """Every key of a flow file, what a plugin may import, or every command, as Markdown."""
    from flows.authoring.plugin_reference import plugin_reference
    from flows.authoring.reference import reference
    from worker.__main__ import cli
    from worker.commands_reference import commands_reference

    pages = {"language": reference, "plugin": plugin_reference, "commands": lambda: commands_reference(cli)}
    click.echo(pages[what](), nl=False)


for command in (new, preview, diff, migrate, why, record, publish, i18n):
    flows.add_command(command)

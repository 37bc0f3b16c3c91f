"""Commands for the languages of flows: out to translators, back again, and how far each one is."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from worker.commands.flow_places import flows_named, refuse_unknown, the_flow
from worker.trouble import Trouble, writing


@click.group()
def i18n() -> None:
    """Send the words of flows to translators, take them back, and see what is missing."""


@i18n.command(name="export")
@click.argument("name")
@click.option("--to", "language", required=True, metavar="LANGUAGE", help="Such as cy.")
@click.option("-o", "--out", type=click.Path(path_type=Path, dir_okay=False), help="The file; without it, here.")
def export_words(name: str, language: str, out: Path | None) -> None:
    """Write a PO file with every text of a flow, and what is translated already."""
    from flows.authoring.translating import exported

    registry, flow = the_flow(name)
    text = exported(registry, registry.flows[flow].definition, language)
    if out is None:
        click.echo(text)
        return
    with writing(out):
        out.write_text(text, encoding="utf-8")
    click.echo(f"Written to {out}")


@i18n.command(name="import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--flow",
    "name",
    metavar="FLOW|FILE|FOLDER",
    help="The flow; without it, the one that the file names in its first line.",
)
@click.option("--to", "language", default="", metavar="LANGUAGE", help="The language, where the file does not say it.")
def import_words(file: Path, name: str | None, language: str) -> None:
    """Write the locale file of a flow from a PO file; with anything wrong in it, nothing is written."""
    from flows.authoring.translating import NotTaken, imported

    raw = file.read_bytes()
    first = raw.decode("utf-8", "replace").partition("\n")[0].removeprefix("#").partition(":")[0].strip()
    registry, flow = the_flow(name or first)
    try:
        place, text, count = imported(registry, registry.flows[flow], raw, language)
    except NotTaken as wrong:
        raise Trouble(f"{file} is not taken:\n{wrong}") from None
    with writing(place, "import as somebody who may write there, or into the sources of the flow"):
        place.parent.mkdir(parents=True, exist_ok=True)
        begun = place.with_suffix(".new")
        begun.write_text(text, encoding="utf-8")
        begun.replace(place)
    click.echo(f"{count} texts in {place}")


@i18n.command()
@click.argument("names", nargs=-1, metavar="[FLOW]...")
@click.option("--strict", is_flag=True, help="Exit code 1 when anything is missing, out of date or said of nothing.")
def status(names: tuple[str, ...], strict: bool) -> None:
    """Say for every flow and language what is done, missing, stale and orphaned."""
    from flows.catalogue.coverage import coverage

    registry, flows = flows_named(names)
    refuse_unknown(registry, flows)
    complete = True
    for loaded in (registry.flows[name] for name in flows or sorted(registry.flows)):
        found = coverage(registry, loaded.definition)
        for one in found:
            complete &= one.is_complete
            counts = (
                f"{len(one.missing) + len(one.mails)} missing, {len(one.stale)} stale, {len(one.orphaned)} orphaned"
            )
            click.echo(f"{loaded.definition.flow:30} {one.language:6} {one.percent:3} %  {one.done} done, {counts}")
        if not found:
            click.echo(f"{loaded.definition.flow:30} in its own language only")
    sys.exit(int(strict and not complete))

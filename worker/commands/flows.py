"""Commands about flows: which are loaded, whether their files are right, how they look, and what the language is."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from flows.settings import Settings
from worker.trouble import Trouble


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
@click.option("--explain", metavar="CODE", help="Say what a code such as F102 means.")
def lint(paths: tuple[Path, ...], form: str, strict: bool, explain: str | None) -> None:
    """Check flow files or folders, or everything installed; exit code 1 when something must be mended."""
    from flows.authoring import checks

    if explain:
        click.echo(checks.explain(explain) or f"No code is called {explain}")
        return
    text, code = checks.lint_paths(paths, form, strict=strict)
    click.echo(text)
    sys.exit(code)


@flows.command()
@click.argument("name")
@click.option("--format", "form", type=click.Choice(["svg", "mermaid", "text"]), default="text", help="How to draw it.")
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="The file; without it, here.")
def diagram(name: str, form: str, output: Path | None) -> None:
    """Draw a flow: swimlanes of its steps, or columns of its states."""
    from flows import catalogue
    from flows.authoring.diagram import FORMATS
    from flows.catalogue.problems import cure_among

    loaded = catalogue.load(Settings.from_env().folders_of_flows).flows
    if name not in loaded:
        cure = cure_among(name, loaded, "there are")
        raise Trouble(f"No flow is called {name}" + (f"; {cure}" if cure else ""))
    drawn = FORMATS[form](loaded[name].definition)
    if output is None:
        click.echo(drawn)
        return
    try:
        output.write_text(drawn + "\n", encoding="utf-8")
    except OSError as wrong:
        raise Trouble(f"{output} cannot be written ({wrong.strerror}); choose another file") from wrong
    click.echo(f"Drawn in {output}")


@flows.command()
def schema() -> None:
    """The JSON schema of a flow file, for editors."""
    from flows.authoring.reference import json_schema

    click.echo(json.dumps(json_schema(), indent=2))


@flows.command()
def reference() -> None:
    """Every key of a flow file and what it means, as Markdown."""
    from flows.authoring.reference import reference

    click.echo(reference(), nl=False)

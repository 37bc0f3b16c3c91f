"""The command line: `baton`, or `python -m worker`. Each command is imported only when it is asked for."""

from __future__ import annotations

import atexit
import gc
import sys
from importlib import import_module

import click

from flows.settings import SettingsError

COMMANDS = {
    "up": ("running", "Start everything: Valkey, web, live, worker and ticker."),
    "web": ("running", "Serve the portal, the back office and the JSON API."),
    "live": ("running", "Serve the sockets that make pages live."),
    "worker": ("running", "Carry out what RQ brings; with --tick also find what is due."),
    "tick": ("running", "Find what is due every second and hand it to the workers."),
    "db": ("database", "Upgrade, downgrade and check the database."),
    "flows": ("flows", "List and check flows, print their language."),
    "user": ("people", "Invite people."),
    "agreements": ("agreements", "Bring in tenancy agreements of a housing system."),
    "demo": ("demo", "The demo's data and its movable clock."),
    "doctor": ("doctor", "Say what is wrong with this installation, and the cure."),
}

SELDOM = 50_000
"""So many new objects before garbage is looked for: importing makes many and drops none, so looking is in vain."""

HIDDEN = {"family": "running"}
"""For `baton up` alone."""


class Baton(click.Group):
    """Knows the names and first lines of all commands, so that `--help` imports none of them."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        return [*COMMANDS]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        room = COMMANDS[cmd_name][0] if cmd_name in COMMANDS else HIDDEN.get(cmd_name)
        if room is None:
            return super().get_command(ctx, cmd_name)
        command: click.Command = getattr(import_module(f"worker.commands.{room}"), cmd_name)
        return command

    def format_commands(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


@click.group(cls=Baton, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="baton", prog_name="baton")
def cli() -> None:
    """Baton, a customer task platform. Settings come from the environment; `baton doctor` lists them."""


def main() -> None:
    """The console script `baton`: a setting that makes no sense is one line and exit code 2."""
    gc.set_threshold(SELDOM)
    atexit.register(gc.freeze)  # else the interpreter looks through everything once more before it lets it go
    try:
        cli(prog_name="baton")
    except SettingsError as fault:
        click.echo(f"Error: {fault}", err=True)
        sys.exit(2)


if __name__ == "__main__":
    main()

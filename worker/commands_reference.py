"""The reference of the command line, read off the commands themselves."""

from __future__ import annotations

from collections.abc import Iterator

import click

OPENING = """# Every command

Written by `baton flows reference --of commands`; a law keeps it current. Settings come from the environment and stand
in the [README](../README.md#settings). Exit code 0: it went well; 1: something was found, such as a mistake in a flow;
2: it could not be done, and one line says why.
"""


def commands_reference(group: click.Group) -> str:
    """The whole page, as Markdown."""
    return "\n".join([OPENING, *(_section(path, command) for path, command in every_command(group, ("baton",)))])


def every_command(group: click.Group, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command that people are told of, with its words."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from every_command(command, (*path, name))
        elif not command.hidden:
            yield (*path, name), command


def _section(path: tuple[str, ...], command: click.Command) -> str:
    words = " ".join(path)
    context = click.Context(command, info_name=words)
    usage = " ".join([words, *command.collect_usage_pieces(context)])
    options = [one.get_help_record(context) for one in command.params if isinstance(one, click.Option)]
    rows = [f"| `{_cell(record[0])}` | {_cell(record[1])} |" for record in options if record is not None]
    table = ["| option | meaning |", "|---|---|", *rows, ""] if rows else []
    return "\n".join([f"## {words}\n", f"`{usage}`\n", f"{' '.join((command.help or '').split())}\n", *table])


def _cell(text: str) -> str:
    """A bar would begin another column."""
    return text.replace("|", "\\|")

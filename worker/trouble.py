"""The one way in which a command says that it cannot do what was asked."""

from __future__ import annotations

import click


class Trouble(click.ClickException):
    """One line that names what is wrong and its cure, and exit code 2."""

    exit_code = 2

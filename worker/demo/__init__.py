"""The demo: two believable worlds in an empty database, a flow of its own, and a provider that sets products up.

Imports nothing by itself, because the provider is a process of its own that stays small.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask


def seed(app: Flask) -> bool:
    """Write the demo's worlds; False when there are people already. Raises Trouble outside demo mode."""
    from worker.demo.seeding import seed as write_worlds

    return write_worlds(app)

"""The demo: two believable worlds in an empty database, a flow of its own, and stand-ins for two outside systems.

Imports nothing by itself, because the provider and the checkout are processes of their own that stay small.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask


def seed(app: Flask) -> bool:
    """Write the demo's worlds; False when there are people already. Raises Trouble outside demo mode."""
    from worker.demo.seeding import seed as write_worlds

    return write_worlds(app)

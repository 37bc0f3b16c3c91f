"""Who acts: a customer, a staff member or the system itself; a plain value that every verb can read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

PERMISSIONS = (
    "view",
    "create",
    "review",
    "assign",
    "message",
    "cancel",
    "orders",
    "flows",
    "users",
    "audit",
    "health",
)
"""What a role may grant; `view` is the least that opens the back office (SCREENS.md A11)."""


@dataclass(frozen=True)
class Actor:
    """The doer of one piece of work. `session_id` is the sign-in it came through, None for jobs and tests."""

    kind: Literal["customer", "staff", "system"]
    user_id: int | None = None
    name: str = ""
    email: str = ""
    permissions: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()
    departments: frozenset[int] = frozenset()
    manages: frozenset[int] = frozenset()
    language: str = "en"
    time_zone: str = "UTC"
    session_id: int | None = None

    @property
    def is_staff(self) -> bool:
        return self.kind == "staff"

    @property
    def is_system(self) -> bool:
        return self.kind == "system"

    def may(self, permission: str) -> bool:
        """True when a role of this staff member grants it; the system may everything, a customer nothing."""
        if permission not in PERMISSIONS:
            raise ValueError(f"no permission is called {permission!r}")
        return self.is_system or (self.is_staff and permission in self.permissions)


SYSTEM = Actor("system", name="Baton")

"""What every event is."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import Any, ClassVar


@dataclass(frozen=True)
class Event:
    """Something that happened to an instance or an order. Its fields are what the timeline keeps about it."""

    staff_only: ClassVar[bool] = False

    @classmethod
    def kind(cls) -> str:
        """`StepSubmitted` is `step_submitted` in the timeline and in the API."""
        return re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()

    def facts(self) -> dict[str, Any]:
        return asdict(self)

"""What happened to the version that an instance runs on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from flows.events.base import Event


@dataclass(frozen=True)
class InstanceMigrated(Event):
    """It runs on another published text of its flow; `before` and `after` are version numbers, `reasons` what it meant.

    `run` names the migration that it was a part of; `renamed` the questions that have another name since, old to new.
    """

    staff_only: ClassVar[bool] = True
    before: int
    after: int
    verdict: str
    run: str
    reasons: list[str] = field(default_factory=list)
    renamed: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class MigrationUndone(Event):
    """It is back on the version that it came from, as it was; `renamed` are questions with other names, old to new."""

    staff_only: ClassVar[bool] = True
    before: int
    after: int
    run: str
    renamed: dict[str, str] = field(default_factory=dict)

"""Moving a running instance to another version of its flow: what has which name there, and what that means (X13)."""

from flows.rules.migrations.answers import Carried, carry
from flows.rules.migrations.clocks import Clocks
from flows.rules.migrations.judging import Case, judge
from flows.rules.migrations.names import Names, counterparts, renamed_moment
from flows.rules.migrations.plan import VERDICTS, Plan, Reason
from flows.rules.migrations.privacy import still_private

__all__ = [
    "VERDICTS", "Carried", "Case", "Clocks", "Names", "Plan", "Reason", "carry", "counterparts", "judge",
    "renamed_moment", "still_private",
]  # fmt: skip

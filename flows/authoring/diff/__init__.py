"""What is another in two versions of a flow, by what it means and not by its text (X12)."""

from flows.authoring.diff.changes import PARTS, Change
from flows.authoring.diff.compare import difference
from flows.authoring.diff.telling import FORMATS, as_text, grouped

__all__ = ["FORMATS", "PARTS", "Change", "as_text", "difference", "grouped"]

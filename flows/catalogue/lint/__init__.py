"""What the types alone cannot see: names that lead nowhere, steps that wait for each other, words that are missing."""

from __future__ import annotations

from flows.catalogue.lint.children import check_children
from flows.catalogue.lint.clocks import check_clocks
from flows.catalogue.lint.content import check_content
from flows.catalogue.lint.dead_ends import check_dead_ends
from flows.catalogue.lint.explanations import EXPLANATIONS
from flows.catalogue.lint.expressions import check_expressions
from flows.catalogue.lint.fields import check_fields
from flows.catalogue.lint.holes import check_holes
from flows.catalogue.lint.outside import check_outside
from flows.catalogue.lint.privacy import check_privacy
from flows.catalogue.lint.report import Report
from flows.catalogue.lint.scopes import SETTINGS
from flows.catalogue.lint.structure import check_structure
from flows.catalogue.problems import FlowProblem
from flows.catalogue.registry import Registry
from flows.catalogue.schema import FlowDefinition
from flows.catalogue.source import Source

__all__ = ["EXPLANATIONS", "SETTINGS", "lint"]


def lint(definition: FlowDefinition, registry: Registry, positions: Source | None = None) -> list[FlowProblem]:
    """Everything wrong with a typed flow, in file order; `positions` are those of its reading (X35)."""
    report = Report(positions or Source(definition.flow))
    check_structure(definition, report)
    check_fields(definition, report)
    check_clocks(definition, report)
    check_expressions(definition, registry, report)
    check_dead_ends(definition, report)
    check_holes(definition, report)
    check_outside(definition, registry, report)
    check_children(definition, registry, report)
    check_content(definition, report)
    check_privacy(definition, registry, report)
    return report.in_order()

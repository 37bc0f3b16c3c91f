"""What flows exist: the strict reader, the typed models of the language, lint, the loader and the registry."""

from flows.catalogue.current import current, follow, follows_files, use
from flows.catalogue.loader import load, parse_stored
from flows.catalogue.registry import LoadedFlow, MailTemplate, Registry
from flows.catalogue.schema import FlowDefinition

__all__ = [
    "FlowDefinition",
    "LoadedFlow",
    "MailTemplate",
    "Registry",
    "current",
    "follow",
    "follows_files",
    "load",
    "parse_stored",
    "use",
]

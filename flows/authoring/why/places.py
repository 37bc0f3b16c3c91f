"""Where the rules of a published flow stand in its file."""

from __future__ import annotations

from functools import lru_cache

from flows import catalogue
from flows.catalogue.source import Path, Source, read_source
from flows.models import FlowVersion


def place_of(version: FlowVersion, path: Path) -> str:
    """`coro/coro-order-fulfilment.flow.yaml:12`, in the text of that version; empty for what is not in the file."""
    source = _source(_text_of(version), _file_of(version))
    while path and path not in source.values and path not in source.keys:
        path = path[:-1]
    if not path:
        return ""
    return f"{source.file}:{source.key(path).line}"


def _text_of(version: FlowVersion) -> str:
    """The published text; of the version that is served it need not be read."""
    loaded = catalogue.current().flows.get(version.flow)
    return loaded.text if loaded is not None and loaded.content_hash == version.content_hash else version.text


def _file_of(version: FlowVersion) -> str:
    """How the file is called today where the flow is still loaded, else how files are called."""
    loaded = catalogue.current().flows.get(version.flow)
    return loaded.path if loaded is not None else f"{version.plugin}/{version.flow}.flow.yaml"


@lru_cache(maxsize=64)
def _source(text: str, file: str) -> Source:
    return read_source(text, file)[1]

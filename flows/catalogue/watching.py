"""Notices that files of flows were saved: what they looked like at a moment, and whether they look otherwise now."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from importlib.resources.abc import Traversable
from pathlib import Path
from threading import Lock
from time import monotonic

from flows.catalogue.registry import Registry
from flows.log import Log

log = Log(__name__)

LEAST_SECONDS = 1.0
"""So long at least between two looks at the files: a page of hundreds of conditions asks the catalogue often."""
READ = (".yaml", ".md", ".py")
MOST_FILES = 5_000

Stamp = tuple[tuple[str, int, int], ...]


def stamp_of(folders: Iterable[Traversable | Path]) -> Stamp:
    """Name, moment and size of every file of flows in these folders; two that are alike mean that nothing changed."""
    found = [one for folder in folders if isinstance(folder, Path) for one in _files(folder)]
    return tuple(sorted(found)[:MOST_FILES])


def _files(folder: Path) -> Iterator[tuple[str, int, int]]:
    for path in folder.rglob("*"):
        if path.suffix in READ:
            try:
                seen = path.stat()
            except OSError:
                continue  # gone between two lines
            yield str(path), seen.st_mtime_ns, seen.st_size


class Watch:
    """A registry that is read again when a file of it was saved: for development, where nobody wants to restart."""

    def __init__(self, read: Callable[[], Registry], folders: Iterable[Path] = ()) -> None:
        self._read, self._folders = read, [*folders]
        self.registry = read()
        self._stamp, self._looked_at, self._looking = self._look(), monotonic(), Lock()

    def fresh(self) -> Registry:
        """What is served: read again if the files changed since the last look. Only one thread looks at a time."""
        if monotonic() - self._looked_at >= LEAST_SECONDS and self._looking.acquire(blocking=False):
            try:
                self._reload()
            finally:
                self._looked_at = monotonic()
                self._looking.release()
        return self.registry

    def _reload(self) -> None:
        stamp = self._look()
        if stamp == self._stamp:
            return
        before, self.registry = self.registry, self._read()
        self._stamp = self._look()
        _say_what_changed(before, self.registry)

    def _look(self) -> Stamp:
        return stamp_of(dict.fromkeys([*self._folders, *(plugin.root for plugin in self.registry.plugins)]))


def _say_what_changed(before: Registry, after: Registry) -> None:
    for name, flow in after.flows.items():
        known = before.flows.get(name)
        if known is None or known.content_hash != flow.content_hash:
            log.info("flow_reloaded", flow=name, file=flow.path, version=flow.content_hash[:8])
    known_broken = {(one.file, one.problems) for one in before.broken}
    for one in after.broken:
        if (one.file, one.problems) not in known_broken:
            first = one.problems[0]
            log.warning("flow_not_loaded", file=one.file, place=first.place, problem=first.sentence())
    for name in before.flows.keys() - after.flows.keys():
        log.warning("flow_no_longer_served", flow=name)

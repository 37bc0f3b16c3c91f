"""The outside world of the demo in one small process: `python -m worker.demo.outside` runs its stand-ins."""

from __future__ import annotations

import threading
from http.server import ThreadingHTTPServer

from flows.settings import Settings
from worker.demo import checkout, provisioner


def stand_ins(settings: Settings) -> list[ThreadingHTTPServer]:
    """The servers that these settings ask for, listening."""
    found: list[ThreadingHTTPServer] = []
    if settings.has_own_provider:
        found.append(provisioner.Provider(settings))
    if settings.has_own_checkout:
        found.append(checkout.of_the_demo(settings))
    return found


def main() -> None:
    """Serve until ended."""
    threads = [threading.Thread(target=server.serve_forever) for server in stand_ins(Settings.from_env())]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main()

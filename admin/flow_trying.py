"""Trying a flow out from the back office: played in a process of its own, which is given no database and no secret.

A play has the clock, the settings and the flows of its process to itself, so none can run inside a web process.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from threading import BoundedSemaphore, Lock
from typing import Any

import structlog

from flows import catalogue, settings
from flows.catalogue.watching import stamp_of
from flows.rules.errors import BatonError, Busy, OutOfStep
from flows.words import gettext as _
from flows.work import end_reading

log = structlog.get_logger(__name__)

PATIENCE_SECONDS = 45
AT_ONCE = BoundedSemaphore(2)
"""So many plays at once in a web process: each takes a processor for a second or more."""
WAIT_SECONDS = 3
"""So long a request waits for its turn: the thread that waits is one that customers may need."""
TRY_AGAIN_SECONDS = 30
MOST_KEPT = 60
_kept: OrderedDict[str, Future[Mapping[str, Any]]] = OrderedDict()
_keeping = Lock()


def shown(flow: str, scene: str, stranger: Mapping[str, str]) -> Mapping[str, Any]:
    """A page of the flow, or its mails, as `worker.preview.once` answers.

    What was made is kept until a file of any plugin is saved, and what two ask for at once is made once.
    """
    folders = [str(folder.resolve()) for folder in settings.current().folders_of_flows]
    asked = json.dumps({"flow": flow, "scene": scene, "stranger": dict(stranger), "folders": folders})
    key = f"{hash(stamp_of(plugin.root for plugin in catalogue.current().plugins))} {asked}"
    with _keeping:
        kept = _kept.get(key)
        making = _kept[key] = kept or Future()
        _kept.move_to_end(key)
        while len(_kept) > MOST_KEPT:
            _kept.popitem(last=False)
    if kept is None:
        _make(making, key, asked)
    return making.result(PATIENCE_SECONDS + WAIT_SECONDS)


def _make(making: Future[Mapping[str, Any]], key: str, asked: str) -> None:
    try:
        code, said, wrong = _run(["worker.preview.once"], asked)
        if code:
            log.error("preview_failed", asked=asked, said=wrong[-2000:])
            raise OutOfStep(_("This page could not be made. The log of the web process says why"))
        making.set_result(_read(said))
    except (BatonError, ValueError, OSError) as fault:  # whoever waits for the same is told the same
        with _keeping:
            _kept.pop(key, None)
        making.set_exception(fault)


def simulated(flow: str, words: Sequence[str], given: str) -> tuple[Mapping[str, Any] | None, str]:
    """What `baton flows simulate` says of this flow; or nothing, and in a sentence what is wrong with the words."""
    with_given = ["--with", "-"] if given.strip() else []
    command = ["worker", "flows", "simulate", flow, "--format", "json", *words, *with_given]
    code, said, wrong = _run(command, given)
    if code == 0:
        return _read(said), ""
    if code == 2:  # what click says of its own options, and what Trouble says
        return None, wrong.rpartition("Error: ")[2].strip().replace("<stdin>", "start")
    log.error("simulation_failed", flow=flow, said=wrong[-2000:])
    return None, _("It could not be played. The log of the web process says why")


def _read(said: str) -> Mapping[str, Any]:
    """What was answered, without what a plugin may print when it is imported."""
    answer: Mapping[str, Any] = json.loads(said[said.find("\n{") + 1 :])
    return answer


def _run(words: Sequence[str], given: str) -> tuple[int, str, str]:
    end_reading()  # a play takes seconds, and nobody's transaction waits for it
    if not AT_ONCE.acquire(timeout=WAIT_SECONDS):
        raise Busy(_("Others are trying flows out at this moment. Try again in half a minute"), TRY_AGAIN_SECONDS)
    try:
        ran = subprocess.run(  # noqa: S603  # our own program, words without a shell
            [sys.executable, "-m", *words],
            input=given,
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
            env=_environment(),
        )
        return ran.returncode, ran.stdout, ran.stderr
    except subprocess.TimeoutExpired:
        stopped = _("It was stopped after %(seconds)s seconds; make it shorter", seconds=PATIENCE_SECONDS)
        return 2, "", f"Error: {stopped}"
    finally:
        AT_ONCE.release()


def _environment() -> dict[str, str]:
    """Where Python and the flows are, and nothing that leads to a database, a mail server or a key."""
    product = settings.current()
    folders = os.pathsep.join(str(folder.resolve()) for folder in product.folders_of_flows)
    return {
        "PATH": os.environ.get("PATH", ""),
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        "PYTHONUTF8": "1",
        "BATON_MODE": "test",
        "BATON_FLOW_FOLDERS": folders,
        "BATON_BRAND": product.brand,
        "BATON_SUPPORT_EMAIL": product.support_email,
    }

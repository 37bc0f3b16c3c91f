"""Looks at every file that was sent before anybody may open it: its whole content, its picture, its virus (X19)."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO

from sqlalchemy import select

from flows import settings, store
from flows.access import read_as
from flows.actions.attaching import Verdict
from flows.models import Upload, User
from flows.plugin import PassingFault, PermanentFault
from flows.rules import uploads
from flows.rules.actors import SYSTEM
from flows.words import N_, USUAL, spoken
from flows.words import gettext as _
from flows.work import end_reading
from messaging import scanner

OPENER = Path(__file__).with_name("opening.py")
PATIENCE_SECONDS = 10.0
LARGEST_PREVIEW = 8 * uploads.MB
OVERLAP = 64
"""Bytes that are looked at twice, so that no word hides where two pieces meet."""
WRONG = {
    "damaged": N_("%(name)s is cut off or damaged. Choose it again, or save it anew first"),
    "pixels": N_("%(name)s has more pixels than we can show. Save it smaller, and choose it again"),
    "memory": N_("%(name)s cannot be opened safely. Save it smaller or as a PDF, and choose it again"),
    "bomb": N_("%(name)s unpacks to more than anybody would write. Save it anew with less in it"),
    "crash": N_("%(name)s cannot be opened safely. Save it anew or as a PDF, and choose it again"),
}
CRASHES = frozenset({signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGILL, signal.SIGFPE, signal.SIGXCPU})
"""Ends of an opener that its file has brought about. SIGKILL is not one: a machine short of memory kills anybody."""


def check(uid: str) -> Verdict | None:
    """The verdict on one upload; None when it is gone. Raises PassingFault while it cannot be judged."""
    whose = select(Upload, User.language).outerjoin(User, User.id == Upload.uploaded_by_id).where(Upload.uid == uid)
    upload, reader = read_as(SYSTEM).execute(whose).one_or_none() or (None, None)
    end_reading()  # the look takes its time; no connection to the database waits with it
    if upload is None or upload.state != "checking":
        return None
    if store.size_of(upload.sha256) != upload.size:
        raise PermanentFault(f"The bytes of {uid} are not in the store; restore BATON_DATA/files, then retry")
    with spoken(reader or USUAL):  # whoever sent it reads what is wrong with it
        return _judge(upload)


def _judge(upload: Upload) -> Verdict:
    refusal = _content(upload) or _virus(upload)
    if refusal:
        return Verdict(refusal)
    match upload.kind:
        case "image":
            return _picture(upload)
        case "office":
            return _archive(upload)
    return Verdict()


def _content(upload: Upload) -> str:
    """What the bytes themselves say, from the first to the last."""
    with store.open_content(upload.sha256) as content:
        match upload.kind:
            case "image" if _has_code(content):
                return _("%(name)s is a picture with a script inside. Choose another file", name=upload.name)
            case "text" if not all(uploads.is_text(piece) for piece in store.chunks(content)):
                return _("%(name)s is not only text. Choose another file", name=upload.name)
        tail = _tail(content, upload.size)
    if upload.kind in ("image", "pdf") and uploads.has_archive(tail):
        return _("%(name)s has an archive hidden at its end. Choose another file", name=upload.name)
    if upload.kind == "pdf" and not uploads.has_end(tail):
        return _(WRONG["damaged"], name=upload.name)
    return ""


def _has_code(content: BinaryIO) -> bool:
    before = b""
    for piece in store.chunks(content):
        if uploads.has_code(before + piece):
            return True
        before = piece[-OVERLAP:]
    return False


def _tail(content: BinaryIO, size: int) -> bytes:
    content.seek(max(size - uploads.TAIL_BYTES, 0))
    return content.read()


def _virus(upload: Upload) -> str:
    address = settings.current().clamd
    if not address:
        return ""
    with store.open_content(upload.sha256) as content:
        found = scanner.found_in(content, address)
    if not found:
        return ""
    said = N_("%(name)s has a virus inside (%(virus)s). Do not open it; choose another file")
    return _(said, name=upload.name, virus=found)


def _picture(upload: Upload) -> Verdict:
    """A picture that decodes is shown small and without what the camera wrote beside it."""
    with TemporaryDirectory(prefix="baton-") as folder:
        preview = Path(folder) / "preview.jpg"
        found = _open("picture", str(store.path_of(upload.sha256)), upload.mime, str(preview))
        if "wrong" in found:
            return Verdict(_(WRONG[found["wrong"]], name=upload.name))
        with preview.open("rb") as content:
            return Verdict(preview_sha256=store.write(store.chunks(content), LARGEST_PREVIEW).sha256)


def _archive(upload: Upload) -> Verdict:
    found = _open("archive", str(store.path_of(upload.sha256)))
    if "wrong" in found:
        return Verdict(_(WRONG[found["wrong"]], name=upload.name))
    parts = [uploads.Part(*part) for part in found["parts"]]
    return Verdict(uploads.refusal_of_parts(upload.name, uploads.OF_MIME[upload.mime], parts, found["declared"]))


def _open(*words: str) -> Mapping[str, Any]:
    """What the opener says about a file. A crash of it is the file's fault; anything else is ours, and passes."""
    command = [sys.executable, "-I", str(OPENER), *words]
    try:
        ran = subprocess.run(command, capture_output=True, timeout=PATIENCE_SECONDS, check=False)  # noqa: S603  # our own program, words without a shell
    except subprocess.TimeoutExpired:
        return {"wrong": "crash"}
    except OSError as fault:
        raise PassingFault(f"No process for looking at files: {fault}") from fault
    if -ran.returncode in CRASHES:
        return {"wrong": "crash"}
    try:
        found: Mapping[str, Any] = json.loads(ran.stdout)
    except ValueError:
        said = ran.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
        raise PassingFault(f"The look at a file ended with {ran.returncode}: {said[:300]}") from None
    return found

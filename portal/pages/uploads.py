"""Files on their way in, for uploads.js, and on their way out, for everybody who may open them (P6, X19)."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import PurePath
from typing import Any

from flask import Blueprint, g, jsonify, request
from werkzeug.wrappers import Response

from flows import access
from flows.actions import attaching, receiving
from flows.queries.files import shown
from flows.rules.errors import Invalid, Refused
from flows.rules.uploads import SAID
from flows.words import gettext as _
from flows.work import unit_of_work
from messaging.downloads import given_out
from portal.may import may

pages = Blueprint("uploads", __name__)


@pages.post("/uploads")
@may("signed_in", takes_files=True)
def send() -> Response:
    """Take one or several files in: each with its id, or with the sentence that says why not.

    `kinds` are those of the field they are for; what a field takes is judged again when they are sent as its answer.
    """
    kinds = [kind for kind in request.form.getlist("kinds") if kind in SAID]
    files = request.files.getlist("file")
    sent = [receiving.Sent("file", one.filename or "", one.stream, kinds) for one in files]
    if not sent:
        raise Invalid(_("Choose a file to send"), "/file", "required")
    arrived = receiving.receive_all(g.actor, sent)
    with unit_of_work(g.actor) as work:
        told = [_told(one) for one in receiving.take_all(work, arrived)]
    answer = jsonify(data=told)
    answer.status_code = 201 if any(one["id"] for one in told) else 422
    return answer


@pages.get("/uploads/<uid>")
@may("signed_in")
def state(uid: str) -> Response:
    return jsonify(asdict(shown(access.upload_to_read(g.actor, uid))))


@pages.post("/uploads/<uid>/discard")
@may("signed_in")
def discard(uid: str) -> tuple[str, int]:
    with unit_of_work(g.actor) as work:
        attaching.discard(work, access.upload_to_change(work, uid))
    return "", 204


@pages.get("/files/<uid>")
@may("signed_in")
def content(uid: str) -> Response:
    """The file itself, as a download: it is never shown here, whatever it is."""
    upload = access.upload_to_open(g.actor, uid)
    return given_out(upload.sha256, upload.mime, upload.name)


@pages.get("/files/<uid>/preview")
@may("signed_in")
def preview(uid: str) -> Response:
    """A picture as we have written it anew."""
    upload = access.upload_to_open(g.actor, uid)
    if upload.preview_sha256 is None:
        raise Refused(_("No such file"))
    return given_out(upload.preview_sha256, "image/jpeg", f"{PurePath(upload.name).stem}.jpg", inline=True)


def _told(taken: receiving.Taken) -> dict[str, Any]:
    if taken.upload is None:
        return {"id": None, "name": taken.name, "size": "", "state": "refused", "refusal": taken.refusal}
    return asdict(shown(taken.upload))

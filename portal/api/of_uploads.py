"""Files: sent before the answers that name them, looked at, and given out to whoever may read what they are part of."""

from __future__ import annotations

from flows import access
from flows.actions import attaching
from flows.actions.attaching import Received
from flows.models import Upload
from portal.api import asked
from portal.api.door import BASE, Answer, Call, Content, operation
from portal.api.shapes.files import Upload as Given

ONE = "/uploads/<upload_id>"


@operation(
    "POST",
    "/uploads",
    who="signed_in",
    gives=Given,
    status=201,
    key="required",
    refusals=("upload-refused",),
)
def add_upload(call: Call, body: asked.NewUpload, file: Received) -> Answer:  # noqa: ARG001  # `body` was read with the file
    """Send one file. It is `checking` at first: ask again, or hear `upload.updated`, until it is ready or refused."""
    upload = attaching.take(call.work, file)
    return Answer(_drawn(upload), 201, {"Location": f"{BASE}/uploads/{upload.uid}"})


@operation("GET", ONE, who="signed_in", gives=Given, refusals=("not-found", "forbidden"))
def get_upload(call: Call, upload_id: str) -> Answer:
    """How a file stands: checking, ready, or refused and why."""
    return Answer(_drawn(access.upload_to_read(call.actor, upload_id)))


@operation("DELETE", ONE, who="signed_in", gives=None, status=204, refusals=("not-found", "already-submitted"))
def discard_upload(call: Call, upload_id: str) -> Answer:
    """Forget a file of mine that was not sent with anything yet."""
    attaching.discard(call.work, access.upload_to_change(call.work, upload_id))
    return Answer(status=204)


@operation(
    "GET",
    f"{ONE}/content",
    who="signed_in",
    gives=None,
    gives_bytes=True,
    refusals=("not-found", "forbidden", "upload-not-ready", "upload-refused"),
)
def get_upload_content(call: Call, upload_id: str) -> Answer:
    """The file itself, once it was found harmless."""
    upload = access.upload_to_open(call.actor, upload_id)
    return Answer(content=Content(upload.sha256, upload.mime, upload.name))


def _drawn(upload: Upload) -> Given:
    return Given(
        id=upload.uid,
        name=upload.name,
        size=upload.size,
        kind=upload.kind,
        mime_type=upload.mime,
        sha256=upload.sha256,
        state=upload.state,
        refusal=upload.refusal or None,
        created_at=upload.created_at,
    )

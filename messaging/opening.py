"""Opens one foreign file, in a process of its own that may die: no memory, time or crash of it reaches anybody else.

Run as a program, with nothing of Baton imported: `opening.py picture FILE PREVIEW` or `opening.py archive FILE`. It
prints one JSON object: {"ok": true, ...} or {"wrong": why}. How it ends when it ends badly is judged by its parent.
"""

from __future__ import annotations

import json
import resource
import sys
import warnings
import zipfile
import zlib
from collections.abc import Callable
from typing import Any

MEMORY = 1024 * 1024 * 1024
CPU_SECONDS = 8
MOST_PIXELS = 64_000_000
"""What the largest cameras of phones give without tricks, and 200 MB in memory."""
PREVIEW_EDGE = 1600
MOST_PARTS = 5_000
MOST_UNPACKED = 200 * 1024 * 1024
CHUNK = 256 * 1024
FORMATS = {"image/jpeg": "JPEG", "image/png": "PNG", "image/gif": "GIF", "image/webp": "WEBP", "image/heic": "HEIF"}


def picture(path: str, mime: str, preview: str) -> dict[str, Any]:
    """Decode a picture once and write it anew, smaller and with nothing beside its pixels: no place, no camera."""
    from PIL import Image, ImageOps

    Image.MAX_IMAGE_PIXELS = MOST_PIXELS
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    if mime == "image/heic":
        from pillow_heif import register_heif_opener

        register_heif_opener(thumbnails=False)
    try:
        with Image.open(path, formats=[FORMATS[mime]]) as opened:
            opened.draft("RGB", (PREVIEW_EDGE, PREVIEW_EDGE))  # a JPG is decoded small at once
            opened.load()
            upright = ImageOps.exif_transpose(opened)
            upright.thumbnail((PREVIEW_EDGE, PREVIEW_EDGE))
            _bare(upright).save(preview, "JPEG", quality=82, optimize=True)
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        return {"wrong": "pixels"}
    except (OSError, ValueError, SyntaxError, IndexError, KeyError, TypeError, OverflowError, EOFError, zlib.error):
        return {"wrong": "damaged"}  # what Pillow raises for files that are no pictures or are cut off
    return {"ok": True}


def _bare(picture: Any) -> Any:
    """The pixels alone, on white where they were transparent."""
    from PIL import Image

    bare = Image.new("RGB", picture.size, "white")
    has_alpha = "A" in picture.getbands() or "transparency" in picture.info
    shown = picture.convert("RGBA" if has_alpha else "RGB")
    bare.paste(shown, mask=shown.getchannel("A") if has_alpha else None)
    return bare


def archive(path: str) -> dict[str, Any]:
    """The directory of an archive, once every part was unpacked to nowhere: so no size in it is a lie."""
    try:
        with zipfile.ZipFile(path) as opened:
            parts = opened.infolist()
            if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > MOST_UNPACKED:
                return {"wrong": "bomb"}
            listed = [(one.filename, one.compress_size, one.file_size, bool(one.flag_bits & 1)) for one in parts]
            if not any(locked for *_, locked in listed):
                for part in parts:
                    _unpack(opened, part)
            declared = (
                opened.read("mimetype")[:100].decode("ascii", "replace") if "mimetype" in opened.namelist() else ""
            )
    except (zipfile.BadZipFile, zlib.error, OSError, ValueError, EOFError, NotImplementedError, RuntimeError):
        return {"wrong": "damaged"}
    return {"ok": True, "parts": listed, "declared": declared}


def _unpack(opened: zipfile.ZipFile, part: zipfile.ZipInfo) -> None:
    """Read a part to its end: no more than its entry says, and its sum is checked."""
    with opened.open(part) as content:
        while content.read(CHUNK):
            pass


KINDS: dict[str, Callable[..., dict[str, Any]]] = {"picture": picture, "archive": archive}


def main(what: str, *words: str) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        found = KINDS[what](*words)
    except MemoryError:
        found = {"wrong": "memory"}
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])

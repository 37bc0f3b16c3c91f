"""Files for tests, made in memory: pictures, documents, and those that somebody sends with an evil thought."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from functools import cache, reduce

from PIL import Image
from pillow_heif import register_heif_opener

register_heif_opener()
SCRIPT = b"<script>alert(1)</script>"


@cache
def picture(kind: str = "JPEG", width: int = 60, height: int = 40) -> bytes:
    content = io.BytesIO()
    Image.new("RGB", (width, height), "teal").save(content, kind)
    return content.getvalue()


@cache
def located(width: int = 2400, height: int = 1200) -> bytes:
    """A photo that says where and with what it was taken, lying on its side."""
    exif = Image.Exif()
    exif[0x010F], exif[0x0112] = "PhoneMaker", 6
    exif.get_ifd(0x8825)[1], exif.get_ifd(0x8825)[2] = "N", (53.0, 47.0, 59.0)
    content = io.BytesIO()
    Image.new("RGB", (width, height), "teal").save(content, "JPEG", exif=exif, comment=b"taken at home")
    return content.getvalue()


def pdf(body: bytes = b"1 0 obj<</Type/Catalog>>endobj") -> bytes:
    return b"%PDF-1.7\n" + body + b"\nxref\n0 1\ntrailer<</Root 1 0 R>>\nstartxref\n9\n%%EOF\n"


def archive(parts: dict[str, bytes], stored: tuple[str, ...] = ()) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as made:
        for name, inside in parts.items():
            made.writestr(name, inside, zipfile.ZIP_STORED if name in stored else None)
    return content.getvalue()


def docx(**more: bytes) -> bytes:
    parts = {"[Content_Types].xml": b"<Types/>", "_rels/.rels": b"<r/>", "word/document.xml": b"<w:document/>"}
    return archive({**parts, **{f"word/{name}": inside for name, inside in more.items()}})


def odt(mime: str = "application/vnd.oasis.opendocument.text") -> bytes:
    """What LibreOffice writes: the mimetype first, not packed."""
    return archive({"mimetype": mime.encode(), "content.xml": b"<office/>"}, stored=("mimetype",))


@cache
def bomb() -> bytes:
    """A document of 300 KB that unpacks to 300 MB: one megabyte, packed once and repeated."""
    nothing, times = b"\0" * 1024 * 1024, 300
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    once = packer.compress(nothing) + packer.flush(zlib.Z_FULL_FLUSH)
    packed = once * times + zlib.compressobj(9, zlib.DEFLATED, -15).flush()
    checksum = reduce(lambda so_far, _: zlib.crc32(nothing, so_far), range(times), 0)
    made = bytearray(
        archive({"word/document.xml": packed, "[Content_Types].xml": b"<Types/>"}, stored=("word/document.xml",))
    )
    # what an entry says of itself: how it is packed, and what comes out; in front of it, and in the directory
    for head, method, sums, size in ((0, 8, 14, 22), (made.index(b"PK\1\2"), 10, 16, 24)):
        struct.pack_into("<H", made, head + method, zipfile.ZIP_DEFLATED)
        struct.pack_into("<I", made, head + sums, checksum)
        struct.pack_into("<I", made, head + size, times * len(nothing))
    return bytes(made)


@cache
def hundred_megapixels() -> bytes:
    """A PNG of a few KB whose pixels would take 300 MB."""
    side = 10_000
    rows = zlib.compressobj(9)
    pixels = b"".join(rows.compress(b"\0" * (side // 8 + 1)) for _ in range(side)) + rows.flush()
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", pixels) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


HTML = b"<!doctype html><title>x</title>" + SCRIPT
SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
PROGRAM = b"MZ\x90\0\x03\0\0\0" + b"\0" * 100
GIF_AND_SCRIPT = b"GIF89a/*" + b"\0" * 60 + b"*/=1;alert(1)//;"
EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"

"""Which files are taken: by their content, under a clean name, and every refusal with the file and the cure in it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.rules import answers, uploads
from flows.rules.errors import Invalid
from flows.rules.uploads import Part
from tests import samples

Make = Callable[..., Any]


@pytest.mark.requirement("X19")
@pytest.mark.parametrize(
    ("name", "content", "kind", "mime"),
    [
        ("ceiling.jpg", samples.picture(), "image", "image/jpeg"),
        ("Ceiling.JPEG", samples.picture(), "image", "image/jpeg"),
        ("ceiling.png", samples.picture("PNG"), "image", "image/png"),
        ("ceiling.gif", samples.picture("GIF"), "image", "image/gif"),
        ("ceiling.webp", samples.picture("WEBP"), "image", "image/webp"),
        ("IMG_0001.HEIC", samples.picture("HEIF"), "image", "image/heic"),
        ("letter.pdf", samples.pdf(), "pdf", "application/pdf"),
        ("letter.docx", samples.docx(), "office", uploads.OF_SUFFIX[".docx"].mime),
        ("letter.odt", samples.odt(), "office", uploads.OF_SUFFIX[".odt"].mime),
        ("notes.txt", "Grüße\r\n\tan alle".encode(), "text", "text/plain"),
        ("notes.txt", "Grüße".encode("utf-16"), "text", "text/plain"),
        ("table.csv", "Straße;1\r\n".encode("cp1252"), "text", "text/csv"),
    ],
)
def test_what_is_taken_is_told_by_its_content(name: str, content: bytes, kind: str, mime: str) -> None:
    clean, found = uploads.recognise(name, content[: uploads.HEAD_BYTES])
    assert (clean, found.kind, found.mime) == (name, kind, mime)


def refusal(name: str, content: bytes) -> tuple[str, str]:
    with pytest.raises(Invalid) as refused:
        uploads.recognise(name, content[: uploads.HEAD_BYTES])
    return refused.value.code, refused.value.detail


@pytest.mark.requirement("X19")
@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.jpg", samples.HTML, "a web page or a drawing with code inside"),
        ("a.jpg", "\ufeff  <html>".encode(), "a web page"),
        ("a.txt", "<script>".encode("utf-16"), "a web page"),
        ("drawing.svg", samples.SVG, "a drawing with code"),
        ("a.txt", samples.SVG, "a drawing with code"),
        ("setup.jpg", samples.PROGRAM, "is a program inside"),
        ("setup.txt", b"#!/bin/sh\nrm -rf /", "is a script inside"),
        ("a.png", b"\x7fELF\x02\x01", "is a program inside"),
        ("all.zip", samples.archive({"a.txt": b"a"}), "is an archive inside"),
        ("old.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 500, "an old or locked Office format"),
        ("film.mov", b"\0\0\0\x14ftypqt  " + b"\0" * 90, "is of a kind that is not taken"),
        ("notes.json", b'{"a": 1}', "is of a kind that is not taken"),
        ("noise.txt", b"\x01\x02\x03\xff", "is of a kind that is not taken"),
        ("a.gif", samples.GIF_AND_SCRIPT, "a GIF picture and a script at once"),
        ("a.gif", b"GIF89a=1/*", "a script at once"),
        ("a.jpg", b"\xff\xd8\xff\xe0/*" + b"\0" * 60, "a script at once"),
        ("ceiling.png", samples.picture(), "is a JPG picture inside. Rename it to end in .jpg"),
        ("letter.pdf", b"just words", "is a text inside"),
        ("photo.jpg.exe", samples.picture(), "is a JPG picture inside"),
    ],
)
def test_what_is_not_taken_says_what_it_is_and_the_cure(name: str, content: bytes, says: str) -> None:
    code, detail = refusal(name, content)
    assert code == "upload-type"
    assert says in detail
    assert detail.startswith(name)
    assert "hoose" in detail, "the cure"


def test_a_field_that_is_known_says_what_it_takes() -> None:
    for name, content in (("a.txt", b"words"), ("a.exe", samples.PROGRAM), ("a.json", b"{}")):
        with pytest.raises(Invalid, match="Choose a JPG, PNG, GIF, WebP, HEIC or PDF file"):
            uploads.recognise(name, content, ("image", "pdf"))
    assert uploads.recognise("a.pdf", samples.pdf(), ("image", "pdf"))[0] == "a.pdf"


def test_an_empty_file_is_refused() -> None:
    assert refusal("nothing.pdf", b"") == ("upload-refused", "nothing.pdf is empty. Choose another file")


@pytest.mark.requirement("X19")
@pytest.mark.parametrize(
    ("given_name", "clean"),
    [
        ("../../etc/passwd.txt", "passwd.txt"),
        ("..\\..\\boot.txt", "boot.txt"),
        ("C:\\Users\\Priya\\me.jpg", "me.jpg"),
        ("photo\u202egpj.exe", "photogpj.exe"),
        ("nul\0byte.jpg", "nulbyte.jpg"),
        ("line\r\nSet-Cookie: a=b.pdf", "lineSet-Cookie_ a=b.pdf"),
        ("a.php.jpg", "a_php.jpg"),
        ("a.html.svg.pdf", "a_html_svg.pdf"),
        ('say "<b>".pdf', "say __b__.pdf"),
        ("  Cafe\u0301   menu .pdf ", "Caf\u00e9 menu.pdf"),
        (".htaccess", "htaccess"),
        ("...", "file"),
        ("", "file"),
        ("\ud800.png", "png"),
        ("x" * 300 + ".jpeg", "x" * 115 + ".jpeg"),
    ],
)
def test_names_are_made_clean(given_name: str, clean: str) -> None:
    assert uploads.clean_name(given_name) == clean


@given(st.text(max_size=300))
def test_no_name_leaves_its_folder_or_turns_round(name: str) -> None:
    clean = uploads.clean_name(name)
    assert 1 <= len(clean) <= uploads.LONGEST_NAME
    assert not set(clean) & set('/\\<>:"|?*\0\u202e\u2066')
    assert clean.isprintable()
    assert not clean.startswith(".")
    assert uploads.clean_name(clean) == clean


@given(st.binary(max_size=200), st.sampled_from([".jpg", ".pdf", ".docx", ".txt", ".exe", ""]))
def test_any_bytes_are_recognised_or_refused(content: bytes, suffix: str) -> None:
    with suppress(Invalid):
        name, found = uploads.recognise(f"a{suffix}", content)
        assert uploads.suffix_of(name) in found.suffixes


def test_a_name_without_an_end_gets_the_one_of_its_content() -> None:
    assert uploads.recognise("image", samples.picture())[0] == "image.jpg"


def test_hidden_things_are_found() -> None:
    assert uploads.has_code(b"\x00\xff<SCRIPT src=x>")
    assert uploads.has_code(b"..<?php eval")
    assert not uploads.has_code(samples.picture() + b"<x:xmpmeta")
    assert uploads.has_archive(samples.picture() + samples.archive({"a": b"a"}))
    assert not uploads.has_archive(samples.picture())
    assert uploads.has_end(samples.pdf())
    assert not uploads.has_end(samples.pdf()[:-20])


WORD = uploads.OF_SUFFIX[".docx"]
PARTS = (Part("[Content_Types].xml", 10, 20), Part("word/document.xml", 100, 900))


@pytest.mark.requirement("X19")
@pytest.mark.parametrize(
    ("parts", "says"),
    [
        (PARTS, ""),
        ((*PARTS, Part("word/media/a.bin", 1000, 300 * uploads.MB)), "unpacks to more than anybody would write"),
        ((*PARTS, Part("word/media/a.bin", 1000, 50 * uploads.MB)), "times its size"),
        ((*PARTS, *(Part(f"word/{n}", 1, 1) for n in range(6000))), "unpacks to more than anybody would write"),
        ((*PARTS, Part("../evil.xml", 1, 1)), "forged names"),
        ((*PARTS, Part("/etc/passwd", 1, 1)), "forged names"),
        ((*PARTS, PARTS[1]), "forged names"),
        ((*PARTS, Part("word/vbaProject.bin", 1, 1)), "macros or programs"),
        ((*PARTS, Part("word/embeddings/run.exe", 1, 1)), "macros or programs"),
        ((PARTS[0], Part("word/document.xml", 1, 1, True)), "locked with a password"),
        ((PARTS[0], Part("xl/workbook.xml", 1, 1)), "is not a Word document inside"),
        ((PARTS[1],), "is not a Word document inside"),
    ],
)
def test_an_office_document_is_judged_by_its_parts(parts: tuple[Part, ...], says: str) -> None:
    refused = uploads.refusal_of_parts("a.docx", WORD, parts, "")
    assert (says in refused) if says else refused == ""


def test_an_open_document_says_what_it_is() -> None:
    parts, found = [Part("mimetype", 1, 1), Part("content.xml", 1, 1)], uploads.OF_SUFFIX[".odt"]
    assert uploads.refusal_of_parts("a.odt", found, parts, found.mime) == ""
    assert "is not an OpenDocument text" in uploads.refusal_of_parts("a.odt", found, parts, "text/html")


def an_upload(**more: Any) -> Any:
    usual = {"name": "ceiling.jpg", "size": 812_345, "kind": "image", "state": "ready", "refusal": ""}
    return SimpleNamespace(**{**usual, **more})


@pytest.mark.requirement("X19")
@pytest.mark.parametrize(
    ("upload", "code", "says"),
    [
        ({}, None, ""),
        ({"state": "checking"}, "upload_not_ready", "ceiling.jpg is still being checked. Try again in a moment"),
        ({"state": "refused", "refusal": "ceiling.jpg is cut off"}, "upload_refused", "ceiling.jpg is cut off"),
        ({"kind": "text"}, "upload_type", "ceiling.jpg cannot be used here. Choose a JPG, PNG, GIF, WebP, HEIC or PDF"),
        ({"size": 11 << 20}, "upload_too_large", "ceiling.jpg has 11 MB, more than 10 MB. Choose a smaller file"),
    ],
)  # fmt: skip
def test_an_upload_fits_its_field_or_says_why_not(upload: dict[str, Any], code: str | None, says: str) -> None:
    problem = uploads.misfit(an_upload(**upload), ("image", "pdf"))
    assert (problem and problem.code) == code
    assert problem is None or problem.detail.removesuffix(" file") == says.removesuffix(" file")


def test_a_field_may_take_more_than_usual() -> None:
    assert uploads.misfit(an_upload(size=11 * uploads.MB), None, 20) is None


def test_sizes_and_kinds_in_words() -> None:
    sizes = (900, 812 * 1024, 10 * uploads.MB, int(4.2 * uploads.MB))
    assert [uploads.size_in_words(size) for size in sizes] == ["900 bytes", "812 KB", "10 MB", "4.2 MB"]
    assert uploads.kinds_in_words(("pdf",)) == "PDF"


@pytest.fixture
def form_fields(field: Make) -> dict[str, Any]:
    item = {"name": field(label="Name"), "scan": field("file", label="Scan", visible_to=("staff",))}
    return {
        "photos": field("file", label="Photos", multiple=True),
        "note": field(label="Note"),
        "pets": field("list", label="Pets", item=item),
    }


def test_files_are_found_wherever_they_stand(form_fields: dict[str, Any]) -> None:
    values = {"photos": ["up_1", "up_2", "up_1"], "pets": [{"name": "Tom"}, {"scan": "up_3"}, "nonsense"], "note": 1}
    found = [(place.path, place.ids, place.visible_to) for place in answers.files_in(form_fields, values)]
    below = ("pets.scan", [], ("staff",)), ("pets.scan", ["up_3"], ("staff",))
    assert found == [("photos", ["up_1", "up_2"], None), *below]
    drawn = answers.dressed(form_fields, values, str.upper)
    assert drawn["photos"] == ["UP_1", "UP_2"]
    assert drawn["pets"] == [{"name": "Tom"}, {"scan": ["UP_3"]}, "nonsense"]
    assert values["photos"] == ["up_1", "up_2", "up_1"], "the answers themselves stay as they were"
    sent = ["photos", "pets-0-name", "pets-3-scan", "other"]
    controls = [name for name, _ in answers.file_controls(form_fields, sent)]
    assert controls == ["photos", "pets-0-scan", "pets-3-scan"]
    assert answers.asks_for_files({"pets": form_fields["pets"]})
    assert not answers.asks_for_files({"note": form_fields["note"]})


class Posted(dict[str, list[str]]):
    """A posted form with several values a name."""

    def get(self, key: str) -> str | None:  # type: ignore[override]
        return self[key][0] if key in self else None

    def getlist(self, key: str) -> list[str]:
        return self.get_all(key)

    def get_all(self, key: str) -> list[str]:
        return list(self[key]) if key in self else []


FILLED = {
    "photos-kept": ["", "up_1", "up_2"], "note": ["half"], "pets-0-name": ["Tom"], "pets-0-scan-kept": ["", "up_3"],
    "pets-2-name": [""], "pets-4-name": ["Rex"],
}  # fmt: skip


@pytest.mark.requirement("X18")
@pytest.mark.parametrize(
    ("button", "photos", "pets"),
    [
        ("add-pets", ["up_1", "up_2"], ["Tom", "", "Rex", None]),
        ("remove-pets-2", ["up_1", "up_2"], ["Tom", "Rex"]),
        ("remove-pets-4", ["up_1", "up_2"], ["Tom", ""]),
        ("remove-photos-0", ["up_2"], ["Tom", "", "Rex"]),
    ],
)
def test_buttons_of_the_form_change_it_and_keep_what_is_typed(
    form_fields: dict[str, Any], button: str, photos: list[str], pets: list[str | None]
) -> None:
    values = answers.pressed(form_fields, Posted({**FILLED, button: ["1"]}))
    assert values is not None
    assert (values["photos"], values["note"]) == (photos, "half")
    assert [one.get("name") for one in values["pets"]] == pets


def test_a_button_below_a_list_and_none_at_all(form_fields: dict[str, Any]) -> None:
    values = answers.pressed(form_fields, Posted({**FILLED, "remove-pets-0-scan-0": ["1"]}))
    assert values is not None
    assert values["pets"][0] == {"name": "Tom", "scan": []}
    assert answers.pressed(form_fields, Posted(FILLED)) is None
    assert answers.pressed(form_fields, Posted({**FILLED, "remove-pets-9": ["1"], "add-nothing": ["1"]})) is None


def test_a_form_tells_no_files_from_not_asked(form_fields: dict[str, Any]) -> None:
    assert answers.from_form(form_fields, Posted({"photos-kept": [""]})) == {"photos": []}
    assert answers.from_form(form_fields, Posted({})) == {}

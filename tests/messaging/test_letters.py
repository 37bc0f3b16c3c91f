"""Letters: nobody's input becomes markup or a header, and every mail says why it came."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.catalogue import MailTemplate
from flows.plugin import PermanentFault
from messaging import letters, posting
from messaging.letters import Frame

FRAME = Frame("Northgate", "en", ("Why.", "Answer."))

HOSTILE = (
    "[win](https://evil.example)",
    "<script>alert(1)</script>",
    "![x](https://evil.example/x.png)",
    "# Heading",
    "**bold**",
    "- item",
    "1. item",
    "`code`",
    "<https://evil.example>",
    "a\n\n    code",
    "| a |\n|--|",
    "&lt;b&gt;",
    "\\[x](http://e)",
    "> quote",
)


def write(body: str, subject: str = "Hello", **scope: object) -> letters.Letter:
    return letters.write(MailTemplate(subject, body, "mail/x.en.md"), scope, FRAME)


@pytest.mark.requirement("A9")
@pytest.mark.parametrize("value", HOSTILE)
def test_a_value_reads_as_exactly_its_words(value: str) -> None:
    letter = write("Hello **${{ name }}**, bye", name=value)
    body = letter.html.split('class="card"')[1].split('class="footer"')[0]
    assert "<a" not in body
    assert "<script" not in body
    assert "<img" not in body
    assert "<h1" not in body
    assert "<code" not in body
    assert "<li" not in body
    assert "<blockquote" not in body
    words = " ".join(value.split())
    assert words in " ".join(letter.text.split())


@pytest.mark.requirement("A9")
def test_links_of_the_template_work_with_values_in_them() -> None:
    letter = write("[See it](${{ url }})", url="http://localhost/tasks/TI-2001?a=b_c&d=(e)")
    assert 'href="http://localhost/tasks/TI-2001?a=b_c&amp;d=(e)"' in letter.html
    assert "See it: http://localhost/tasks/TI-2001?a=b_c&d=(e)" in letter.text


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "data:text/html,x", "vbscript:x", "//evil.example", "file:///etc/passwd"]
)
def test_a_link_leads_to_the_web_or_to_a_mail_address(url: str) -> None:
    assert "<a" not in write("[See it](${{ url }})", url=url).html.split('class="card"')[1]


def test_html_and_images_of_a_template_are_words() -> None:
    html = write("<b>x</b> ![pixel](https://t.example/p.gif)").html
    assert "<b>x" not in html
    assert "<img" not in html


@pytest.mark.parametrize("value", ["a\r\nBcc: x@y.example", "a\nb", "a\x00b", "a\u2028b", "a\u202eb", "a\x0bb"])
def test_a_subject_is_one_line_without_control_characters(value: str) -> None:
    subject = write("x", subject="S ${{ v }}", v=value).subject
    assert subject.isprintable()
    subject.encode()


def test_text_has_dashes_for_lists_and_ends_with_why_it_came() -> None:
    text = write("Hello,\n\n- one\n- two\n  - three\n\nBye").text
    assert text == "Hello,\n\n- one\n- two\n  - three\n\nBye\n\n-- \nWhy.\nAnswer.\n"


def test_a_hole_that_cannot_be_filled_is_permanent_and_names_the_file() -> None:
    with pytest.raises(PermanentFault, match=r"mail/x\.en\.md: order\.ref"):
        write("${{ order.ref }}", order={})


def test_every_template_of_the_product_can_be_read_and_every_language_has_every_sentence() -> None:
    assert set(posting.own_templates().mail_kinds()) >= {
        "sign-in-code",
        "invitation",
        "order-placed",
        "order-completed",
        "order-cancelled",
        "order-failed",
    }
    for kind in posting.own_templates().mail_kinds():
        for template in posting.own_templates().mails(kind):
            assert template.subject, template.file
    assert Path(letters.__file__).with_name("templates").joinpath("mail.html").is_file()

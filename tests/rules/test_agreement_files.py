"""Files of agreements: every line that can be read is, every one that cannot is named with its cure (C41)."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.rules.agreements import AgreementLine, BadLine, Unreadable, header_of, lines_of, text_of

HEADER = "number,tenant_name,address,tenant_email,rent,currency,starts_on,ends_on"


def read(text: str) -> list[AgreementLine | BadLine]:
    return list(lines_of(text, header_of(text)))


def bad(line: str, header: str = HEADER) -> list[str]:
    """What is wrong with one line below the header."""
    found = read(f"{header}\n{line}\n")
    return [one.detail for one in found if isinstance(one, BadLine)]


@pytest.mark.requirement("C41")
def test_a_line_says_everything() -> None:
    [one] = read(
        f'{HEADER}\nAG-1,Siân Œuvre,"12 Mill Lane, Leeds",sian@bücher.example,"£1,250.5",eur,1/2/2026,2027-01-31'
    )
    assert one == AgreementLine(
        "AG-1",
        "Siân Œuvre",
        "12 Mill Lane, Leeds",
        "sian@bücher.example",
        125_050,
        "EUR",
        date(2026, 2, 1),
        date(2027, 1, 31),
    )
    [plain] = read("number,tenant_name,address\nAG-1,Priya,12 Mill Lane\n")
    assert plain == AgreementLine("AG-1", "Priya", "12 Mill Lane", "", None, "GBP", None, None)


@pytest.mark.requirement("C41")
@pytest.mark.parametrize(
    "text",
    [
        "Address;NUMBER;Tenant Name\n12 Mill Lane;AG-1;Priya\n",
        "tenant-name\tnumber\taddress\nPriya\tAG-1\t12 Mill Lane\n",
        '" number ","Tenant_Name","address"\r\n" AG-1 ","Pri\x07ya","12 Mill\tLane"\r\n\r\n,,\r\n',
        "number,tenant_name,address\rAG-1,Priya,12 Mill Lane\r",
    ],
)
def test_names_stand_in_any_order_case_and_form(text: str) -> None:
    assert read(text) == [AgreementLine("AG-1", "Priya", "12 Mill Lane", "", None, "GBP", None, None)]


@pytest.mark.requirement("C41")
@pytest.mark.parametrize(
    ("line", "words"),
    [
        (",Priya,12 Mill Lane,,,,,", "number is empty; fill it in or remove the line"),
        ("A,,12,,,,,", "tenant_name is empty; fill it in or remove the line"),
        ("A,P, ,,,,,", "address is empty; fill it in or remove the line"),
        (f"{'9' * 65},P,12,,,,,", "number has 65 characters, and 64 are the most; shorten it"),
        ("A,P,12,priya,,,,", "tenant_email is “priya”, which is not an address like name@example.com; correct it"),
        ("A,P,12,@x.example,,,,", "tenant_email is “@x.example”"),
        ("A,P,12,a@localhost,,,,", "tenant_email is “a@localhost”"),
        ("A,P,12,,abc,,,", "rent is “abc”, which is not an amount a month like 850 or 1,250.00; correct it"),
        ("A,P,12,,-5,,,", "rent is “-5”"),
        ("A,P,12,,850.001,,,", "rent is “850.001”"),
        ("A,P,12,,9999999,,,", "rent is “9999999”"),
        ("A,P,12,,,pound,,", "currency is “POUND”, which is not a code of three letters like GBP; correct it"),
        ("A,P,12,,,,2026-02-30,", "starts_on is “2026-02-30”, which is not a day like 2026-11-30 or 30/11/2026"),
        ("A,P,12,,,,soon,", "starts_on is “soon”"),
        ("A,P,12,,,,13/13/2026,", "starts_on is “13/13/2026”"),
        (
            "A,P,12,,,,2026-02-01,2026-01-31",
            "ends_on (2026-01-31) is before starts_on (2026-02-01); correct one of them",
        ),
        ("A,P,12", "has 3 cells, and the first line names 8 columns; quote a cell that holds a comma"),
        (
            "A,P,12 Mill Lane, Leeds,,,,,",
            "has 9 cells, and the first line names 8 columns; quote a cell that holds a comma",
        ),
        ('A,"P" x,12,,,,,', "the quotation marks do not fit"),
        (
            'A,"P,12,,,,,',
            "a quotation mark is opened and never closed, so the rest of the file cannot be read; close it",
        ),
        (f'A,"{"x" * 140_000}",12,,,,,', "a cell is longer than any can be"),
    ],
)
def test_a_bad_line_is_named_with_its_cure(line: str, words: str) -> None:
    found = bad(line)
    assert len(found) == 1, found
    assert found[0].startswith(words)


@pytest.mark.requirement("C41")
def test_everything_wrong_is_said_at_once_and_lines_count_as_editors_do() -> None:
    text = (
        "number,tenant_name,address,rent\n"
        'A1,Priya,"12 Mill Lane\nLeeds",850\n'
        "\n"
        "A2,,,x\n"
        'A3,"un"closed,B,1\n'
        "A1,Priya,12 Mill Lane,850\n"
        "A4,Olu,31 Beck Street,850\n"
    )
    found = read(text)
    assert [(one.line, one.detail.split(";")[0]) for one in found if isinstance(one, BadLine)] == [
        (5, "tenant_name is empty"),
        (5, "address is empty"),
        (5, "rent is “x”, which is not an amount a month like 850 or 1,250.00"),
        (6, "the quotation marks do not fit (',' expected after '\"')"),
        (7, "the number A1 stands in line 2 already"),
    ]
    good = [one for one in found if isinstance(one, AgreementLine)]
    assert [one.number for one in good] == ["A1", "A4"]
    assert good[0].address == "12 Mill Lane Leeds"


@pytest.mark.requirement("C41")
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "The first line is empty. It must name the columns: number, tenant_name"),
        ("\nnumber,tenant_name,address\n", "The first line is empty"),
        ("number,tenant_name,adress\n", "The first line does not name address; did you mean address by “adress”?"),
        (
            "A1,Priya,12 Mill Lane\n",
            "does not name number, tenant_name, address. It must name number, tenant_name, address",
        ),
        ("number,Number,tenant_name,address\n", "The column number stands in the first line twice"),
        ('"number,tenant_name,address\n', "The first line cannot be read"),
    ],
)
def test_a_first_line_that_does_not_do_is_refused(text: str, words: str) -> None:
    with pytest.raises(Unreadable, match=None) as refused:
        header_of(text)
    assert words in str(refused.value)


def test_columns_of_others_are_passed_over() -> None:
    header = header_of("number,tenant_name,address,Ref,Notes\n")
    assert header.unused == ("Ref", "Notes")


@pytest.mark.requirement("C41")
@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        ("number,Siân\n".encode(), "UTF-8"),
        ("number,Siân\n".encode("utf-8-sig"), "UTF-8"),
        ("number,Siân\n".encode("cp1252"), "Windows-1252"),
    ],
)
def test_encodings_are_told_apart(content: bytes, encoding: str) -> None:
    assert text_of(content) == ("number,Siân\n", encoding)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("number\n".encode("utf-16"), "The file is UTF-16. Save it as “CSV UTF-8”"),
        (b"number\nA\0B\n", "NUL bytes"),
        (b"number\nA\nB\x81\xfe\n", "Line 3 is neither UTF-8 nor Windows-1252"),
    ],
)
def test_what_is_no_text_is_refused_with_the_cure(content: bytes, words: str) -> None:
    with pytest.raises(Unreadable) as refused:
        text_of(content)
    assert words in str(refused.value)


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=200))
def test_any_text_is_read_or_refused_in_words(text: str) -> None:
    for one in read(f"number,tenant_name,address\n{text}"):
        assert one.detail if isinstance(one, BadLine) else one.number

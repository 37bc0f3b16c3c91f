"""The strict reader refuses what a flow file may not hold, exactly where it stands, and never falls over."""

from __future__ import annotations

import random

import pytest

from flows.catalogue.reader import read_flow
from flows.catalogue.source import MAX_BYTES, read_source
from tests.catalogue.shipped import FILES, problems_of, written

DEEP = "flow: x\na: " + "[" * 25 + "]" * 25


@pytest.mark.requirement("D2", "X35")
@pytest.mark.parametrize(
    ("text", "code", "line", "column"),
    [
        ("flow: a\ntitle: b\nflow: c\n", "F004", 3, 1),
        ("flow: a\nsteps: {one: 1, two: 2, one: 3}\n", "F004", 2, 25),
        ("flow: !!str a\n", "F005", 1, 7),
        ("flow: a\ntitle: !include other.yaml\n", "F005", 2, 8),
        ("flow: &name a\n", "F006", 1, 7),
        ("flow: a\ntitle: *name\n", "F006", 2, 8),
        ("flow: a\n<<: *rest\n", "F006", 2, 5),
        (DEEP, "F007", 2, 23),
        ("flow: a\n? [x, y]\n: 1\n", "F008", 2, 3),
        ("flow: a\n---\nflow: b\n", "F009", 2, 1),
        ("flow: a\ntitle: 'open\n", "F001", 2, 8),
        ("flow: a\n\ttitle: b\n", "F001", 2, 1),
        ("flow: a\ntitle: b\0c\n", "F003", 2, 9),
        (b"flow: a\ntitle: caf\xe9\n", "F003", 2, 11),
        ("flow: a\ntitle: bell\x07\n", "F003", 2, 12),
        ("x" * (MAX_BYTES + 1), "F002", 1, 1),
        ("flow: a\nkeywords: [" + "a, " * 12_100 + "]\n", "F002", 2, 35997),
        ("", "F106", 1, 1),
        ("- flow\n", "F106", 1, 1),
    ],
)
def test_a_refusal_names_its_place(text: str | bytes, code: str, line: int, column: int) -> None:
    reading = read_flow(text, "a.flow.yaml")
    assert reading.definition is None
    found = reading.problems[0]
    assert (found.code, found.line, found.column) == (code, line, column), found.text()[:300]


@pytest.mark.requirement("D2")
def test_plain_words_stay_words() -> None:
    text = "a: on\nb: NO\nc: 17:00\nd: 2026-03-31\ne: 012\nf: 1_000\ng: 0x1f\nh: true\ni: ~\nj: 1.5\nk: 'true'\n1: y\n"
    values, _ = read_source(text, "x")
    assert values == {
        "a": "on", "b": "NO", "c": "17:00", "d": "2026-03-31", "e": 12, "f": "1_000", "g": 31, "h": True, "i": None,
        "j": 1.5, "k": "true", "1": "y",
    }  # fmt: skip


@pytest.mark.requirement("X35")
def test_a_problem_shows_the_line_and_a_caret() -> None:
    text = written("coro-order-fulfilment").replace("after: [3d, 5d, 7d]", "after: [3d, 5d, 8d]")
    (found,) = problems_of(text)
    assert found.text() == (
        "coro-order-fulfilment.flow.yaml:45:21: error F310 fires at or after the flow expires (7d); "
        "nobody will see it\n"
        "    after: [3d, 5d, 8d]\n"
        "                    ^"
    )


@pytest.mark.requirement("X35")
@pytest.mark.parametrize(
    ("flow", "right", "wrong", "code", "cure"),
    [
        ("coro-order-fulfilment", "    title: Complete", "    titel: Complete", "F102", "did you mean 'title'?"),
        ("coro-order-fulfilment", "type: domain", "type: domian", "F104", "did you mean 'domain'?"),
        ("coro-order-fulfilment", "type: domain", "tpye: domain", "F102", "did you mean 'type'?"),
        ("coro-order-fulfilment", "- email: coro/created", "- emial: coro/created", "F102", "did you mean 'email'?"),
        ("coro-order-fulfilment", "coro/reminder", "coro/remainder", "F501", "did you mean 'coro/reminder'?"),
        ("coro-order-fulfilment", "required: true", "required: yes", "F106", "write true"),
        ("coro-order-fulfilment", "max_length: 120", "max_length: lots", "F106", ""),
        ("coro-order-fulfilment", "max_length: 120", "options: {a: A}", "F102", ""),
        ("coro-order-fulfilment", "title: Coro Info Required", "title: 42", "F106", 'put it in quotes: "42"'),
        ("coro-order-fulfilment", "[3d, 5d, 7d]", "[3d, 5x, 7d]", "F105", ""),
        ("coro-order-fulfilment", 'time: "09:00"', 'time: "25:00"', "F105", ""),
        ("coro-order-fulfilment", "  expired:", "  expird:", "F104", "did you mean 'expired'?"),
        ("coro-order-fulfilment", "order.lines", "order.lnes", "F232", "did you mean 'lines'?"),
        ("coro-order-fulfilment", "l.vendor", "l.vendr", "F232", "did you mean 'vendor'?"),
        ("coro-order-fulfilment", "data.domain_name", "data.domain", "F232", "did you mean 'domain_name'?"),
        ("coro-order-fulfilment", "order.placed ", "order.place ", "F401", "did you mean 'order.placed'?"),
        ("coro-order-fulfilment", "orders.provision", "orders.provison", "F401", "did you mean 'orders.provision'?"),
        ("coro-order-fulfilment", "        reason:", "        raeson:", "F403", "did you mean 'reason'?"),
        ("coro-order-fulfilment", "flow: coro-order", "flow: coro-oder", "F110", "write coro-order-fulfilment"),
        ("tenant-onboarding", "close: not_eligible", "close: not_elegible", "F204", "did you mean 'not_eligible'?"),
        ("tenant-onboarding", "needs: [deposit]", "needs: [desposit]", "F201", "did you mean 'deposit'?"),
        ("tenant-onboarding", "calendar: england", "calendar: englnd", "F301", "did you mean 'england'?"),
        ("tenant-onboarding", 'right_to_rent == "n"', 'right_to_rent == "m"', "F233", ""),
        ("tenant-onboarding", '== "customer"', '== "custmer"', "F233", "did you mean 'customer'?"),
        ("tenant-onboarding", "locales/tenant", "locale/tenant", "F601", ""),
        ("tenant-onboarding", "{open_while:", "{open_wile:", "F102", "did you mean 'open_while'?"),
        ("department-request", "to: InProgress", "to: InProgres", "F202", "did you mean 'InProgress'?"),
        (
            "department-request",
            "within: to_department",
            "within: to_departmnt",
            "F206",
            "did you mean 'to_department'?",
        ),
        (
            "department-request",
            "to_department: {type: department",
            "to_department: {type: file",
            "F210",
            "take it out: files come with comments",
        ),
        ("department-request", "ask.to_user", "ask.to_usr", "F232", "did you mean 'to_user'?"),
        ("department-request", 'state == "New"', 'state == "Nwe"', "F233", "did you mean 'New'?"),
        ("department-request", "entered.Resolved", "entered.Resolvd", "F202", "did you mean 'Resolved'?"),
        ("department-request", "assign: least_busy", "assign: least_bussy", "F104", "did you mean 'least_busy'?"),
        ("department-request", "case/overdue", "case/overdu", "F501", "did you mean 'case/overdue'?"),
        ("department-request", "[assignee, manager]", "[asignee, manager]", "F105", ""),
    ],
)
def test_a_mistake_is_said_on_its_line_with_its_cure(flow: str, right: str, wrong: str, code: str, cure: str) -> None:
    text = written(flow)
    assert right in text
    changed = text.replace(right, wrong, 1)
    line = changed[: changed.index(wrong)].count("\n") + 1
    found = [problem for problem in problems_of(changed, flow) if problem.code == code]
    assert [(problem.line, problem.cure) for problem in found if not cure or problem.cure == cure], problems_of(
        changed, flow
    )
    assert found[0].line == line


@pytest.mark.requirement("X35")
def test_changed_files_never_make_the_reader_fall_over() -> None:
    chance = random.Random(20260326)
    texts = [path.read_bytes() for path in FILES.values()]
    pieces = [
        b"&a ",
        b"*a",
        b"!!x ",
        b"\0",
        b"\xff",
        b"{",
        b"]",
        b": ",
        b"- ",
        b"\n",
        b'"',
        b"${{",
        b"}}",
        b"|",
        b"%",
        b"~",
    ]
    for _ in range(500):
        text = bytearray(chance.choice(texts))
        for _ in range(chance.randint(1, 6)):
            start = chance.randrange(len(text))
            text[start : start + chance.choice((0, 1, 3, 40))] = chance.choice(
                [*pieces, bytes([chance.randrange(256)])]
            )
        for problem in problems_of(bytes(text)):
            assert problem.text().startswith(
                f"{problem.file}:{problem.line}:{problem.column}: {problem.severity} {problem.code} "
            )

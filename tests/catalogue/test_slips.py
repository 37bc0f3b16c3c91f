"""Slips of people who think in another language: lint says how CEL and YAML write what they meant, on their line."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from flows.catalogue.lint import lint
from flows.catalogue.lint.slips import slip_in
from flows.catalogue.problems import FlowProblem
from flows.catalogue.reader import read_flow
from flows.catalogue.registry import Registry
from flows.rules.expressions import compile_condition

pytestmark = pytest.mark.requirement("X35")

FLOW = """\
flow: tea
schema: 1
title: Order tea
start: {customer: true, staff: true}
deadline: {after: 5d}
steps:
  choose:
    title: Choose
    actor: customer
    fields:
      kind: {type: choice, label: Which tea, options: {green: Green, black: Black}}
      cups: {type: integer, label: How many}
      milk: {type: boolean, label: Milk}
  brew:
    title: Brew
    actor: staff
    needs: [choose]
    when: data.milk == true
    fields:
      done: {type: boolean, label: Done}
"""


def problems(text: str) -> list[FlowProblem]:
    """What reading and lint say of a text as the flow `tea`."""
    reading = read_flow(text, "tea.flow.yaml")
    if reading.definition is None:
        return reading.problems
    return lint(reading.definition, Registry(), reading.source)


def put(right: str, wrong: str) -> FlowProblem:
    """The one thing wrong with the flow once `wrong` stands where it said `right`."""
    assert right in FLOW
    (found,) = problems(FLOW.replace(right, wrong, 1))
    return found


@pytest.mark.parametrize(
    ("condition", "blamed", "cure"),
    [
        ('data.kind = "green"', '= "green"', "write == to compare"),
        ('data.kind === "green"', "===", "write == to compare"),
        ("data.cups => 2", "=>", "write >="),
        ("data.cups =< 2", "=<", "write <="),
        ('data.kind <> "green"', "<>", "write != for what is not equal"),
        ("data.milk and data.cups > 2", "and", "write &&"),
        ("data.milk OR data.cups > 2", "OR", "write ||"),
        ("data.milk & data.cups > 2", "&", "write && between two conditions"),
        ("data.milk | data.cups > 2", "|", "write || between two conditions"),
        ("not data.milk", "not", "write !"),
        ("data.kind is null", "is", "write == or !="),
        ("data.milk == True", "True", "write true"),
        ("data.milk == FALSE", "FALSE", "write false"),
        ("data.milk == yes", "yes", "write true"),
        ("data.kind != None", "None", "write null"),
        ('kind == "green"', "kind", "write data.kind"),
        ("milk", "milk", "write data.milk"),
        ("mlik == true", "mlik", "did you mean 'data.milk'?"),
        ('choose.kind == "green"', "choose", "write data.kind"),
        ('data.choose.kind == "green"', "choose", "write data.kind"),
        ("dta.milk == true", "dta", "did you mean 'data'?"),
        ("data.kind == green", "green", 'put a text in quotes: "green"'),
        ("data.kind == 'green\"", "'green", "end the text with ' too"),
        ('data.kind == "green', '"green', 'end the text with " too'),
        ("data.kind == “green”", "“", 'write straight quotes: "'),
        ("data.cups in (1, 2)", "(1", "a list stands in [ ]"),
        ("len(data.kind) > 2", "len", "write size( )"),
        ("${{ data.milk }}", "${{", "a condition is written without ${{ and }}"),
        ("data.milk == true;", ";", "leave it out"),
    ],
)
def test_a_slip_in_a_condition_is_told_as_cel_writes_it(condition: str, blamed: str, cure: str) -> None:
    found = put("when: data.milk == true", "when: |-\n      " + condition)
    assert (found.line, found.cure) == (18, cure), found.text()
    inline = put("data.milk == true", "'" + condition.replace("'", "’") + "'") if "'" not in condition else None
    assert inline is None or inline.source_line[inline.column - 1 :].lstrip("'").startswith(blamed), inline.text()


def test_words_in_quotes_and_parts_of_names_are_no_slips() -> None:
    assert slip_in('data.kind == "a and b = not c" && data.or == links.not.is || has(data.len)') is None


def test_a_slip_in_a_hole_is_told_at_its_place() -> None:
    found = put("    title: Brew", '    help: "Hello ${{ data.kind }}, ${{ not data.milk }}"\n    title: Brew')
    assert (found.code, found.cure) == ("F230", "write !")
    assert found.source_line[found.column - 1 :].startswith("not")


@pytest.mark.parametrize(
    ("right", "wrong", "line", "cure"),
    [
        ("    title: Choose", "\ttitle: Choose", 8, "write spaces: YAML takes no tabs"),
        ("title: Choose", "title:\tChoose", 8, "write spaces: YAML takes no tabs"),
        ("title: Choose", "title: Tea: which", 8,
         'a text with a colon and a space in it needs quotes: title: "Tea: which"'),
        ("label: Which tea", "label: Tea: which", 11,
         'a text with a colon and a space in it needs quotes: label: "Tea: which"'),
        ("title: Choose", "title: %tea", 8, 'a text that begins with % needs quotes: "%tea"'),
        ("title: Choose", "title: @tea", 8, 'a text that begins with @ needs quotes: "@tea"'),
        ("title: Choose", "title: `tea`", 8, 'a text that begins with ` needs quotes: "`tea`"'),
        ("title: Choose", "title: , tea", 8, 'a text that begins with , needs quotes: ", tea"'),
        ("title: Choose", "title: - tea", 8,
         'a text that begins with - needs quotes: "- tea"; a list begins on the next line'),
        ("[choose]", "[choose,, brew]", 17, "take it out"),
        ("title: Choose", 'title: "C:\\path"', 8, "put the text in ', where a \\ is a \\, or write it twice"),
        ("label: Milk", "label: !Milk", 13, "a text that begins with ! needs quotes"),
        ("label: Milk", "label: @Milk", 13, "a text that begins with @ needs quotes"),
        ("title: Choose", "title: Yes, we: do", 8,
         'a text with a colon and a space in it needs quotes: title: "Yes, we: do"'),
        ("  brew:", "  - brew:", 14, "take the dash away, or begin it deeper"),
        ("needs: [choose]", "needs:\n    - choose\n   - brew", 19, "begin it with 4 spaces, as line 18"),
        ("title: Choose", "title: > tea", 8, 'a text that begins with > needs quotes: "> tea"'),
        ("title: Choose", "title: *tea*", 8, "write the value out; a text that begins with * needs quotes"),
        ("title: Choose", 'title: "Choose', 8, 'end the text with "'),
        ("title: Choose", "title: 'Choose", 8, "end the text with '; one inside of it is written twice: ''"),
        ("title: Choose", "title: 'The tenant's tea'", 8,
         "put the whole value in \", or write '' for a ' inside of it"),
        ("data.milk == true", '"data.kind" == "green"', 18,
         "put the whole value in ', or write \\\" for a \" inside of it"),
        ("title: Choose", "title: Choose\n    title: Again", 9, "keep one of the two, or give this one another name"),
        ("title: Choose", "title:Choose", 8, "write key: value"),
        ("title: Choose", "title Choose", 8, "write key: value"),
        ("    actor: customer", "      actor: customer", 9, "begin it under the line above, with 4 spaces"),
        ("    actor: customer", "   actor: customer", 9, "begin it with 4 spaces, as line 8"),
        ("black: Black}}", "black: Black}", 11, "close it with }"),
        ("black: Black}}", "black: Black}}}", 11, "take it out"),
        ("green: Green, black", "green: Green\n        black", 12, "write a comma between two entries"),
        ("[choose]", "[choose", 17, "close it with ]"),
        ("label: Milk", "label: ${{ customer.name }}", 13, "a text with ${{ }} between { and } needs quotes"),
    ],
)  # fmt: skip
def test_a_slip_in_yaml_is_told_where_it_was_made(right: str, wrong: str, line: int, cure: str) -> None:
    found = put(right, wrong)
    assert (found.line, found.cure) == (line, cure), found.text()


def test_a_quote_that_ends_at_the_next_one_is_told_where_it_opened() -> None:
    text = FLOW.replace("title: Choose", "title: 'Choose").replace("title: Brew", "title: 'Brew'")
    (found,) = problems(text)
    assert (found.line, found.column) == (8, 12)
    assert "and so ends only in line 15" in found.message


@pytest.mark.parametrize(
    ("right", "wrong", "cure"),
    [
        ("title: Choose", "title: Tea #5 is it gone?", 'put it in quotes: title: "Tea #5 is it gone?"'),
        ("title: Choose", 'title: Tea "green" #5', "put it in quotes: title: 'Tea \"green\" #5'"),
        ("title: Order tea", "title: Order tea #2", 'put it in quotes: title: "Order tea #2"'),
    ],
)
def test_a_text_that_is_cut_by_a_comment_is_told(right: str, wrong: str, cure: str) -> None:
    found = put(right, wrong)
    assert (found.code, found.severity, found.cure) == ("F010", "warning", cure)


@pytest.mark.parametrize("wrong", ["title: Choose # one", "title: Choose  #one", 'title: "Choose #5"', "title: Tea#5"])
def test_a_comment_that_is_one_is_left_alone(wrong: str) -> None:
    assert problems(FLOW.replace("title: Choose", wrong)) == []


def test_what_is_no_text_for_people_may_have_its_comment() -> None:
    assert problems(FLOW.replace("actor: staff", "actor: staff #ours")) == []


DAYS = 'days are reckoned so: timestamp(data.day + "T00:00:00Z") < now - duration("720h")'


@pytest.mark.parametrize("condition", ["data.milk == today-30d", "now > today - 30d", "data.cups > 30d", "now > today"])
def test_a_span_in_a_condition_is_told_how_days_are_reckoned(condition: str) -> None:
    assert put("data.milk == true", condition).cure == DAYS
    now = datetime(2026, 3, 31, tzinfo=UTC)
    shown = compile_condition(DAYS.partition(": ")[2])
    assert [shown.holds({"now": now, "data": {"day": day}}) for day in ("2026-02-28", "2026-03-30")] == [True, False]


@pytest.mark.parametrize(
    ("right", "wrong", "line", "cure"),
    [
        ("title: Choose", "title: [urgent] is it gone", 8,
         'a text that begins with [ needs quotes: title: "[urgent] is it gone"'),
        ("label: Milk", "label: Sorry, tell us again.", 13,
         'a text with a comma between { and } needs quotes: label: "Sorry, tell us again."'),
        ("green: Green", "green: Yes, please", 11,
         'a text with a comma between { and } needs quotes: green: "Yes, please"'),
        ("type: integer, label", "type: integer label", 12,
         "write a comma between two entries; a text with a colon needs quotes"),
        ("    title: Choose", "\xa0\xa0\xa0\xa0title: Choose", 8, "write common spaces before it"),
        ("      cups:", "    \xa0\xa0cups:", 12, "write common spaces before it"),
        ("    title: Brew", "    do:\n      -email: x\n    title: Brew", 16, "write a space after the dash"),
        ("[choose]", "\n      -choose", 18, "write a space after the dash"),
        ("      milk:", "    milk:", 13, "begin it with 6 spaces, so that it belongs to 'fields'"),
        ("  brew:", "brew:", 14, "begin it with 2 spaces, so that it belongs to 'steps'"),
        ("    title: Choose", "   title: Choose", 8, "begin it with 4 spaces, as line 9"),
        ("    actor: customer", "  actor: customer", 9, "begin it with 4 spaces, as line 10"),
        ("      kind:", "     kind:", 11, "begin it with 6 spaces, as line 12"),
        ("    needs:", "  needs:", 17, "begin it with 4 spaces, as line 18"),
    ],
)  # fmt: skip
def test_a_slip_of_form_is_told_on_its_own_line(right: str, wrong: str, line: int, cure: str) -> None:
    found = put(right, wrong)
    assert (found.line, found.cure) == (line, cure), found.text()


def test_a_key_below_one_without_a_value_belongs_to_it() -> None:
    _, found = problems(FLOW.replace("      done:", "    done:"))
    assert (found.line, found.cure) == (20, "begin it with 6 spaces, so that it belongs to 'fields'")

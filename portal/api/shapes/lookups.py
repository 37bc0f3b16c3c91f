"""What a lookup gives to the app."""

from __future__ import annotations

from portal.api.shapes import Option, Shape


class Fact(Shape):
    label: str
    value: str


class LookupOption(Option):
    """`detail` is a second line that tells equals apart; `facts` say more where there is more to say."""

    detail: str
    facts: list[Fact]


class Found(Shape):
    """At most 20 options; `more` when a better search would find others."""

    data: list[LookupOption]
    more: bool

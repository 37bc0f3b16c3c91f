"""An import of agreements through its verb, and what is found afterwards (C41)."""

from __future__ import annotations

import pytest

from flows import lookups
from flows.access import read_as
from flows.actions.agreements import Imported, import_agreements
from flows.lookups import AgreementTable
from flows.models import Agreement, AuditEntry
from flows.rules.actors import SYSTEM
from flows.work import unit_of_work
from tests.housing.letting import agreements, begin, line, link
from tests.world import World


@pytest.mark.requirement("C41", "X10")
def test_an_import_leaves_what_a_request_has_begun(world: World) -> None:
    uids, ref = agreements(), begin(world)
    link(world.agent, ref, uids["AG-1"])
    with unit_of_work(SYSTEM) as work:
        row = work.session.query(Agreement).filter_by(number="AG-1").one()
        row.activated_at, row.activated_by_id = work.now, 1
    heard: list[int] = []
    with unit_of_work(SYSTEM) as work:
        found = import_agreements(work, [line(tenant_name="P. Shah"), line("AG-3")], heard.append)
    assert found == Imported(added=1, changed=1, unchanged=0)
    assert sum(heard) == 2
    row = read_as(SYSTEM).query(Agreement).filter_by(number="AG-1").one()
    assert (row.uid, row.tenant_name, row.activated_by_id) == (uids["AG-1"], "P. Shah", 1)
    assert read_as(SYSTEM).query(Agreement).count() == 3, "what the file does not name stays"
    told = read_as(SYSTEM).query(AuditEntry).filter_by(kind="agreements_imported").all()
    assert [one.facts for one in told][-1] == {"added": 1, "changed": 1, "unchanged": 0}


@pytest.mark.requirement("C41")
def test_agreements_are_found_by_number_address_and_name(world: World) -> None:
    agreements(
        line("AG-1"), line("AG-10", tenant_name="Olu Adeyemi", address="31 Beck Street", tenant_email="olu@x.example"),
        line("AG-100", tenant_name="100 % Ltd", address="Mill House"), line("A-AG-10", address="Home", tenant_name="X"),
    )  # fmt: skip
    table = AgreementTable(read_as(SYSTEM))

    def found(query: str) -> list[str]:
        return [one.number for one in table.search(query, lookups.MOST_OPTIONS)]

    assert found("") == ["A-AG-10", "AG-1", "AG-10", "AG-100"]
    assert found("ag-10") == ["AG-10", "A-AG-10", "AG-100"], "the one with just that number comes first"
    assert found("mill") == ["AG-1", "AG-100"]
    assert found("MILL shah") == ["AG-1"]
    assert found("olu@x") == ["AG-10"]
    assert found("%") == ["AG-100"]
    assert found("nobody") == []
    assert table.get("agr_nowhere") is None

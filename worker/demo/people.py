"""Who is in the demo: a reseller with its customers, a rival, a landlord's households, staff, and what is on sale."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from flows.actions.accounts import hash_password
from flows.clock import clock
from flows.models import Department, DepartmentMember, Membership, Organisation, Product, Role, User
from flows.rules.actors import PERMISSIONS, SYSTEM, Actor
from flows.work import Work, unit_of_work

PASSWORD = "demo"  # noqa: S105  # known to everybody on purpose; `seed` refuses outside demo mode
ROLES = {
    "admin": PERMISSIONS,
    "agent": ("view", "create", "review", "assign", "message", "cancel", "orders", "health"),
    "lettings": ("view", "create", "review", "assign", "message"),
    "lettings_manager": ("view", "create", "review", "assign", "message"),
    "reader": ("view",),
}
RESELLER, RIVAL, LANDLORD = "Brightpath IT", "Severn Cloud Partners", "Northgate Homes"
COMPANIES = {
    RESELLER: ("", "Unit 4, Wharf Street, Leeds LS2 7EQ"),
    "Harrow & Finch Solicitors": (RESELLER, "18 Paradise Square, Sheffield S1 2DE"),
    "Calder Valley Dental": (RESELLER, "3 Bridge Gate, Hebden Bridge HX7 8EX"),
    "Pennine Freight Ltd": (RESELLER, "Dock 9, Wakefield Europort, Normanton WF6 1TN"),
    "Oakmere Primary Trust": (RESELLER, "Oakmere Lane, Harrogate HG1 4QT"),
    "Lumen Architects": (RESELLER, "The Old Dye Works, Saltaire BD18 3LA"),
    "Kestrel Brewing Co": (RESELLER, "27 Canal Side, Skipton BD23 1RT"),
    "Ashdown Veterinary Group": (RESELLER, "112 Otley Road, Leeds LS6 3QB"),
    "Tidewater Seafoods": (RESELLER, "Fish Quay, Whitby YO21 1DN"),
    RIVAL: ("", "1 Quay Street, Bristol BS1 4QA"),
    "Malvern Glassworks": (RIVAL, "Furnace Road, Malvern WR14 2JT"),
    LANDLORD: ("", "Northgate House, 40 Regent Street, Leeds LS2 7QJ"),
}
HOUSEHOLDS = {
    "Priya Shah": "12 Mill Lane, Leeds LS7 2AB",
    "Gareth Price": "14 Mill Lane, Leeds LS7 2AB",
    "Amina Yusuf": "Flat 3, Foundry Court, Leeds LS9 8HT",
    "Liam Doyle": "Flat 7, Foundry Court, Leeds LS9 8HT",
    "Margaret Ellis": "5 Chapel Row, Leeds LS12 3PN",
    "Tomasz Wrona": "22 Harehills Place, Leeds LS8 5JA",
    "Chen Wei": "9 Weaver's Yard, Leeds LS11 5QD",
    "Olu Adeyemi": "31 Beck Street, Leeds LS10 1NR",
    "Daniel Osei": "3 Chapel Row, Leeds LS12 3PN",
}
DEPARTMENTS = {"Lettings": ("maya", "sam"), "Repairs": ("joe", "chris"), "Accounts": ("hana", "sam")}
"""The manager first, then the members."""


@dataclass(frozen=True)
class Person:
    """One person of the demo; `key` is what the stories call them. `at` is a company or household, empty for staff."""

    key: str
    name: str
    email: str
    at: str = ""
    membership: str = "owner"
    role: str = ""
    knows_password: bool = False


PEOPLE = (
    Person("bea", "Bea Lindqvist", "buyer@demo.example", RESELLER, knows_password=True),
    Person("tom", "Tom Achterberg", "tom@brightpath.example", RESELLER, "member"),
    Person("ellen", "Ellen Finch", "ellen@harrowfinch.example", "Harrow & Finch Solicitors"),
    Person("rosa", "Rosa Meredith", "rosa@severncloud.example", RIVAL),
    Person("priya", "Priya Shah", "tenant@demo.example", "Priya Shah", knows_password=True),
    Person("gareth", "Gareth Price", "gareth.price@mail.example", "Gareth Price"),
    Person("amina", "Amina Yusuf", "amina.yusuf@mail.example", "Amina Yusuf"),
    Person("liam", "Liam Doyle", "liam.doyle@mail.example", "Liam Doyle"),
    Person("margaret", "Margaret Ellis", "margaret.ellis@mail.example", "Margaret Ellis"),
    Person("tomasz", "Tomasz Wrona", "tomasz.wrona@mail.example", "Tomasz Wrona"),
    Person("chen", "Chen Wei", "chen.wei@mail.example", "Chen Wei"),
    Person("olu", "Olu Adeyemi", "olu.adeyemi@mail.example", "Olu Adeyemi"),
    Person("daniel", "Daniel Osei", "daniel.osei@mail.example", "Daniel Osei"),
    Person("sam", "Sam Okoro", "agent@demo.example", role="agent lettings", knows_password=True),
    Person("alex", "Alex Reed", "admin@demo.example", role="admin", knows_password=True),
    Person("maya", "Maya Lindgren", "maya@northgate.example", role="lettings lettings_manager"),
    Person("joe", "Joe Byrne", "joe@northgate.example", role="agent"),
    Person("chris", "Chris Patel", "chris@northgate.example", role="reader"),
    Person("hana", "Hana Novak", "hana@northgate.example", role="agent"),
)
PRODUCTS = (
    # SKU, vendor, name, pence, unit, provider, summary
    ("CORO-ESS", "Coro", "Coro Essentials", 700, "", "webhook", "Endpoint and email protection for small teams."),
    ("CORO-CLA", "Coro", "Coro Classic", 950, "", "webhook", "Essentials, plus cloud apps and user governance."),
    ("CORO-COM", "Coro", "Coro Complete", 1400, "", "webhook", "All modules, with managed detection and response."),
    ("MS-365-BAS", "Microsoft", "Microsoft 365 Business Basic", 490, "", "webhook", "Web apps, Teams, mail."),
    ("MS-365-STD", "Microsoft", "Microsoft 365 Business Standard", 1030, "", "webhook", "Desktop apps, Teams, mail."),
    ("MS-365-PRE", "Microsoft", "Microsoft 365 Business Premium", 1660, "", "webhook", "Adds device protection."),
    ("MS-EXO-1", "Microsoft", "Exchange Online Plan 1", 330, "", "webhook", "A mailbox of 50 GB."),
    ("MS-ENTRA-P1", "Microsoft", "Entra ID P1", 490, "", "webhook", "Single sign-on and conditional access."),
    ("BP-BACKUP", "Brightpath", "Managed backup", 250, "device per month", "manual", "Nightly, tested every quarter."),
    ("BP-WORKSHOP", "Brightpath", "Onboarding workshop", 45000, "workshop", "manual", "Half a day at the customer's."),
)


@dataclass(frozen=True)
class Cast:
    """Everybody as an actor by key; organisations and products as opaque ids by name and SKU."""

    actors: dict[str, Actor]
    organisations: dict[str, str]
    products: dict[str, str]


def write_people(since: datetime) -> Cast:
    """Write everybody and everything on sale, as if they had been there since that moment."""
    clock.set(since)
    with unit_of_work(SYSTEM) as work:
        organisations = _organisations(work)
        roles = {name: Role(name=name, permissions=list(granted)) for name, granted in ROLES.items()}
        work.session.add_all(roles.values())
        users = _users(work, organisations, roles)
        work.session.add_all(_departments(work, users))
        products = [_product(*row) for row in PRODUCTS]
        work.session.add_all(products)
        work.session.flush()
        return Cast(
            {key: _as_actor(user) for key, user in users.items()},
            {name: row.uid for name, row in organisations.items()},
            {row.sku: row.uid for row in products},
        )


def _organisations(work: Work) -> dict[str, Organisation]:
    rows: dict[str, Organisation] = {}
    for name, (parent, address) in COMPANIES.items():
        rows[name] = _organisation(work, name, "company", rows.get(parent), address)
    for name, address in HOUSEHOLDS.items():
        rows[name] = _organisation(work, name, "household", rows[LANDLORD], address)
    work.session.add_all(rows.values())
    work.session.flush()
    return rows


def _organisation(work: Work, name: str, kind: str, parent: Organisation | None, address: str) -> Organisation:
    words = [word for word in name.lower().split() if word.isalnum() and word not in ("ltd", "co")]
    return Organisation(
        name=name,
        slug="-".join(words),
        kind=kind,
        parent=parent,
        address=address,
        time_zone="Europe/London",
        created_at=work.now,
    )


def _users(work: Work, organisations: dict[str, Organisation], roles: dict[str, Role]) -> dict[str, User]:
    known = hash_password(PASSWORD)
    users = {
        person.key: User(
            kind="staff" if person.role else "customer",
            email=person.email,
            name=person.name,
            password_hash=known if person.knows_password else None,
            email_verified_at=work.now,
            created_at=work.now,
            time_zone="Europe/London",
            roles=[roles[name] for name in person.role.split()],
        )
        for person in PEOPLE
    }
    work.session.add_all(users.values())
    work.session.flush()
    for person in PEOPLE:
        if person.at:
            home = organisations[person.at]
            work.session.add(
                Membership(
                    user_id=users[person.key].id,
                    organisation_id=home.id,
                    role=person.membership,
                    created_at=work.now,
                )
            )
    return users


def _departments(work: Work, users: dict[str, User]) -> Iterable[Department]:
    for name, keys in DEPARTMENTS.items():
        members = [DepartmentMember(user=users[key], is_manager=key == keys[0], created_at=work.now) for key in keys]
        yield Department(name=name, members=members)


def _product(sku: str, vendor: str, name: str, price_minor: int, unit: str, provider: str, summary: str) -> Product:
    return Product(
        sku=sku,
        vendor=vendor,
        name=name,
        price_minor=price_minor,
        currency="GBP",
        unit=unit or "user per month",
        provider=provider,
        summary=summary,
    )


def _as_actor(user: User) -> Actor:
    granted = frozenset(permission for role in user.roles for permission in role.permissions)
    return Actor(
        "staff" if user.kind == "staff" else "customer",
        user.id,
        user.name,
        user.email,
        permissions=granted,
        roles=frozenset(role.name for role in user.roles),
        time_zone=user.time_zone,
    )

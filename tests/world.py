"""A small believable world for tests: two resellers with customers, a household, staff, and products."""

from __future__ import annotations

from dataclasses import dataclass

from flows.clock import clock
from flows.models import Department, DepartmentMember, Membership, Organisation, Product, Role, User
from flows.rules.actors import PERMISSIONS, SYSTEM, Actor
from flows.work import unit_of_work


@dataclass
class World:
    """Everybody and everything by name; people as actors, rows as opaque ids, so that nothing here goes stale."""

    buyer: Actor
    colleague: Actor
    acme_owner: Actor
    stranger: Actor
    tenant: Actor
    agent: Actor
    admin: Actor
    reader: Actor
    brightpath: str
    acme: str
    beta: str
    rival: str
    rival_customer: str
    household: str
    coro: str
    microsoft: str
    hosting: str
    user_ids: dict[str, int]


def build_world() -> World:
    """Write the world in one piece of work."""
    with unit_of_work(SYSTEM) as work:
        add, now = work.session.add, clock.now()
        members: list[tuple[User, Organisation, str]] = []

        def organisation(
            uid: str, name: str, kind: str = "company", parent: Organisation | None = None
        ) -> Organisation:
            row = Organisation(
                uid=uid,
                name=name,
                slug=name.split()[0].lower(),
                kind=kind,
                parent=parent,
                created_at=now,
                address="12 Mill Lane, Leeds LS1 4AB",
            )
            add(row)
            return row

        def person(
            name: str,
            kind: str = "customer",
            member_of: Organisation | None = None,
            role: str = "owner",
            roles: tuple[Role, ...] = (),
        ) -> User:
            first = name.split()[0].lower()
            row = User(
                uid=f"usr_{first}",
                kind=kind,
                name=name,
                email=f"{first}@example.com",
                email_verified_at=now,
                created_at=now,
                roles=list(roles),
            )
            add(row)
            if member_of is not None:
                members.append((row, member_of, role))
            return row

        brightpath, rival = organisation("cus_brightpath", "Brightpath IT"), organisation("cus_rival", "Rival Networks")
        acme = organisation("cus_acme", "Acme Ltd", parent=brightpath)
        organisation("cus_beta", "Beta plc", parent=brightpath)
        organisation("cus_gamma", "Gamma GmbH", parent=rival)
        household = organisation("cus_shah", "Priya Shah", kind="household")
        admins, agents, readers = (
            Role(name="admin", permissions=list(PERMISSIONS)),
            Role(name="agent", permissions=["view", "create", "review", "assign", "message", "orders", "health"]),
            Role(name="reader", permissions=["view"]),
        )
        people = {
            "buyer": person("Bea Buyer", member_of=brightpath),
            "colleague": person("Carl Colleague", member_of=brightpath, role="member"),
            "acme_owner": person("Anna Acme", member_of=acme),
            "stranger": person("Stan Stranger", member_of=rival),
            "tenant": person("Priya Shah", member_of=household),
            "agent": person("Gus Agent", "staff", roles=(agents,)),
            "admin": person("Ada Admin", "staff", roles=(admins,)),
            "reader": person("Rae Reader", "staff", roles=(readers,)),
        }
        add(
            Department(
                uid="dep_repairs",
                name="Repairs",
                members=[DepartmentMember(user=people["agent"], is_manager=True, created_at=now)],
            )
        )
        for uid, vendor, name, price, provider in (
            ("prd_coro", "Coro", "Coro Essentials", 700, "webhook"),
            ("prd_m365", "Microsoft", "Microsoft 365 Business Premium", 1660, "webhook"),
            ("prd_hosting", "Northgate", "Managed hosting", 4500, "manual"),
        ):
            add(
                Product(
                    uid=uid,
                    sku=uid.upper(),
                    vendor=vendor,
                    name=name,
                    price_minor=price,
                    currency="GBP",
                    provider=provider,
                )
            )
        work.session.flush()
        for user, of, role in members:
            add(Membership(user_id=user.id, organisation_id=of.id, role=role, created_at=now))
        work.session.flush()
        ids = {name: row.id for name, row in people.items()}
        actors = {name: as_actor(row) for name, row in people.items()}
    return World(
        **actors,
        brightpath="cus_brightpath",
        acme="cus_acme",
        beta="cus_beta",
        rival="cus_rival",
        rival_customer="cus_gamma",
        household="cus_shah",
        coro="prd_coro",
        microsoft="prd_m365",
        hosting="prd_hosting",
        user_ids=ids,
    )


def as_actor(user: User) -> Actor:
    """The actor that a sign-in of this person would give."""
    return Actor(
        "staff" if user.kind == "staff" else "customer",
        user.id,
        user.name,
        user.email,
        permissions=frozenset(permission for role in user.roles for permission in role.permissions),
        roles=frozenset(role.name for role in user.roles),
        time_zone=user.time_zone,
    )

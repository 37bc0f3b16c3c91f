"""The staff's door: Flask-Admin on our own theme, behind a view that denies by default."""

from __future__ import annotations

from flask import Blueprint, Flask
from flask_admin import Admin
from flask_admin.theme import Theme
from flask_babel import lazy_gettext as _l

from admin.showing import Group, groups_of
from admin.views.agreements import Agreements
from admin.views.audit import AuditLog
from admin.views.away import Away
from admin.views.board import Board
from admin.views.cases import Cases
from admin.views.dashboard import Dashboard
from admin.views.departments import Departments
from admin.views.flow_files import Flows
from admin.views.instances import Instances
from admin.views.machinery import Health
from admin.views.orders import Orders
from admin.views.organisations import Organisations
from admin.views.outbox import Outbox
from admin.views.payments import Payments
from admin.views.products import Products
from admin.views.replies import Replies
from admin.views.roles import Roles
from admin.views.tasks import Tasks
from admin.views.timers import Timers
from admin.views.users import Users


def register(app: Flask) -> None:
    """Add the back office to the application, below /admin."""
    app.register_blueprint(Blueprint("back_office", __name__, template_folder="templates"))
    dashboard = Dashboard()
    # A theme that has no folder: no page of Flask-Admin's own, with its inline scripts, can ever be shown.
    admin = Admin(app, index_view=dashboard, theme=Theme(folder="none", base_template="base.html"))
    app.extensions["back_office"] = groups_of(
        admin,
        (
            Group("", (dashboard, Away(), Replies())),
            Group(_l("Work"), (Instances(), Tasks(), Board(), Cases(), Payments(), Agreements())),
            Group(_l("Shop"), (Orders(), Products(), Organisations())),
            Group(_l("Design"), (Flows(),)),
            Group(_l("Admin"), (Users(), Departments(), Roles(), Timers(), Outbox(), AuditLog(), Health())),
        ),
    )

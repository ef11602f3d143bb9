"""The table. A new page, action, operation, task or command needs a line here."""

from __future__ import annotations

from typing import Final, NamedTuple

from config.doorbook import rules
from config.doorbook.inventory import Kind
from config.doorbook.rules import Rule


class Line(NamedTuple):
    """Doors that follow one rule. A name may hold `*`, which stands for anything.

    `look` is what one finds by looking (GET), `act` by acting (POST); None: it cannot be done.
    """

    title: str
    kind: Kind
    names: tuple[str, ...]
    look: Rule | None = None
    act: Rule | None = None


class Room(NamedTuple):
    """The pages of one model: its list, its rows, their history, and how they are written."""

    title: str
    model: str
    look: Rule
    add: Rule = rules.NEVER
    change: Rule = rules.NEVER
    delete: Rule = rules.NEVER

    def lines(self) -> tuple[Line, ...]:
        """Return the lines of the pages that every model has."""
        here = f"/admin/{self.model.replace('.', '/')}/"
        row = f"{here}<object_id>/"
        return (
            _page(f"{self.title}: list, page, history", here, f"{row}history/", look=self.look),
            _page(f"{self.title}: add", f"{here}add/", look=self.add, act=self.add),
            # Whoever sees a row may open its form, where what they may not write is text.
            _page(f"{self.title}: change", f"{row}change/", look=self.look, act=self.change),
            _page(f"{self.title}: delete", f"{row}delete/", look=self.delete, act=self.delete),
        )


def _page(title: str, *names: str, look: Rule | None = None, act: Rule | None = None) -> Line:
    return Line(title, Kind.PAGE, names, look, act)


def _api(title: str, *names: str, look: Rule | None = None, act: Rule | None = None) -> Line:
    return Line(title, Kind.OPERATION, names, look, act)


def _action(title: str, *names: str, act: Rule) -> Line:
    return Line(title, Kind.ACTION, names, act=act)


def _inside(kind: Kind, title: str, *names: str) -> Line:
    return Line(title, kind, names, act=rules.INSIDE)


ROOMS: Final = (
    Room("Employees", "organization.employee", rules.PEOPLE, rules.CONFIGURE, rules.CONFIGURE),
    Room("Departments", "organization.department", rules.THINGS, rules.CONFIGURE, rules.CONFIGURE),
    Room("Positions", "organization.position", rules.THINGS, *[rules.ADMINISTER] * 3),
    Room("Log-ins", "organization.user", rules.GRANT, rules.ADMINISTER, rules.GRANT),
    Room("Who may do what", "organization.roleassignment", rules.GRANT, rules.GRANT),
    Room("Roles", "organization.role", rules.GRANT, *[rules.ADMINISTER] * 2),
    Room("Audit log", "organization.auditentry", rules.AUDIT),
    Room("Seals", "organization.seal", rules.ADMINISTER),
    Room("Legal holds", "organization.legalhold", rules.AUDIT, rules.CONFIGURE),
    Room("Retention runs", "organization.retentionrun", rules.ADMINISTER),
    Room("Failed log-ins", "axes.accessattempt", rules.ADMINISTER),
    Room("Shifts", "scheduling.shift", rules.THINGS, *[rules.CONFIGURE] * 2),
    Room("Rotations", "scheduling.rotation", rules.THINGS, *[rules.CONFIGURE] * 2),
    Room("Assignments", "scheduling.shiftassignment", rules.THINGS, *[rules.CONFIGURE] * 2),
    Room("Calendar", "scheduling.calendarday", rules.THINGS, *[rules.CONFIGURE] * 3),
    Room("Calendar sources", "scheduling.calendarsource", *[rules.ADMINISTER] * 3),
    Room("Rosters", "scheduling.rosterentry", rules.PEOPLE, *[rules.CONFIGURE] * 3),
    Room("Roster imports", "scheduling.rosterbatch", rules.CONFIGURE),
    Room("Shift codes", "scheduling.shiftcode", rules.THINGS, *[rules.CONFIGURE] * 3),
    Room("Rules", "attendance.attendancerule", rules.THINGS, *[rules.CONFIGURE] * 2),
    Room("Notices", "attendance.notice", rules.THINGS),
    Room("Consents", "attendance.consent", rules.PEOPLE),
    Room("Geofences", "attendance.geofence", rules.THINGS, *[rules.CONFIGURE] * 2),
    Room("Days", "attendance.attendanceday", rules.PEOPLE),
    Room("Waiting work", "attendance.waitingday", rules.CONFIGURE),
    Room("Periods", "attendance.attendanceperiod", rules.THINGS, rules.CONFIGURE),
    Room("Closings", "attendance.periodclosing", rules.THINGS),
    Room("Adjustments", "attendance.adjustment", rules.PEOPLE),
    Room("Punches", "attendance.punch", rules.PEOPLE),
    Room("Position reports", "attendance.positionreport", rules.PEOPLE),
    Room("Offline claims", "attendance.offlineclaim", rules.PEOPLE),
    Room("Flights", "attendance.flight", rules.ADMINISTER),
    Room("Corrections", "attendance.correction", rules.PEOPLE),
    Room("Absences", "attendance.absence", rules.PEOPLE, rules.CONFIGURE),
    Room("Approved overtime", "attendance.overtimeapproval", rules.PEOPLE, rules.CONFIGURE),
    Room("Requests", "approvals.request", rules.PEOPLE),
    Room("Approval matrix", "approvals.approvalrule", rules.THINGS, *[rules.CONFIGURE] * 2),
    Room("Deputies", "approvals.delegation", rules.THINGS, rules.DECIDE),
    Room("Group robots", "approvals.grouprobot", rules.THINGS, *[rules.CONFIGURE] * 2),
    Room("Leave allowances", "approvals.allowance", rules.PEOPLE, *[rules.CONFIGURE] * 2),
    Room("Terminals", "devices.terminal", rules.THINGS, *[rules.CONFIGURE] * 2),
    Room("Log uploads", "devices.terminalupload", rules.THINGS),
    Room("Terminal lines", "devices.terminalline", rules.THINGS),
    Room("QR screens", "devices.qrscreen", rules.THINGS, *[rules.CONFIGURE] * 2),
    Room("Credentials", "devices.credential", rules.PEOPLE, rules.CONFIGURE, rules.NEVER,
         rules.CONFIGURE),
    Room("Access points", "devices.accesspoint", rules.THINGS, *[rules.CONFIGURE] * 2),
    Room("Wi-Fi controllers", "devices.wificontroller", rules.THINGS, *[rules.CONFIGURE] * 2),
    Room("Phone addresses", "devices.phoneaddress", rules.PEOPLE, rules.CONFIGURE, rules.NEVER,
         rules.CONFIGURE),
)  # fmt: skip

_FRONT: Final = (
    _page("Front door, liveness", "/", "/healthz", "/readyz", look=rules.OPEN),
    _page("Log-in", "/login/", "/login/code/", look=rules.OPEN, act=rules.OPEN),
    _page(
        "The console's ways to log-in and password",
        "/admin/login/",
        "/admin/password_change/",
        look=rules.OPEN,
    ),
    _page("Log-out", "/logout/", "/admin/logout/", act=rules.OPEN),
    _page("My log-in", "/account/", look=rules.OWN_PAGES),
    _page(
        "My log-in: password, second factor",
        "/account/password/",
        "/account/second-factor/",
        look=rules.OWN_PAGES,
        act=rules.OWN_PAGES,
    ),
    _page(
        "My log-in: language, sessions, tokens",
        "/account/language/",
        "/account/sessions/end/",
        "/account/tokens/<pk>/revoke/",
        act=rules.OWN_PAGES,
    ),
    _page("Language", "/i18n/setlang/", act=rules.OPEN),
    _page("QR screens: bind the browser on the wall", "/screen/", look=rules.OPEN, act=rules.OPEN),
    _page(
        "QR screens: the page on the wall, its code",
        "/screen/<key>/",
        "/screen/<key>/code/",
        look=rules.PAIRED,
    ),
    _page("My days", "/me/", "/me/<work_date>/", look=rules.OWN_PAGES),
    _page("My punches", "/me/punches/", look=rules.OWN_PAGES),
    _page("Punching: the page", "/punch/", look=rules.OWN_PAGES),
    _page(
        "Punching: the page's shell, its manifest and its service worker, which name nobody",
        "/punch/shell/",
        "/punch/manifest.webmanifest",
        "/sw.js",
        look=rules.OPEN,
    ),
    _page("Punching: a signature for WeCom's kit", "/punch/bridge/", act=rules.OWN_PAGES),
    _page("My offline claims", "/me/claims/", look=rules.OWN_PAGES, act=rules.OWN_PAGES),
    _page("My requests; what waits for me", "/me/requests/", "/me/inbox/", look=rules.OWN_PAGES),
    _page(
        "My requests: ask",
        *(f"/me/requests/{kind}/" for kind in ("make-up", "appeal", "absence", "overtime")),
        look=rules.OWN_PAGES,
        act=rules.OWN_PAGES,
    ),
    _page(
        "A request: read it; approve, reject, withdraw, take back",
        "/me/requests/<request_id>/",
        look=rules.REQUESTS,
        act=rules.ANSWERS,
    ),
    _page("A request: its photo", "/me/requests/<request_id>/photo/", look=rules.REQUESTS),
    _page(
        "What I was told, and how I am told",
        "/me/notifications/",
        "/me/notifications/settings/",
        look=rules.OWN_PAGES,
        act=rules.OWN_PAGES,
    ),
    _page("My data", "/me/data/", look=rules.OWN_PAGES, act=rules.OWN_PAGES),
    _page("Today, with the sidebar", "/admin/", look=rules.FRONT),
    _page("The pages of one app", "/admin/<app_label>/", look=rules.FRONT),
    _page("What may be chosen", "/admin/autocomplete/", look=rules.PEOPLE),
    _page(
        "Words and ways of the console",
        "/admin/jsi18n/",
        "/admin/password_change/done/",
        "/admin/*/*/<object_id>/",
        "/admin/organization/user/<id>/password/",
        look=rules.CONSOLE,
    ),
    _page(
        "Ways to nowhere",
        "/admin/<url>",
        "/admin/search/",
        "/admin/r/<content_type_id>/<object_id>/",
        look=rules.NEVER,
    ),
)

_STEPS: Final = (
    _page(
        "Employees: transfer, last day, first day",
        *(f"/admin/organization/employee/<object_id>/{step}/"
          for step in ("transfer", "withdraw-transfer", "leave", "joined")),
        look=rules.CONFIGURE,
        act=rules.CONFIGURE,
    ),
    _page(
        "Departments: move, time zone",
        *(f"/admin/organization/department/<object_id>/{step}/" for step in ("move", "zone")),
        look=rules.CONFIGURE,
        act=rules.CONFIGURE,
    ),
    _page(
        "Departments: who may do what here; log-ins: what can this person see",
        "/admin/organization/department/<object_id>/access/",
        "/admin/organization/user/<object_id>/rights/",
        "/admin/organization/roleassignment/<object_id>/see/",
        look=rules.GRANT,
    ),
    _page(
        "Employees: open a log-in; log-ins: add a program; roles: end one",
        "/admin/organization/employee/<object_id>/log-in/",
        "/admin/organization/user/program/",
        "/admin/organization/roleassignment/<object_id>/end/",
        look=rules.GRANT,
        act=rules.GRANT,
    ),
    _page(
        "Employees: personal data, a copy of it, its erasure",
        "/admin/organization/employee/<object_id>/personal/",
        look=rules.EXPORT,
        act=rules.EXPORT,
    ),
    _page(
        "Employees, departments: import",
        *(f"/admin/organization/{model}/import/" for model in ("department", "employee")),
        look=rules.CONFIGURE,
        act=rules.CONFIGURE,
    ),
    _page(
        "Employees, departments: confirm an import",
        *(f"/admin/organization/{model}/process_import/" for model in ("department", "employee")),
        act=rules.CONFIGURE,
    ),
    _page(
        "Employees, departments: export",
        *(f"/admin/organization/{model}/export/" for model in ("department", "employee")),
        look=rules.EXPORT,
        act=rules.EXPORT,
    ),
    _page("Access points: import", "/admin/devices/accesspoint/import/", look=rules.CONFIGURE,
          act=rules.CONFIGURE),
    _page("Access points: confirm an import", "/admin/devices/accesspoint/process_import/",
          act=rules.CONFIGURE),
    _page("Access points: export", "/admin/devices/accesspoint/export/", look=rules.EXPORT,
          act=rules.EXPORT),
    _page("Leave allowances: import", "/admin/approvals/allowance/import/",
          look=rules.CONFIGURE, act=rules.CONFIGURE),
    _page("Leave allowances: confirm an import", "/admin/approvals/allowance/process_import/",
          act=rules.CONFIGURE),
    _page("Leave allowances: export", "/admin/approvals/allowance/export/", look=rules.EXPORT,
          act=rules.EXPORT),
    _page(
        "Group robots: new address, try it",
        "/admin/approvals/grouprobot/<object_id>/address/",
        "/admin/approvals/grouprobot/<object_id>/try/",
        look=rules.CONFIGURE,
        act=rules.CONFIGURE,
    ),
    _page("Wi-Fi controllers: new secret", "/admin/devices/wificontroller/<object_id>/secret/",
          look=rules.CONFIGURE, act=rules.CONFIGURE),
    _page(
        "Log-ins: one-time password, second factor, sessions, tokens",
        "/admin/organization/user/<object_id>/doors/",
        look=rules.GRANT,
        act=rules.GRANT,
    ),
    _page(
        "Shifts, rotations, assignments, rules: preview",
        "/admin/scheduling/shift/preview/",
        "/admin/scheduling/shift/<shift_id>/preview/",
        "/admin/scheduling/rotation/preview/",
        "/admin/scheduling/rotation/<rotation_id>/preview/",
        "/admin/scheduling/shiftassignment/preview/",
        "/admin/attendance/attendancerule/<rule_id>/preview/",
        act=rules.CONFIGURE,
    ),
    _page(
        "Shifts: retire; assignments: withdraw; rules: publish, discard",
        "/admin/scheduling/shift/<shift_id>/retire/",
        "/admin/scheduling/shiftassignment/<assignment_id>/withdraw/",
        "/admin/attendance/attendancerule/version/<version_id>/publish/",
        "/admin/attendance/attendancerule/version/<version_id>/discard/",
        act=rules.CONFIGURE,
    ),
    _page(
        "Rules: draft",
        "/admin/attendance/attendancerule/<rule_id>/draft/",
        look=rules.CONFIGURE,
        act=rules.CONFIGURE,
    ),
    _page(
        "Rules: trial",
        "/admin/attendance/attendancerule/version/<version_id>/",
        look=rules.CONFIGURE,
    ),
    _page(
        "Statutory days: sources and files",
        "/admin/scheduling/calendarday/sync/",
        look=rules.ADMINISTER,
        act=rules.ADMINISTER,
    ),
    _page(
        "Statutory days: ask, apply",
        "/admin/scheduling/calendarday/sync/<source_id>/",
        "/admin/scheduling/calendarday/sync/apply/",
        act=rules.ADMINISTER,
    ),
    _page(
        "Rosters: bring in a sheet",
        "/admin/scheduling/rosterentry/import/",
        look=rules.CONFIGURE,
        act=rules.CONFIGURE,
    ),
    _page(
        "Rosters: look at a sheet, progress, template",
        "/admin/scheduling/rosterentry/import/<upload_id>/",
        "/admin/scheduling/rosterentry/import/<upload_id>/progress/",
        "/admin/scheduling/rosterentry/template/",
        look=rules.CONFIGURE,
    ),
    _page(
        "Rosters: map, hire, confirm, discard a sheet",
        *(f"/admin/scheduling/rosterentry/import/<upload_id>/{step}/"
          for step in ("month", "codes", "people", "hire", "confirm", "discard")),
        act=rules.CONFIGURE,
    ),
    _page(
        "Notices: a new version",
        "/admin/attendance/notice/<purpose>/draft/",
        look=rules.ADMINISTER,
        act=rules.ADMINISTER,
    ),
    _page(
        "Notices: publish, discard",
        "/admin/attendance/notice/<purpose>/publish/",
        "/admin/attendance/notice/<purpose>/discard/",
        act=rules.ADMINISTER,
    ),
    _page(
        "Geofences: look at what is drawn, retire",
        "/admin/attendance/geofence/preview/",
        "/admin/attendance/geofence/<fence_id>/retire/",
        act=rules.CONFIGURE,
    ),
    _page("Geofences: find an address", "/admin/attendance/geofence/search/", look=rules.CONFIGURE),
    _page(
        "Geofences: bring in a file",
        "/admin/attendance/geofence/import/",
        look=rules.CONFIGURE,
        act=rules.CONFIGURE,
    ),
    _page("Geofences: export", "/admin/attendance/geofence/export/", act=rules.EXPORT),
    _page("Flights: import", "/admin/attendance/flight/import/", look=rules.ADMINISTER,
          act=rules.ADMINISTER),
    _page(
        "Requests: what waits for me; decide several",
        "/admin/approvals/request/inbox/",
        look=rules.FRONT,
        act=rules.FRONT,
    ),
    _page(
        "Requests: ask for somebody else",
        "/admin/approvals/request/ask/<employee_id>/make-up/",
        "/admin/approvals/request/ask/<employee_id>/absence/",
        look=rules.CONFIGURE,
        act=rules.CONFIGURE,
    ),
    _page("Requests: decide", "/admin/approvals/request/<request_id>/act/",
          act=rules.CONSOLE_ANSWERS),
    _page(
        "Approval matrix: who will decide, and why",
        "/admin/approvals/approvalrule/who/",
        look=rules.CONFIGURE,
    ),
    _page("Punches: evidence", "/admin/attendance/punch/<punch_id>/evidence/", look=rules.EVIDENCE,
          act=rules.EVIDENCE),
    _page(
        "Punches: take out of the count, count again",
        "/admin/attendance/punch/<object_id>/invalidate/",
        "/admin/attendance/punch/<object_id>/reinstate/",
        look=rules.DECIDE,
        act=rules.DECIDE,
    ),
    _page(
        "Position reports: a day on the map",
        "/admin/attendance/positionreport/day/<employee_id>/<work_date>/",
        look=rules.EVIDENCE,
        act=rules.EVIDENCE,
    ),
    _page("Totals", "/admin/totals/", look=rules.SUMMARISE),
    _page("Totals: export", "/admin/totals/export/", act=rules.SUMMARISE),
    _page(
        "Periods: close, decide about a reopening",
        "/admin/attendance/attendanceperiod/<period_id>/close/",
        "/admin/attendance/attendanceperiod/reopening/<reopening_id>/",
        look=rules.CONFIGURE,
        act=rules.CONFIGURE,
    ),
    _page(
        "Periods: ask to reopen, take away",
        *(f"/admin/attendance/attendanceperiod/<period_id>/{step}/"
          for step in ("reopen", "remove")),
        act=rules.CONFIGURE,
    ),
    _page(
        "Periods: progress of a closing",
        "/admin/attendance/attendanceperiod/<period_id>/progress/",
        look=rules.THINGS,
    ),
    _page(
        "Closings: check the days",
        "/admin/attendance/periodclosing/<closing_id>/verify/",
        act=rules.THINGS,
    ),
    _page(
        "Closings: export",
        "/admin/attendance/periodclosing/<closing_id>/export/",
        act=rules.EXPORT,
    ),
    _page("Rosters: export", "/admin/scheduling/rosterentry/export/", act=rules.EXPORT),
    _page(
        "Roster imports: undo",
        "/admin/scheduling/rosterbatch/<batch_id>/undo/",
        act=rules.CONFIGURE,
    ),
    _page("Days: month", "/admin/attendance/attendanceday/month/", look=rules.PEOPLE),
    _page(
        "Days: one day; judge it again",
        "/admin/attendance/attendanceday/day/<employee_id>/<work_date>/",
        look=rules.PEOPLE,
        act=rules.CONFIGURE,
    ),
    _page(
        "Terminals: bring in a log file",
        "/admin/devices/terminalupload/upload/",
        look=rules.CONFIGURE,
        act=rules.CONFIGURE,
    ),
    _page(
        "Terminals: buttons that lead to that page",
        "/admin/devices/terminal/upload-log/",
        "/admin/devices/terminalupload/go-upload/",
        look=rules.CONFIGURE,
    ),
    _page(
        "Terminals: the button that leads to the lines",
        "/admin/devices/terminal/said/",
        look=rules.CONSOLE,
    ),
    _page(
        "QR screens: show here, print",
        *(f"/admin/devices/qrscreen/<object_id>/{page}/" for page in ("show", "sheet")),
        "/admin/devices/qrscreen/<screen_id>/code/",
        look=rules.CONFIGURE,
    ),
    _page(
        "QR screens: pair, unpair, another secret, revoke",
        "/admin/devices/qrscreen/<object_id>/pairing/",
        look=rules.CONFIGURE,
        act=rules.CONFIGURE,
    ),
    _page(
        "Log uploads: say whose a PIN is",
        "/admin/devices/terminalupload/<upload_id>/link/",
        act=rules.CONFIGURE,
    ),
)  # fmt: skip

_ACTIONS: Final = (
    _action(
        "Audit log: export",
        "organization.auditentry: export_csv",
        "organization.auditentry: export_workbook",
        act=rules.EXPORT,
    ),
    _action("Failed log-ins: lift", "axes.accessattempt: lift", act=rules.ADMINISTER),
    _action("Deputies: end", "approvals.delegation: end", act=rules.DECIDE),
    _action("Corrections: revoke", "attendance.correction: revoke", act=rules.DECIDE),
    _action(
        "Absences, overtime: revoke",
        "attendance.absence: revoke",
        "attendance.overtimeapproval: revoke",
        act=rules.CONFIGURE,
    ),
    _action(
        "Waiting work, terminal lines: try again",
        "attendance.waitingday: try_again",
        "devices.terminalline: try_again",
        act=rules.CONFIGURE,
    ),
    _action("Legal holds: lift", "organization.legalhold: lift", act=rules.CONFIGURE),
    _action("Positions: delete", "organization.position: delete_selected", act=rules.ADMINISTER),
    _action("Shift codes: delete", "scheduling.shiftcode: delete_selected", act=rules.CONFIGURE),
)

_PROGRAMS: Final = (
    _api("Punching: what the page shows", "GET /punch/state/", look=rules.OWN_PAGES),
    _api(
        "Punching: what a phone signs before it is bound",
        "GET /punch/phone/challenge/",
        look=rules.OWN_PAGES,
    ),
    _api(
        "Punching: make a punch, bind a phone, say its address, agree, switch",
        *(
            f"POST /punch/{step}/"
            for step in (
                "make",
                "phone",
                "phone/release",
                "phone/address",
                "phone/address/remove",
                "positioning",
                "consent",
                "automatic",
            )
        ),
        act=rules.OWN_PAGES,
    ),
    _api(
        "Departments, shifts",
        *(f"GET /api/v1/{thing}/" for thing in ("departments", "shifts")),
        *(f"GET /api/v1/{thing}/<pk>/" for thing in ("departments", "shifts")),
        look=rules.API_THINGS,
    ),
    _api(
        "Employees, assignments, punches",
        *(f"GET /api/v1/{thing}/" for thing in ("employees", "shift-assignments", "punches")),
        *(f"GET /api/v1/{thing}/<pk>/" for thing in ("employees", "shift-assignments")),
        look=rules.API_PEOPLE,
    ),
    _api("Totals", "GET /api/v1/totals/", look=rules.API_TOTALS),
    _api("Report one's own position on duty", "POST /api/v1/user/location/", act=rules.API_OWN),
    _api(
        "Requests",
        "GET /api/v1/approval/flow/",
        "GET /api/v1/approval/flow/<request_id>/",
        look=rules.API_PEOPLE,
    ),
    _api("Requests: start one", "POST /api/v1/approval/flow/", act=rules.API_ASK),
    _api("Requests: decide", "POST /api/v1/approval/flow/<request_id>/", act=rules.API_ANSWERS),
    _api("Report punches", "POST /api/v1/punches/", act=rules.API_RECORD),
    _api(
        "What there is and how to ask",
        "GET /api/v1/",
        "GET /api/schema/",
        "GET /api/docs/",
        look=rules.API_WORDS,
    ),
)

# Rows are their only orders: whoever may write the row sets them to work, nobody calls them.
_WORK: Final = (
    _inside(
        Kind.TASK,
        "Rung by the beat; they judge what waits, whosever it is",
        *(f"attendance.tasks.{name}"
          for name in ("judge_waiting_days", "judge_range_of_people", "open_days",
                       "take_in_lines", "take_in_joins", "settle_second_checks",
                       "settle_claims")),
    ),
    _inside(
        Kind.TASK,
        "Rung by the beat; it reminds, goes up and asks successors, whosever request it is",
        "approvals.tasks.look_after_requests",
        "approvals.tasks.deliver_notifications",
        "approvals.tasks.remind_people",
    ),
    _inside(
        Kind.TASK,
        "Rung by the beat; it closes what was ordered, with the rights of who ordered it",
        "attendance.tasks.close_ordered_periods",
    ),
    _inside(
        Kind.TASK,
        "Rung by the beat; they write what was confirmed, with the rights of who confirmed it",
        "scheduling.tasks.write_ordered_rosters",
    ),
    _inside(Kind.TASK, "Rung by the beat; statutory days", "scheduling.tasks.sync_calendars"),
    _inside(
        Kind.TASK,
        "Rung by the beat; they seal rows, whosever they are, and check the seals",
        "organization.tasks.seal_new_rows",
        "organization.tasks.check_seals",
    ),
    _inside(
        Kind.TASK,
        "Rung by the beat; it shuts what has ended: sessions, log-ins of leavers",
        "organization.tasks.shut_what_ended",
    ),
    _inside(
        Kind.TASK,
        "Rung by the beat; it deletes what is past its date, and proves it",
        "organization.tasks.delete_what_is_past",
    ),
    _inside(Kind.TASK, "The library's own; they reach no row", "celery.*"),
)  # fmt: skip

# Whoever has the shell of the server has the database: its commands stand outside of all roles.
_SHELL: Final = (
    _inside(Kind.COMMAND, "Punches and rosters from files; days judged again",
            "attendance: import_attlog", "attendance: import_flights", "attendance: recompute",
            "scheduling: import_roster"),
    _inside(Kind.COMMAND, "What Wi-Fi controllers say, each by its address and secret",
            "devices: radius"),
    _inside(Kind.COMMAND, "Checksums of closed periods", "attendance: verify_closings"),
    _inside(Kind.COMMAND, "The demo company, made and taken away", "config: demo"),
    _inside(Kind.COMMAND, "Tokens, seals, lost passwords and factors, locked log-ins",
            *(f"organization: {name}" for name in (
                "issue_token", "seals", "verify_seals", "who_is_affected", "one_time_password",
                "forget_facts", "reset_second_factor", "unlock"))),
    _inside(Kind.COMMAND, "Keys of sealed fields", "organization: rotate_keys"),
    _inside(Kind.COMMAND, "Running, looking, checking; they reach no row", "config: serve",
            "config: list_doors", "attendance: run_cases", "organization: data_map"),
    _inside(Kind.COMMAND, "What the web server's role may do in the database",
            "config: database_grants"),
    _inside(Kind.COMMAND, "Log-ins and grants, of libraries", "django.contrib.auth: *",
            "guardian: *", "axes: *", "django.contrib.sessions: *"),
    _inside(Kind.COMMAND, "Rows as they stand, of libraries", "django.core: *",
            "import_export: *", "django.contrib.contenttypes: *"),
    _inside(Kind.COMMAND, "Files and schemas, of libraries", "django.contrib.staticfiles: *",
            "drf_spectacular: *", "rest_framework: *"),
)  # fmt: skip

BOOK: Final = (
    *_FRONT,
    *(line for room in ROOMS for line in room.lines()),
    *_STEPS,
    *_ACTIONS,
    *_PROGRAMS,
    *_WORK,
    *_SHELL,
)

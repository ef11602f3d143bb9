"""The engine's codes in the reader's language: notes as sentences, statuses and slots as labels.

Times are wall times of the site; an hour past 24 belongs to the next day, as in rosters (30:00).
"""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.utils.functional import Promise
from django.utils.translation import gettext, ngettext_lazy
from django.utils.translation import gettext_lazy as _

from attendance.engine.values import Anomaly, DayType, Minute, NoteCode, OvertimeClass, Status
from attendance.planning import moment_of

STATUSES: Final[Mapping[Status, Promise]] = {
    Status.NORMAL: _("Normal"),
    Status.LATE: _("Late"),
    Status.SEVERE_LATE: _("Severely late"),
    Status.ABSENT_LATE: _("Absent by lateness"),
    Status.EARLY: _("Left early"),
    Status.ABSENT_EARLY: _("Absent by leaving early"),
    Status.LATE_EARLY: _("Late and left early"),
    Status.MISSING: _("Missing punch"),
    Status.HALF_DAY: _("Half day"),
    Status.ABSENT: _("Absent"),
    Status.SHORT_HOURS: _("Short hours"),
    Status.ON_LEAVE: _("On leave"),
    Status.ON_OUTING: _("On an outing or trip"),
    Status.REST: _("Rest day"),
    Status.REST_OVERTIME: _("Overtime on a rest day"),
    Status.HOLIDAY: _("Holiday"),
    Status.HOLIDAY_OVERTIME: _("Overtime on a holiday"),
    Status.NOT_REQUIRED: _("No punching required"),
    Status.PENDING: _("Pending"),
    Status.REVIEW: _("To review"),
}
ANOMALIES: Final[Mapping[Anomaly, Promise]] = {
    Anomaly.WEAK_GPS: _("Weak GPS"),
    Anomaly.OUT_OF_FENCE: _("Out of fence"),
    Anomaly.DUPLICATE: _("Repeated punch"),
    Anomaly.TIME: _("Late or left early"),
    Anomaly.MISSING: _("Missing punch"),
    Anomaly.WIFI: _("Unknown Wi-Fi"),
    Anomaly.DEVICE: _("Unusual device"),
    Anomaly.SECOND_CHECK: _("Second check"),
}
DAY_TYPES: Final[Mapping[DayType, Promise]] = {
    DayType.WORKDAY: _("Working day"),
    DayType.MAKEUP_WORKDAY: _("Moved working day"),
    DayType.SPECIAL_WORKDAY: _("Special working day"),
    DayType.REST: _("Rest day"),
    DayType.HOLIDAY: _("Holiday"),
}
OVERTIME_CLASSES: Final[Mapping[OvertimeClass, Promise]] = {
    OvertimeClass.WORKDAY: _("Overtime on a working day"),
    OvertimeClass.RESTDAY: _("Overtime on a rest day"),
    OvertimeClass.HOLIDAY: _("Overtime on a holiday"),
}
REASONS: Final[Mapping[str, Promise]] = {
    "nonexistent_local_time": _(
        "the clocks change that day, and a time of the shift does not exist"
    ),
}

SENTENCES: Final[Mapping[NoteCode, Promise]] = {
    "absent": _("No punch all day → absent, %(days)s days."),
    "absent_below": _("Worked %(minutes)s, less than %(below)s → absent."),
    "absent_early": _("%(minutes)s early is more than %(after)s → absent, %(days)s days."),
    "absent_late": _("%(minutes)s late is more than %(after)s → absent, %(days)s days."),
    "absent_segments": ngettext_lazy(
        "%(count)d segment without a punch → absent, %(days)s days.",
        "%(count)d segments without a punch → absent, %(days)s days.",
        "count",
    ),
    "corrected": _("An approved make-up fills the %(slot)s at %(at)s."),
    "correction_idle": _("An approved make-up for the %(slot)s at %(at)s is not needed."),
    "day_off": _("%(kind)s: nothing is due."),
    "early": ngettext_lazy(
        "End %(end)s, punch %(at)s, grace %(grace)d → left %(minutes)d minute early.",
        "End %(end)s, punch %(at)s, grace %(grace)d → left %(minutes)d minutes early.",
        "minutes",
    ),
    "end_excused": _("Leave covers the end: the %(slot)s is due at %(end)s."),
    "exempt": _("This person need not punch."),
    "half_day_below": _("Worked %(minutes)s, less than %(below)s → half a day absent."),
    "held": ngettext_lazy(
        "%(count)d punch is held and does not count until it is accepted.",
        "%(count)d punches are held and do not count until they are accepted.",
        "count",
    ),
    "late": ngettext_lazy(
        "Start %(start)s, punch %(at)s, grace %(grace)d → %(minutes)d minute late.",
        "Start %(start)s, punch %(at)s, grace %(grace)d → %(minutes)d minutes late.",
        "minutes",
    ),
    "leave": _("Approved leave: %(minutes)s of scheduled time."),
    "leave_covers_day": _("Leave covers all that was due."),
    "merged": _("%(count)d punches from %(at)s to %(until)s count as one."),
    "missing": _("The %(slot)s is missing; the punch window closed at %(closes)s."),
    "no_shift": _("No shift is planned for this day."),
    "not_employed": _("Not employed on this day."),
    "on_time": _("Start %(start)s, punch %(at)s, grace %(grace)d → on time."),
    "outside_window": ngettext_lazy(
        "%(count)d punch lies outside the punch window %(opens)s–%(closes)s and is not counted.",
        "%(count)d punches lie outside the punch window %(opens)s–%(closes)s and are not counted.",
        "count",
    ),
    "overtime": _("%(kind)s: %(gross)s, less %(rest)s of rest → %(minutes)s counted."),
    "overtime_below_minimum": _(
        "Overtime of %(minutes)s is less than the minimum of %(minimum)s → none counted."
    ),
    "pending": _("The punch window is open until %(closes)s; the day is not judged yet."),
    "review": _("The day cannot be judged: %(reason)s."),
    "rounded": _("%(exact)s worked is rounded to %(minutes)s."),
    "severe_late": _("%(minutes)s late is more than %(after)s → severely late."),
    "shift_moved": _("Flexible hours: the shift moves by %(moved)s with the arrival."),
    "short_hours": _("%(required)s required → %(shortage)s too few."),
    "start_excused": _("Leave covers the start: the %(slot)s is due at %(start)s."),
    "start_moved": _("Left at %(left)s the evening before → today starts at %(start)s."),
    "stayed": _("End %(end)s, punch %(at)s, grace %(grace)d → stayed to the end."),
    "waived": _("The %(slot)s is waived: out on business %(from)s–%(until)s."),
    "worked": _("Worked %(minutes)s of %(required)s."),
}

_MOMENTS: Final = frozenset({"start", "end", "at", "left", "from", "until", "opens", "closes"})
_DURATIONS: Final = frozenset(
    {"minutes", "after", "below", "minimum", "gross", "rest", "exact", "required", "shortage"}
)
# Here minutes stand as a bare number, so that a language can choose its plural.
_COUNTED: Final = frozenset({"late", "early"})
_SEGMENT_OPENS: Final = frozenset({"on_time", "late", "stayed", "early"})


def sentence(code: str, facts: Mapping[str, Any], *, work_date: date, zone: ZoneInfo) -> str:
    """Return a note as a sentence in the language of the moment. Raise KeyError on other codes."""
    said: dict[str, Any] = {**facts}
    for name, value in facts.items():
        if name in _MOMENTS:
            said[name] = time_text(Minute(value), work_date=work_date, zone=zone)
        elif name in _DURATIONS and code not in _COUNTED:
            said[name] = duration_text(value)
    if "slot" in facts:
        said["slot"] = slot_label(facts["slot"])
    if "reason" in facts:
        said["reason"] = REASONS.get(facts["reason"], facts["reason"])
    if code == "shift_moved":
        said["moved"] = duration_text(facts["minutes"])
    if code == "overtime":
        said["kind"] = OVERTIME_CLASSES[facts["kind"]]
        if not facts["rest"]:
            return gettext("%(kind)s: %(gross)s → %(minutes)s counted.") % said
    elif code == "day_off":
        said["kind"] = DAY_TYPES[facts["kind"]]
    elif code == "worked" and not facts["required"]:
        return gettext("Worked %(minutes)s.") % said
    text = str(SENTENCES[code] % said)  # type: ignore[index]
    number = facts.get("slot", "").lstrip("inout")
    if number and code in _SEGMENT_OPENS:
        return gettext("Segment %(number)s: %(sentence)s") % {"number": number, "sentence": text}
    return text


def sentences(
    notes: Iterable[tuple[str, Mapping[str, Any]]], *, work_date: date, zone: ZoneInfo
) -> list[str]:
    """Return the notes of a day, as the engine made them or as they were stored, as sentences."""
    return [sentence(code, facts, work_date=work_date, zone=zone) for code, facts in notes]


def time_text(moment: Minute, *, work_date: date, zone: ZoneInfo) -> str:
    """Return a moment as wall time of the site: 21:55, and 30:00 for 06:00 on the next day."""
    local = moment_of(moment).astimezone(zone)
    days = (local.date() - work_date).days
    if days < 0:
        time = f"{local.hour:02}:{local.minute:02}"
        return gettext("%(time)s (%(date)s)") % {"time": time, "date": f"{local:%Y-%m-%d}"}
    return f"{local.hour + 24 * days:02}:{local.minute:02}"


_EVIDENCE: Final = {
    "latitude": _("latitude"),
    "longitude": _("longitude"),
    "accuracy_metres": _("accuracy in metres"),
    "datum": _("datum"),
    "bssid": _("MAC address (BSSID)"),
}


def evidence_lines(facts: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return what was kept as evidence, line by line, each with its name in words."""
    return [
        (str(_EVIDENCE.get(key, key)), "–" if value is None else str(value))
        for key, value in facts.items()
    ]


def duration_text(minutes: int) -> str:
    """Return minutes as "25 min" or "7 h 30 min", with a minus where they are negative."""
    hours, rest = divmod(abs(minutes), 60)
    facts = {"hours": hours, "minutes": rest, "sign": "−" if minutes < 0 else ""}
    if not hours:
        return gettext("%(sign)s%(minutes)d min") % facts
    if not rest:
        return gettext("%(sign)s%(hours)d h") % facts
    return gettext("%(sign)s%(hours)d h %(minutes)d min") % facts


def slot_label(slot: str) -> str:
    """Return what a slot ("in", "out2") is called."""
    side = slot.rstrip("0123456789")
    number = slot[len(side) :]
    if not number:
        return gettext("in-punch") if side == "in" else gettext("out-punch")
    facts = {"number": number}
    if side == "in":
        return gettext("in-punch of segment %(number)s") % facts
    return gettext("out-punch of segment %(number)s") % facts

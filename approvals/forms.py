"""What people write when they ask for something."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from approvals.models import NotificationSetting, Request
from approvals.services.deciding import REASON_AT_MOST
from approvals.wording import punch_text
from attendance.evidence.photos import BYTES_AT_MOST
from attendance.models import Punch
from attendance.wording import slot_label

_MOMENT = "%Y-%m-%dT%H:%M"


def _date_box() -> forms.DateInput:
    return forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


def _time_box() -> forms.TimeInput:
    return forms.TimeInput(attrs={"type": "time"}, format="%H:%M")


class _AskForm(forms.Form):
    """Everything that is asked has a reason."""

    reason = forms.CharField(
        label=_("Reason"), max_length=REASON_AT_MOST, widget=forms.Textarea(attrs={"rows": 2})
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        # It comes last, after what is asked.
        self.order_fields([name for name in self.fields if name != "reason"])


class MakeUpForm(_AskForm):
    """Which slot of a day, and when one was there."""

    work_date = forms.DateField(label=_("Work date"), widget=_date_box())
    slot = forms.ChoiceField(label=_("Which punch"))
    corrected_at = forms.DateTimeField(
        label=_("I was there at"),
        input_formats=[_MOMENT, "%Y-%m-%d %H:%M"],
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format=_MOMENT),
    )
    photo = forms.FileField(
        label=_("Photo"),
        required=False,
        widget=forms.FileInput(attrs={"accept": "image/jpeg,image/png,image/webp"}),
        help_text=_("JPEG, PNG or WebP, at most 8 MB. Whoever decides sees it."),
    )

    def __init__(
        self, *args: Any, slots: tuple[str, ...], is_photo_needed: bool, **options: Any
    ) -> None:
        super().__init__(*args, **options)
        self.fields["photo"].required = is_photo_needed
        self.fields["slot"].choices = [(slot, capfirst(slot_label(slot))) for slot in slots]

    def clean_photo(self) -> bytes | None:
        """Return the content of the file; what is too large to be read is refused unread."""
        file = self.cleaned_data["photo"]
        if file is None:
            return None
        if file.size > BYTES_AT_MOST:
            raise ValidationError(_("Choose a photo of at most 8 MB."))
        content: bytes = file.read()
        return content


def slot_of_punch(punch: Punch) -> str:
    """Return the choice of AppealForm that means a refused punch."""
    return f"punch-{punch.pk}"


class AppealForm(_AskForm):
    """What of a day is disputed: a slot, or that a punch was refused."""

    work_date = forms.DateField(label=_("Work date"), widget=_date_box())
    slot = forms.ChoiceField(label=_("What I dispute"))

    def __init__(
        self, *args: Any, slots: tuple[str, ...], day: date, refused: list[Punch], **options: Any
    ) -> None:
        super().__init__(*args, **options)
        self._refused = {slot_of_punch(punch): punch for punch in refused}
        self.fields["slot"].choices = [
            *((slot, capfirst(slot_label(slot))) for slot in slots),
            *((key, capfirst(punch_text(one, day))) for key, one in self._refused.items()),
        ]

    def clean(self) -> dict[str, Any]:
        """Tell a punch that was chosen from a slot."""
        cleaned = super().clean() or {}
        if (punch := self._refused.get(cleaned.get("slot", ""))) is not None:
            cleaned |= {"slot": "", "punch": punch}
        return cleaned


class AbsenceForm(_AskForm):
    """Leave, an outing or a trip: by days and half days, or from an hour to another."""

    kind = forms.ChoiceField(
        label=_("What"),
        choices=[
            (kind.value, kind.label)
            for kind in (Request.Kind.LEAVE, Request.Kind.OUTING, Request.Kind.TRIP)
        ],
    )
    leave_type = forms.ChoiceField(
        label=_("Kind of leave"),
        choices=[("", _("– not leave –")), *Request.LeaveType.choices],
        initial=Request.LeaveType.ANNUAL,
        required=False,
    )
    unit = forms.ChoiceField(
        label=_("Counted in"),
        choices=Request.Unit.choices,
        initial=Request.Unit.DAY,
        required=False,
        widget=forms.RadioSelect,
    )
    first = forms.DateField(label=_("From"), widget=_date_box())
    from_noon = forms.BooleanField(label=_("from the second half of the day"), required=False)
    last = forms.DateField(label=_("To"), widget=_date_box())
    until_noon = forms.BooleanField(label=_("until the first half of the day"), required=False)
    starts = forms.TimeField(label=_("From the hour"), required=False, widget=_time_box())
    ends = forms.TimeField(label=_("To the hour"), required=False, widget=_time_box())

    def clean(self) -> dict[str, Any]:
        """Refuse hours that do not go with the unit, and a kind of leave that is none."""
        cleaned = super().clean() or {}
        self._check_hours(cleaned)
        self._check_order(cleaned)
        if cleaned.get("kind") == Request.Kind.LEAVE and not cleaned.get("leave_type"):
            self.add_error("leave_type", _("Choose the kind of leave."))
        elif cleaned.get("kind") != Request.Kind.LEAVE:
            cleaned["leave_type"] = ""
        return cleaned

    def _check_hours(self, cleaned: dict[str, Any]) -> None:
        unit = cleaned.get("unit")
        missing = [name for name in ("starts", "ends") if cleaned.get(name) is None]
        if unit == Request.Unit.DAY and len(missing) < 2:
            # What is meant is not guessed: a day is paid otherwise than an hour.
            self.add_error("starts", _("Leave the hours empty, or choose hours above."))
        elif (unit == Request.Unit.HOUR and missing) or len(missing) == 1:
            for name in missing:
                if name not in self.errors:
                    self.add_error(name, _("Give both hours."))

    def _check_order(self, cleaned: dict[str, Any]) -> None:
        first, last = cleaned.get("first"), cleaned.get("last")
        if first is None or last is None:
            return
        starts, ends = cleaned.get("starts"), cleaned.get("ends")
        if last < first:
            self.add_error("last", _("It ends before it starts."))
        elif last == first and starts is not None and ends is not None and ends <= starts:
            self.add_error("ends", _("The end must lie after the beginning."))

    @property
    def is_hours(self) -> bool:
        """Whether it is asked from an hour to another."""
        return self.cleaned_data.get("starts") is not None


class OvertimeForm(_AskForm):
    """Overtime of a work date; an end before the beginning is on the next day."""

    work_date = forms.DateField(label=_("Work date"), widget=_date_box())
    starts = forms.TimeField(label=_("From the hour"), widget=_time_box())
    ends = forms.TimeField(
        label=_("To the hour"),
        widget=_time_box(),
        help_text=_("An hour before the first one is on the next day."),
    )

    def span(self, zone: Any) -> tuple[datetime, datetime]:
        """Return the moments that are meant, on the wall of the person's site."""
        day = self.cleaned_data["work_date"]
        starts = at_wall(day, self.cleaned_data["starts"], zone)
        ends = at_wall(day, self.cleaned_data["ends"], zone)
        if ends <= starts:
            ends = at_wall(day + timedelta(days=1), self.cleaned_data["ends"], zone)
        return starts, ends


def at_wall(day: Any, clock: time, zone: Any) -> datetime:
    """Return a wall time of a date as a moment."""
    return datetime.combine(day, clock, zone)


class NotificationForm(forms.ModelForm):
    """How somebody wants to be told."""

    class Meta:
        model = NotificationSetting
        fields = ("mail", "mail_hour", "punch_minutes")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for field in self.fields.values():
            field.label = capfirst(str(field.label))

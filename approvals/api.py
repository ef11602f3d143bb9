"""Requests for programs: start one, read them, decide one. The same services as the pages."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import ROUND_HALF_UP
from typing import Any, ClassVar

from django.db.models import Prefetch, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework import generics, serializers
from rest_framework.exceptions import PermissionDenied, ValidationError
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request as ApiRequest
from rest_framework.response import Response
from rest_framework.settings import api_settings

from approvals import acting, cards, services
from approvals.content import YEARS
from approvals.models import Decider, Request, Step
from approvals.services.standing import visible
from attendance.models import Punch, PunchDecision
from attendance.services.days import local_date
from attendance.uploads import posted_photo
from organization.access import Action, granted_paths
from organization.errors import NotFound
from organization.models import Employee, User


class MomentField(serializers.DateTimeField):
    """A moment with its offset: what an hour without one means, the server does not guess."""

    def enforce_timezone(self, value: datetime) -> datetime:
        """Return the moment. Raises ValidationError for one without an offset."""
        if timezone.is_naive(value):
            raise ValidationError(_("Write the moment with its offset."), code="naive_time")
        return super().enforce_timezone(value)


class StepSerializer(serializers.ModelSerializer[Step]):
    """One decision due: whom it asks, and what it has come to."""

    deciders = serializers.SerializerMethodField()

    class Meta:
        model = Step
        fields = ("index", "way", "mode", "deciders", "opened_at", "closed_at", "verdict")

    def get_deciders(self, step: Step) -> list[str]:
        """Return the log-ins that the step asks."""
        return [row.user.get_username() for row in step.deciders.all()]


class RequestSerializer(serializers.ModelSerializer[Request]):
    """A request: who, what, and what has become of it. `digest` is that of what it says."""

    employee = serializers.SlugRelatedField("number", read_only=True)  # type: ignore[var-annotated]
    department = serializers.SlugRelatedField("code", read_only=True)  # type: ignore[var-annotated]
    # Told to two places, as on every page.
    amount_days = serializers.DecimalField(
        max_digits=5, decimal_places=2, rounding=ROUND_HALF_UP, read_only=True
    )
    steps = StepSerializer(many=True, read_only=True)

    class Meta:
        model = Request
        fields = (
            "id",
            "kind",
            "status",
            "employee",
            "department",
            "work_date",
            "slot",
            "corrected_at",
            "punch",
            "anomaly",
            "starts_at",
            "ends_at",
            "leave_type",
            "amount_days",
            "reason",
            "submitted_at",
            "settled_at",
            "settled_reason",
            "digest",
            "steps",
        )


class StartSerializer(serializers.Serializer[Any]):
    """What is asked. Which fields a kind needs stands beside each."""

    KINDS: ClassVar = [kind for kind in Request.Kind.choices if kind[0] != "held_punch"]

    kind = serializers.ChoiceField(KINDS)
    employee = serializers.CharField(
        required=False, max_length=40, help_text="The employee's number; left out: oneself."
    )
    reason = serializers.CharField(max_length=200)
    work_date = serializers.DateField(required=False, help_text="make_up, appeal, overtime")
    slot = serializers.RegexField(
        "^(in|out)([1-9][0-9]?)?$", required=False, help_text="make_up, appeal"
    )
    punch = serializers.IntegerField(
        required=False,
        min_value=1,
        max_value=2**63 - 1,
        help_text=(
            "appeal: a refused punch, in place of a slot. The work date is then the one that takes "
            "the punch, and need not be given; the date on which it was made means that one, and "
            "any other is refused."
        ),
    )
    at = MomentField(required=False, help_text="make_up: when one was there")
    starts_at = MomentField(required=False, help_text="overtime, absences by hours")
    ends_at = MomentField(required=False, help_text="overtime, absences by hours")
    first = serializers.DateField(required=False, help_text="absences by days")
    last = serializers.DateField(required=False, help_text="absences by days")
    from_noon = serializers.BooleanField(default=False)
    until_noon = serializers.BooleanField(default=False)
    leave_type = serializers.ChoiceField(
        Request.LeaveType.choices, required=False, help_text="leave"
    )

    def validate(self, said: dict[str, Any]) -> dict[str, Any]:
        """Refuse a kind without the fields that it needs, and dates that no calendar reaches."""
        for name, value in said.items():
            if isinstance(value, date) and value.year not in YEARS:
                raise ValidationError({name: [_("Give a date between 2000 and 2100.")]})
        if "punch" in said and (said["kind"] != Request.Kind.APPEAL or "slot" in said):
            raise ValidationError(
                {"punch": [_("Only an appeal is about a punch, and then about no slot.")]}
            )
        if "first" in said and "starts_at" in said:
            raise ValidationError({"first": [_("Give days or hours, not both.")]})
        missing = [name for name in _needs(said) if name not in said]
        if missing:
            raise ValidationError({missing[0]: [_("This field is required.")]})
        return said


class StartWithPhotoSerializer(StartSerializer):
    """The same as a form, beside which a photo may lie."""

    photo = serializers.FileField(
        required=False,
        help_text="make_up: JPEG, PNG or WebP of at most 8 MB; some rules want one.",
    )


def _needs(said: dict[str, Any]) -> tuple[str, ...]:
    kind = said["kind"]
    if kind == Request.Kind.MAKE_UP:
        return ("work_date", "slot", "at")
    if kind == Request.Kind.APPEAL:
        return () if "punch" in said else ("work_date", "slot")
    if kind == Request.Kind.OVERTIME:
        return ("work_date", "starts_at", "ends_at")
    span = ("starts_at", "ends_at") if "starts_at" in said else ("first", "last")
    return (*span, "leave_type") if kind == Request.Kind.LEAVE else span


class DecisionSerializer(serializers.Serializer[Any]):
    """What is done with a request. Whatever else is sent changes nothing."""

    decision = serializers.ChoiceField(["approve", "reject", "withdraw", "revoke"])
    reason = serializers.CharField(
        required=False, allow_blank=True, max_length=200, help_text="Needed to reject and revoke."
    )
    step = serializers.IntegerField(
        required=False,
        min_value=1,
        max_value=99,
        help_text="The step that was seen: a repeat is then no decision at the next one.",
    )


def _rows(user: User) -> QuerySet[Request]:
    deciders = Decider.objects.select_related("user")
    steps = Step.objects.order_by("index").prefetch_related(Prefetch("deciders", deciders))
    rows = Request.objects.filter(visible(user, timezone.now()))
    return rows.select_related("employee", "department").prefetch_related(Prefetch("steps", steps))


def _is_said(asked: Mapping[str, str], name: str) -> bool:
    """Return a yes or no of the address; what is not there is a no. Raises ValidationError."""
    word = asked.get(name, "").lower()
    if word in serializers.BooleanField.TRUE_VALUES:
        return True
    if not word or word in serializers.BooleanField.FALSE_VALUES:
        return False
    raise ValidationError({name: [_("Give true or false.")]})


class FlowView(generics.ListAPIView[Request]):
    """Requests that the caller may read, and the door through which they are started."""

    serializer_class = RequestSerializer
    queryset = Request.objects.none()
    parser_classes = (*api_settings.DEFAULT_PARSER_CLASSES, MultiPartParser)

    def get_queryset(self) -> QuerySet[Request]:
        """Return the visible requests, narrowed down by `status`, `employee` and `waits_for_me`."""
        rows = _rows(self.request.user)
        asked = self.request.query_params
        if status := asked.get("status"):
            if status not in Request.Status.values:
                raise ValidationError({"status": [_("Give one of the statuses.")]})
            rows = rows.filter(status=status)
        if number := asked.get("employee"):
            if len(number) > 40 or not number.isprintable():
                raise ValidationError({"employee": [_("Give an employee's number.")]})
            rows = rows.filter(employee__number=number)
        if _is_said(asked, "waits_for_me"):
            mine = cards.inbox(self.request.user, now=timezone.now())
            rows = rows.filter(pk__in=mine.order_by().values("pk"))
        return rows

    @extend_schema(
        parameters=[
            OpenApiParameter("status", str, enum=Request.Status.values),
            OpenApiParameter("employee", str, description="An employee's number."),
            OpenApiParameter("waits_for_me", bool, description="Only what the caller can decide."),
        ]
    )
    def get(self, request: ApiRequest, *args: Any, **options: Any) -> Response:
        """List requests, the latest first."""
        return super().get(request, *args, **options)

    @extend_schema(
        request={
            "application/json": StartSerializer,
            "multipart/form-data": StartWithPhotoSerializer,
        },
        responses={201: RequestSerializer},
        examples=[
            OpenApiExample(
                "A make-up punch",
                {
                    "kind": "make_up",
                    "work_date": "2026-09-01",
                    "slot": "out",
                    "at": "2026-09-01T18:00:00+08:00",
                    "reason": "The gate was open",
                },
                request_only=True,
            )
        ],
    )
    def post(self, request: ApiRequest) -> Response:
        """Start a request: one's own, or of somebody whom the caller configures.

        Answers 201, or 409 with the code of what the rule refuses: `quota_spent`, `future`,
        `too_late`, `asked_already`, `period_closed`, `photo_missing` … A photo goes with a make-up
        that is sent as a form.
        """
        user: Any = request.user
        own = getattr(user, "employee", None)
        if own is None and granted_paths(user, Action.RULE) == ():
            raise PermissionDenied
        form = StartSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        said = form.validated_data
        photo = _photo(request, said["kind"])
        employee = _employee(user, said.get("employee"), own)
        made = _start(said, photo, {"employee": employee, "actor": user, "now": timezone.now()})
        return Response(RequestSerializer(_rows(user).get(pk=made.pk)).data, 201)


@extend_schema(parameters=[OpenApiParameter("request_id", int, OpenApiParameter.PATH)])
class FlowRequestView(generics.RetrieveAPIView[Request]):
    """One request; and the door through which it is decided."""

    serializer_class = RequestSerializer
    queryset = Request.objects.none()
    lookup_url_kwarg = "request_id"

    def get_queryset(self) -> QuerySet[Request]:
        """Return the visible requests."""
        return _rows(self.request.user)

    @extend_schema(
        operation_id="approval_flow_decide",
        request=DecisionSerializer,
        responses={200: RequestSerializer},
    )
    def post(self, request: ApiRequest, request_id: str) -> Response:
        """Approve, reject, withdraw or take back.

        What was submitted is what is approved: other fields are not read. Answers 404 to whoever
        only reads, 403 `self_decision` and `not_your_decision`, 409 `illegal_move` for a repeat.
        """
        user: Any = request.user
        now, key = timezone.now(), int(request_id)
        acting.require_actor(user, key, now=now)
        form = DecisionSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        said = form.validated_data
        posted = {
            "act": said["decision"],
            "reason": said.get("reason", ""),
            "step": str(said.get("step", "")),
        }
        acting.act(user, key, posted, now=now)
        return Response(RequestSerializer(_rows(user).get(pk=key)).data)


def _employee(user: User, number: str | None, own: Employee | None) -> Employee:
    if number is None or (own is not None and number == own.number):
        if own is None:
            raise ValidationError({"employee": [_("Give an employee's number.")]})
        return own
    found = Employee.objects.visible_once(user, Action.RULE).filter(number=number).first()
    if found is None:
        raise NotFound(what=Employee._meta.verbose_name, key=number)
    return found


def _punch(employee: Employee, key: int, actor: User) -> Punch:
    """Return a refused punch of a person. Raises NotFound, and ValidationError for another one."""
    rows = Punch.objects.filter(pk=key, employee=employee)
    if employee.user_id != actor.pk:
        rows = rows.visible_to(actor, Action.RULE)
    found = rows.with_verdict().first()
    if found is None:
        raise NotFound(what=Punch._meta.verbose_name, key=key)
    if found.last_verdict != PunchDecision.Verdict.REFUSED:
        raise ValidationError({"punch": [_("Nobody has refused this punch.")]})
    return found


def _photo(request: ApiRequest, kind: str) -> bytes | None:
    """Return the photo that was sent. Raises ValidationError for one that would be lost."""
    photo = posted_photo(request)
    if photo is None and "photo" in request.data:
        raise ValidationError({"photo": [_("Send a photo as a file of a form.")]})
    if photo is not None and kind != Request.Kind.MAKE_UP:
        raise ValidationError({"photo": [_("Only a make-up takes a photo.")]})
    return photo


def _start(said: dict[str, Any], photo: bytes | None, about: dict[str, Any]) -> Request:
    kind, about = said["kind"], about | {"reason": said["reason"]}
    day = {"work_date": said.get("work_date")}
    if kind == Request.Kind.MAKE_UP:
        return services.submit_make_up(
            slot=said["slot"], corrected_at=said["at"], photo=photo, **day, **about
        )
    if kind == Request.Kind.APPEAL:
        if "punch" not in said:
            return services.submit_appeal(slot=said["slot"], **day, **about)
        punch = _punch(about["employee"], said["punch"], about["actor"])
        day["work_date"] = said.get("work_date") or local_date(punch)
        return services.submit_appeal(punch=punch, **day, **about)
    span = {name: said.get(name) for name in ("starts_at", "ends_at")}
    if kind == Request.Kind.OVERTIME:
        return services.submit_overtime(**span, **day, **about)
    about |= {"kind": kind}
    if kind == Request.Kind.LEAVE:
        about |= {"leave_type": said["leave_type"]}
    if "starts_at" in said:
        return services.submit_hours(**span, **about)
    names = ("first", "last", "from_noon", "until_noon")
    return services.submit_days(**{name: said[name] for name in names}, **about)

"""Punches, for programs to report and to read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar, Final

from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.dateparse import parse_datetime
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework import generics, serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from attendance.evidence.claims import DATUMS, Problem, read_claim
from attendance.models import IdempotentAnswer, Punch, PunchDecision
from attendance.services.keeping import Kept
from attendance.services.punching import Refusal, Reported, report_punches
from organization.errors import DomainError

BATCH_AT_MOST: Final = 1000
_KEY_AT_MOST: Final = 100
_METHODS: Final = frozenset(Punch.Method.values)
_DIRECTIONS: Final = frozenset(Punch.Direction.values)


class IdempotencyMismatch(DomainError):
    """A key was used again for another request."""

    code = "idempotency_mismatch"
    message = _("The Idempotency-Key %(key)s belongs to another request.")


class InFlight(DomainError):
    """The first request with this key has not been answered yet."""

    code = "in_flight"
    message = _("A request with the Idempotency-Key %(key)s is being worked on. Ask again.")


# --- shapes, for the schema ------------------------------------------------------------------


class PunchSerializer(serializers.ModelSerializer[Punch]):
    """A punch: who, when, where the clock stood, and how they were seen."""

    employee = serializers.SlugRelatedField("number", read_only=True)  # type: ignore[var-annotated]
    department = serializers.SlugRelatedField("code", read_only=True)  # type: ignore[var-annotated]
    verdict = serializers.ChoiceField(
        PunchDecision.Verdict.choices,
        source="last_verdict",
        read_only=True,
        help_text="The latest decision; empty where nobody decided. What was refused counts not.",
    )

    class Meta:
        model = Punch
        fields = (
            "id",
            "employee",
            "department",
            "punched_at",
            "received_at",
            "zone",
            "method",
            "source",
            "direction",
            "is_held",
            "verdict",
        )


class PositionSerializer(serializers.Serializer[Any]):
    """Where the phone was. Kept encrypted, and only for as long as the position is kept."""

    latitude = serializers.FloatField(min_value=-90, max_value=90)
    longitude = serializers.FloatField(min_value=-180, max_value=180)
    accuracy_metres = serializers.FloatField(required=False, min_value=0, max_value=100_000)
    datum = serializers.ChoiceField(DATUMS, help_text="Of which map: GPS says wgs84.")


class EvidenceSerializer(serializers.Serializer[Any]):
    """What proves the punch. Kept with a new punch; a repeat adds nothing."""

    position = PositionSerializer(required=False)
    bssid = serializers.CharField(
        required=False, help_text="The MAC address of the access point: 3c:84:6a:12:34:56."
    )


class ReportSerializer(serializers.Serializer[Any]):
    """A punch to report."""

    employee = serializers.CharField(help_text="The employee's number.")
    at = serializers.DateTimeField(help_text="ISO 8601 with an offset: 2026-09-01T08:58:00+08:00.")
    method = serializers.ChoiceField(Punch.Method.choices)
    direction = serializers.ChoiceField(Punch.Direction.choices, required=False)
    key = serializers.CharField(
        required=False,
        max_length=_KEY_AT_MOST,
        help_text="Your own name for this punch; with it, a repeat is the same punch for ever.",
    )
    evidence = EvidenceSerializer(required=False)


class BatchSerializer(serializers.Serializer[Any]):
    """Up to 1000 punches to report."""

    punches = ReportSerializer(many=True)


class ReportErrorSerializer(serializers.Serializer[Any]):
    """Why a punch was refused, and what would be right."""

    code = serializers.CharField()
    field = serializers.CharField()
    value = serializers.CharField()
    message = serializers.CharField()


class ReportResultSerializer(serializers.Serializer[Any]):
    """What became of the punch at this index: an id, or an error."""

    index = serializers.IntegerField()
    id = serializers.IntegerField(required=False)
    created = serializers.BooleanField()
    error = ReportErrorSerializer(required=False)


class BatchAnswerSerializer(serializers.Serializer[Any]):
    """What became of a batch. Good punches are kept, whatever stands beside them."""

    created = serializers.IntegerField(help_text="New punches.")
    repeated = serializers.IntegerField(help_text="Punches that were known already.")
    refused = serializers.IntegerField(help_text="Punches with an error; they are not kept.")
    results = ReportResultSerializer(many=True)


# --- reading what was sent -------------------------------------------------------------------


def read_report(item: Any) -> Reported | Refusal:
    """Return the punch that an item of a request means, or the first thing wrong with it."""
    if not isinstance(item, Mapping):
        return _wrong("invalid", "", item, _("A punch is an object with employee, at and method."))
    number, at, method = item.get("employee"), item.get("at"), item.get("method")
    direction, key = (_or_empty(item.get(name)) for name in ("direction", "key"))
    if not _is_word(number, 40) or not number:
        return _wrong(
            "invalid", "employee", number, _("Give the employee's number as text, such as “1001”.")
        )
    moment = _moment(at)
    if isinstance(moment, Refusal):
        return moment
    if not isinstance(method, str) or method not in _METHODS:
        return _wrong("invalid", "method", method, _one_of(_METHODS))
    if not isinstance(direction, str) or (direction and direction not in _DIRECTIONS):
        return _wrong("invalid", "direction", direction, _one_of(_DIRECTIONS))
    if not _is_word(key, _KEY_AT_MOST):
        return _wrong(
            "invalid", "key", key, _("A key is printable text of at most 100 characters.")
        )
    if unknown := sorted(str(name) for name in item if name not in _FIELDS):
        return _wrong("unknown_field", unknown[0], "", _one_of(_FIELDS))
    if "evidence" not in item:
        return Reported(number, moment, method, direction, key)
    claim = read_claim(item["evidence"])
    if isinstance(claim, Problem):
        # What stood there may be a place: an answer is kept for retries, and goes through logs.
        return Refusal(claim.code, claim.field, "", _EVIDENCE)
    return Reported(number, moment, method, direction, key, claim)


_FIELDS: Final = frozenset({"employee", "at", "method", "direction", "key", "evidence"})
_EVIDENCE: Final = _(
    "Evidence is an object: position with latitude, longitude and datum (wgs84 or gcj02) as "
    "numbers and text, accuracy_metres if known; bssid such as 3c:84:6a:12:34:56."
)


def _or_empty(value: Any) -> Any:
    """Return what was said. Only nothing is nothing: a 0 is a word of some terminal's."""
    return "" if value is None else value


def _moment(value: Any) -> datetime | Refusal:
    example = _("Write the moment with its offset, such as 2026-09-01T08:58:00+08:00.")
    try:
        moment = parse_datetime(value) if isinstance(value, str) else None
    except ValueError:
        moment = None
    if moment is None:
        return _wrong("invalid", "at", value, example)
    if moment.tzinfo is None:
        return _wrong("naive_time", "at", value, example)
    return moment


def _is_word(value: Any, at_most: int) -> bool:
    return isinstance(value, str) and len(value) <= at_most and (not value or value.isprintable())


def _wrong(code: str, field: str, value: Any, message: str | Promise) -> Refusal:
    shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=True, default=str)
    return Refusal(code, field, shown[:100].encode("utf-8", "replace").decode(), message)


def _one_of(choices: frozenset[str]) -> str:
    return str(_("Use one of: %(choices)s.") % {"choices": ", ".join(sorted(choices))})


# --- the page --------------------------------------------------------------------------------


class PunchesView(generics.ListAPIView[Punch]):
    """Punches that the caller may see; and the door through which programs report them."""

    serializer_class = PunchSerializer
    queryset = Punch.objects.none()
    filters: ClassVar = {"from": "punched_at__gte", "to": "punched_at__lt"}

    def get_queryset(self) -> QuerySet[Punch]:
        """Return the visible punches, narrowed down by `employee`, `from` and `to`."""
        rows = Punch.objects.visible_to(self.request.user).with_verdict()
        asked = self.request.query_params
        if number := asked.get("employee"):
            if not _is_word(number, 40):
                raise ValidationError({"employee": [_("Give an employee's number.")]})
            rows = rows.filter(employee__number=number)
        for name, lookup in self.filters.items():
            if (text := asked.get(name)) is not None:
                # A + in an address arrives as a blank unless it was escaped.
                moment = _moment(text.replace(" ", "+"))
                if isinstance(moment, Refusal):
                    raise ValidationError({name: [f"“{text[:40]}”: {moment.message}"]})
                rows = rows.filter(**{lookup: moment})
        return rows.select_related("employee", "department")

    @extend_schema(
        parameters=[
            OpenApiParameter("employee", str, description="An employee's number."),
            OpenApiParameter("from", OpenApiTypes.DATETIME, description="From this moment on."),
            OpenApiParameter("to", OpenApiTypes.DATETIME, description="Before this moment."),
        ]
    )
    def get(self, request: Request, *args: Any, **options: Any) -> Response:
        """List punches, the latest reported first."""
        return super().get(request, *args, **options)

    @extend_schema(
        request=BatchSerializer,
        responses={
            200: BatchAnswerSerializer,
            201: BatchAnswerSerializer,
            400: ReportResultSerializer,
            409: OpenApiTypes.OBJECT,
        },
        parameters=[
            OpenApiParameter(
                "Idempotency-Key",
                str,
                OpenApiParameter.HEADER,
                description="A retry with the same key and body hears the saved answer. The same "
                "key with another body is refused (409 idempotency_mismatch); while the first is "
                "being worked on, so is the retry (409 in_flight).",
            )
        ],
        examples=[
            OpenApiExample(
                "One punch",
                {"employee": "1001", "at": "2026-09-01T08:58:00+08:00", "method": "face"},
                request_only=True,
            )
        ],
    )
    def post(self, request: Request) -> Response:
        """Report one punch, a list of them, or `{"punches": [...]}`; at most 1000.

        The caller must be allowed to bring in punches (Action “record”, as the role “Punch
        source” is) in the person's department; other people's numbers read as unknown. The same
        punch reported again stays one. Answers 201 where something was new, 200 where everything
        was known or some rows were refused; a single punch that is refused is 400, or 404 for an
        unknown employee. The days are judged
        soon after, not in the request.
        """
        key = request.headers.get("Idempotency-Key", "")
        if key and not _is_word(key, 200):
            raise ValidationError(
                {"Idempotency-Key": [_("A key is printable text of at most 200 characters.")]}
            )
        if not key:
            status, body = self._report(request)
            return Response(body, status)
        status, body = self._once(request, key)
        return Response(body, status)

    def _report(self, request: Request) -> tuple[int, dict[str, Any]]:
        data = request.data
        items = data.get("punches") if isinstance(data, Mapping) and "punches" in data else data
        if isinstance(items, Mapping):
            return _single(_answers([items], request)[0])
        if not isinstance(items, list) or not 1 <= len(items) <= BATCH_AT_MOST:
            raise ValidationError({"punches": [_("Give a punch, or a list of 1 to 1000 punches.")]})
        results = _answers(items, request)
        created = sum(row["created"] for row in results)
        refused = sum("error" in row for row in results)
        body = {
            "created": created,
            "repeated": len(results) - created - refused,
            "refused": refused,
            "results": results,
        }
        return (201 if created else 200), body

    def _once(self, request: Request, key: str) -> tuple[int, dict[str, Any]]:
        """Answer a request with a key: with the saved answer, if there is one."""
        # Two spellings of one request are one request.
        text = json.dumps(request.data, sort_keys=True)
        # Under a key: who reads the table could try out places until a plain digest fits.
        digest = salted_hmac(
            "attendance.idempotency", text.encode("utf-8", "surrogatepass"), algorithm="sha256"
        ).hexdigest()
        with transaction.atomic():
            if not _is_first(request.user.pk, key):
                raise InFlight(key=key)
            saved = IdempotentAnswer.objects.filter(user=request.user.pk, key=key).first()
            if saved is not None:
                if saved.request_sha256 != digest:
                    raise IdempotencyMismatch(key=key)
                return saved.status, saved.body
            status, body = self._report(request)
            if status >= 400:
                # Nothing was kept, and what was wrong may be mended: the next try is a first one.
                return status, body
            body = json.loads(json.dumps(body))
            IdempotentAnswer.objects.create(
                user_id=request.user.pk,
                key=key,
                request_sha256=digest,
                status=status,
                body=body,
                created_at=timezone.now(),
            )
            return status, body


def _is_first(user_id: int, key: str) -> bool:
    """Say whether nobody else works on this key now; hold it until the transaction ends.

    SQLite's transactions begin with the right to write, so there the second one has waited.
    """
    if connection.vendor != "postgresql":
        return True
    number = int.from_bytes(hashlib.sha256(f"{user_id}:{key}".encode()).digest()[:8], signed=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [number])
        return bool(cursor.fetchone()[0])


def _answers(items: list[Any], request: Request) -> list[dict[str, Any]]:
    read = [read_report(item) for item in items]
    good = [report for report in read if isinstance(report, Reported)]
    kept = iter(report_punches(good, actor=request.user, now=timezone.now()) if good else ())  # type: ignore[arg-type]
    return [
        _told(index, next(kept) if isinstance(row, Reported) else row)
        for index, row in enumerate(read)
    ]


def _told(index: int, answer: Kept | Refusal) -> dict[str, Any]:
    if isinstance(answer, Kept):
        return {"index": index, "id": answer.punch_id, "created": answer.is_new}
    error = {**answer._asdict(), "message": str(answer.message)}
    return {"index": index, "created": False, "error": error}


def _single(result: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    if "error" not in result:
        return (201 if result["created"] else 200), result
    code = result["error"]["code"]
    return {"unknown_employee": 404, "key_reused": 409}.get(code, 400), result

"""What the page for punching asks and says, and where field staff report from.

The page comes with the log-in of a browser, so every change wants the CSRF token. Programs bring in
punches elsewhere (attendance/api.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.http import Http404
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.authentication import SessionAuthentication
from rest_framework.exceptions import ValidationError
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from attendance import reason_words
from attendance.api import PositionSerializer
from attendance.console import own, punch_page
from attendance.evidence.claims import Problem, read_position
from attendance.evidence.reasons import Reason
from attendance.evidence.said import Said, read_moment, read_said
from attendance.fence_words import position_words
from attendance.models import Purpose
from attendance.services import consents, phone_addresses, positioning, reports
from attendance.services.checking import demands_at
from attendance.services.making import ClaimRefused, Made, TooManyHeld, make_punch
from attendance.uploads import posted_photo
from devices.models import Phone
from devices.phones import Proof, bind_phone, give_challenge, release_phone
from organization.models import Employee
from organization.throttles import ByAddress, ByLogIn

# A hand does not press a button more often, and a phone has at most so many kept ones to send.
PUNCH_RATE: Final = "120/min"
# More than anybody mistypes, and too little to go through the addresses of a company.
ADDRESS_RATE: Final = "20/h"
_SIGNATURE_AT_MOST: Final = 200
_CHALLENGE_AT_MOST: Final = 100


class ByPuncher(ByLogIn):
    """What one person may post to the page for punching."""

    scope = "punch"

    def rate(self) -> str:
        """Return PUNCH_RATE."""
        return PUNCH_RATE


class _PunchView(APIView):
    """Asked by the page, by its log-in; a log-in of nobody finds nothing."""

    authentication_classes = (SessionAuthentication,)
    throttle_classes: Sequence[type[BaseThrottle]] = (ByPuncher, ByAddress)

    def get_authenticate_header(self, request: Request) -> str:
        """Answer 401, not 403, to who is not logged in: the page leads to the log-in."""
        return "Session"

    def employee(self, request: Request) -> Employee:
        """Return the person whose log-in asks."""
        user: Any = request.user
        found = own.own_employee(user)
        if found is None:
            raise Http404
        return found

    def state(self, request: Request, employee: Employee, phone_key: str = "") -> dict[str, Any]:
        """Return what the page shows."""
        user: Any = request.user
        return punch_page.read_state(
            employee,
            user,
            phone_key=phone_key or _word(request.query_params.get("phone"), 43),
            language=get_language() or "",
            now=timezone.now(),
        )


@extend_schema(exclude=True)
class StateView(_PunchView):
    """What the page shows."""

    def get(self, request: Request) -> Response:
        """Answer with the plan, what is done, what is next, and what is demanded."""
        return Response(self.state(request, self.employee(request)))


@extend_schema(exclude=True)
class MakeView(_PunchView):
    """Where a phone's signed claim becomes a punch."""

    parser_classes = (MultiPartParser,)

    def post(self, request: Request) -> Response:
        """Check a claim; 201 for a new punch, 200 for a repeat, 422 for what the rule refuses."""
        employee = self.employee(request)
        form = _object(request)
        content = str(form.get("claim", "")).encode("utf-8", "surrogatepass")
        said = read_said(content)
        if isinstance(said, Problem):
            return _unreadable(said)
        photo = posted_photo(request)
        sent_at = form.get("sent_at")
        try:
            made = make_punch(
                employee,
                said,
                content=content,
                signature=_word(form.get("signature"), _SIGNATURE_AT_MOST),
                photo=photo,
                sent_at=read_moment(sent_at) if sent_at is not None else None,
                now=timezone.now(),
            )
        except ClaimRefused as refused:
            return _refused(refused)
        except TooManyHeld as many:
            return _not_yet(many, is_kept=said.is_offline)
        return Response(self._told(request, employee, said, made), 201 if made.is_new else 200)

    def _told(self, request: Request, employee: Employee, said: Said, made: Made) -> dict[str, Any]:
        state = self.state(request, employee, said.phone)
        line = next((one for one in state["done"] if one["id"] == made.punch.pk), None)
        reasons = made.check.reasons if made.check is not None else []
        return {
            "id": made.punch.pk,
            "outcome": line["outcome"] if line is not None else _outcome(made),
            "time": line["time"] if line is not None else None,
            "sentence": line["sentence"] if line is not None else str(_OTHER_DAY),
            "reasons": [_reason(one) for one in reasons],
            "state": state,
        }


_OTHER_DAY: Final = _("Kept. It belongs to another day; your month shows it.")


@extend_schema(exclude=True)
class ChallengeView(_PunchView):
    """Where a phone that is to be bound is told what to sign."""

    def get(self, request: Request) -> Response:
        """Answer with a challenge for the key whose thumbprint `?phone=` is."""
        user: Any = request.user
        challenge = give_challenge(
            employee=self.employee(request),
            key=_word(request.query_params.get("phone"), 43),
            actor=user,
            now=timezone.now(),
        )
        return Response({"challenge": challenge})


@extend_schema(exclude=True)
class PhoneView(_PunchView):
    """Where a phone is bound to the person who holds it."""

    def post(self, request: Request) -> Response:
        """Bind the phone by its public key, and by what it signed with the private one."""
        user: Any = request.user
        said = _object(request)
        phone = bind_phone(
            employee=self.employee(request),
            key=said.get("key"),
            proof=Proof(
                _word(said.get("challenge"), _CHALLENGE_AT_MOST),
                _word(said.get("signature"), _SIGNATURE_AT_MOST),
            ),
            name=_word(said.get("name"), 100),
            actor=user,
            now=timezone.now(),
        )
        return Response(_phone(phone), 201)


@extend_schema(exclude=True)
class ReleaseView(_PunchView):
    """Where a phone is given up."""

    def post(self, request: Request) -> Response:
        """Give up one of one's own phones, by its key."""
        user: Any = request.user
        employee = self.employee(request)
        key = _word(_object(request).get("phone"), 43)
        phone = Phone.objects.filter(employee=employee, key=key, released_at=None).first()
        if phone is None:
            raise Http404
        release_phone(phone_id=phone.pk, actor=user, now=timezone.now())
        return Response(self.state(request, employee))


@extend_schema(exclude=True)
class PositioningView(_PunchView):
    """Where a phone says that it finds no position, or finds it again."""

    def post(self, request: Request) -> Response:
        """Note it; answer when another way to punch opens."""
        employee, now = self.employee(request), timezone.now()
        if _yes_or_no(request, "failed"):
            positioning.note_failure(employee, now=now)
        else:
            positioning.note_fix(employee)
        day = own.today_of(employee, now=now)
        return Response(punch_page.read_weak_gps(employee, demands_at(employee.pk, day), now=now))


@extend_schema(exclude=True)
class ConsentView(_PunchView):
    """Where somebody agrees to a notice, or no longer."""

    def post(self, request: Request) -> Response:
        """Keep or end a consent; both act on the next punch."""
        user: Any = request.user
        employee, now, said = self.employee(request), timezone.now(), _object(request)
        purpose, version = said.get("purpose"), said.get("version")
        if purpose not in Purpose.values:
            raise ValidationError({"purpose": [_one_of(Purpose.values)]})
        if not _yes_or_no(request, "given"):
            consents.withdraw(employee=employee, purpose=purpose, actor=user, now=now)
        elif isinstance(version, bool) or not isinstance(version, int):
            raise ValidationError({"version": [_("Give the version that was read, as a number.")]})
        else:
            consents.give(
                employee=employee,
                purpose=purpose,
                version=version,
                language=get_language() or "",
                actor=user,
                now=now,
            )
        return Response(self.state(request, employee))


@extend_schema(exclude=True)
class AutomaticView(_PunchView):
    """The switch "punch by itself on company Wi-Fi"."""

    def post(self, request: Request) -> Response:
        """Switch it."""
        user: Any = request.user
        employee = self.employee(request)
        consents.switch_automatic(
            employee=employee, is_on=_yes_or_no(request, "on"), actor=user, now=timezone.now()
        )
        return Response(self.state(request, employee))


class ByAddressOfPhone(ByPuncher):
    """How often one person may ask whether an address is free: it tells whether somebody has it."""

    scope = "phone-address"

    def rate(self) -> str:
        """Return ADDRESS_RATE."""
        return ADDRESS_RATE


@extend_schema(exclude=True)
class PhoneAddressView(_PunchView):
    """Where somebody says by which address their phone joins the Wi-Fi."""

    throttle_classes = (*_PunchView.throttle_classes, ByAddressOfPhone)

    def post(self, request: Request) -> Response:
        """Keep `address`, instead of the own one whose id is `instead_of`, if that is said."""
        user: Any = request.user
        employee, now, said = self.employee(request), timezone.now(), _object(request)
        address, instead_of = said.get("address"), said.get("instead_of")
        if not isinstance(address, str) or not address.strip():
            raise ValidationError({"address": [_("Give the address as a text.")]})
        phone_addresses.say_own_address(
            employee=employee,
            address=address,
            instead_of=None if instead_of is None else _key(request, "instead_of"),
            demands=demands_at(employee.pk, own.today_of(employee, now=now)),
            actor=user,
            now=now,
        )
        return Response(self.state(request, employee))


@extend_schema(exclude=True)
class PhoneAddressRemovalView(_PunchView):
    """Where somebody takes away an address of their phone."""

    def post(self, request: Request) -> Response:
        """Forget the own address whose `id` is said."""
        user: Any = request.user
        employee = self.employee(request)
        phone_addresses.forget_own_address(
            employee=employee, address_id=_key(request, "id"), actor=user, now=timezone.now()
        )
        return Response(self.state(request, employee))


class LocationView(APIView):
    """Where field staff report their position while on duty."""

    @extend_schema(
        request=PositionSerializer,
        responses={
            200: OpenApiTypes.OBJECT,
            201: OpenApiTypes.OBJECT,
            403: OpenApiTypes.OBJECT,
            409: OpenApiTypes.OBJECT,
        },
    )
    def post(self, request: Request) -> Response:
        """Report one's own position: `latitude`, `longitude`, `datum`, `accuracy_metres`, `at`.

        Taken only of somebody whose rule asks for it, who has agreed to the notice, and who is on
        duty: in the hours of a shift, a quarter of an hour around them, and not on leave.
        Otherwise the answer is 409 (`reports_not_asked`, `consent_missing`, `off_duty`,
        `odd_moment`) and nothing is kept. 201 for a new report, 200 for one that was told before.
        """
        user: Any = request.user
        employee = own.own_employee(user)
        if employee is None:
            raise Http404
        now, said = timezone.now(), dict(_object(request))
        at = read_moment(said.pop("at")) if "at" in said else now
        if at is None:
            raise ValidationError({"at": [_("Write the moment with its offset.")]})
        position = read_position(said)
        if isinstance(position, Problem):
            field = position.field.removeprefix("evidence.position").lstrip(".") or "position"
            raise ValidationError({field: [position_words(position.code)]})
        kept = reports.report_position(employee, position, at=at, now=now)
        body = {"reported_at": kept.report.reported_at.isoformat(), "created": kept.is_new}
        return Response(body, 201 if kept.is_new else 200)


# --- reading what was sent, and telling what came of it ---------------------------------------


def _unreadable(problem: Problem) -> Response:
    message = _("%(field)s: this is not what the page sends. Load the page again.")
    facts = {"field": problem.field, "problem": problem.code}
    return Response({"code": "invalid", "message": str(message) % facts, "facts": facts}, 400)


def _refused(refused: ClaimRefused) -> Response:
    first = refused.reasons[0]
    body = {
        "code": str(first.code),
        "message": reason_words.sentence(first),
        "facts": {},
        "reasons": [_reason(one) for one in refused.reasons],
    }
    return Response(body, 422)


def _not_yet(refused: TooManyHeld, *, is_kept: bool) -> Response:
    """Say so to who presses the button; a phone keeps what it has kept, and sends it later."""
    body = {"code": refused.code, "message": str(refused), "facts": refused.facts}
    return Response(body, 429 if is_kept else 409, headers={"Retry-After": str(refused.seconds)})


def _reason(one: Reason | Mapping[str, Any]) -> dict[str, Any]:
    written = one.as_dict() if isinstance(one, Reason) else one
    return {
        "code": written["code"],
        "effect": written["effect"],
        "sentence": reason_words.sentence(one),
    }


def _outcome(made: Made) -> str:
    return made.check.outcome if made.check is not None else "accepted"


def _phone(phone: Phone) -> dict[str, Any]:
    return {
        "phone": phone.key,
        "name": phone.name,
        "bound_at": phone.bound_at.isoformat(),
        "counter": phone.counter,
    }


def _object(request: Request) -> Mapping[str, Any]:
    if not isinstance(request.data, Mapping):
        raise ValidationError({"": [_("Send an object.")]})
    return request.data


def _yes_or_no(request: Request, name: str) -> bool:
    value = _object(request).get(name)
    if not isinstance(value, bool):
        raise ValidationError({name: [_("Say true or false.")]})
    return value


def _key(request: Request, name: str) -> int:
    value = _object(request).get(name)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < 2**63:
        raise ValidationError({name: [_("Give its id, as a number.")]})
    return value


def _word(value: Any, at_most: int) -> str:
    return value[:at_most] if isinstance(value, str) else ""


def _one_of(choices: list[str]) -> str:
    return str(_("Use one of: %(choices)s.") % {"choices": ", ".join(sorted(choices))})

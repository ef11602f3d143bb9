"""Where an address is. The only file that asks a service on the network, and that knows geopy's.

Degrees are understood without asking anybody.
"""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar, Final
from urllib.parse import urlencode

from django.utils.translation import gettext_lazy as _
from geopy.exc import GeocoderServiceError, GeopyError
from geopy.geocoders import get_geocoder_for_service
from geopy.geocoders.base import Geocoder
from geopy.location import Location

from attendance.evidence.datums import to_wgs84
from attendance.evidence.geometry import Degrees, point_problem
from organization.errors import DomainError

LONGEST_QUERY: Final = 200
MOST_FOUND: Final = 5
_TIMEOUT: Final = 5
_AGENT: Final = "kaoqin"
_DEGREES: Final = re.compile(r"\s*(-?\d{1,3}(?:\.\d+)?)\s*[,，;；\s]\s*(-?\d{1,3}(?:\.\d+)?)\s*")


class NoGeocoder(DomainError):
    """Nobody who finds addresses is configured."""

    code: ClassVar[str] = "no_geocoder"
    message = _("No search for addresses is set up here. Write degrees, such as 31.2304, 121.4737.")


class GeocoderSilent(DomainError):
    """The service does not answer, or not in a way that can be read."""

    code: ClassVar[str] = "geocoder_silent"
    message = _("The search for addresses does not answer. Write degrees, or try again later.")


@dataclass(frozen=True, slots=True)
class Service:
    """Who finds addresses, as configured: the name, the datum of its answers, key and host."""

    name: str
    datum: str
    key: str = ""
    domain: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """A place on WGS-84, and what it is called."""

    label: str
    point: Degrees


class AMap(Geocoder):
    """AMap's web service for addresses (geocode/geo, version 3), in the manner of geopy."""

    def __init__(self, api_key: str, *, domain: str = "restapi.amap.com", **options: Any) -> None:
        super().__init__(**options)
        self.api_key = api_key
        self.api = f"{self.scheme}://{domain}/v3/geocode/geo"

    def geocode(self, query: str, *, exactly_one: bool = True) -> Any:
        """Return the places of an address."""
        asked = urlencode({"key": self.api_key, "address": query, "output": "JSON"})
        return self._call_geocoder(
            f"{self.api}?{asked}", partial(self._read, exactly_one=exactly_one), timeout=_TIMEOUT
        )

    @staticmethod
    def _read(answer: dict[str, Any], exactly_one: bool) -> Any:
        if answer.get("status") != "1":
            raise GeocoderServiceError(str(answer.get("info")))
        found = []
        for place in answer["geocodes"]:
            longitude, latitude = place["location"].split(",")
            label = str(place["formatted_address"])
            found.append(Location(label, (float(latitude), float(longitude)), place))
        return (found[0] if found else None) if exactly_one else found


def read_degrees(text: str, datum: str) -> Found | None:
    """Return the place that a text names by degrees on a map of this datum.

    The latitude comes first, unless what comes first can be none. None for other texts.
    """
    match = _DEGREES.fullmatch(text)
    if match is None:
        return None
    first, second = float(match[1]), float(match[2])
    latitude, longitude = (second, first) if abs(first) > 90 else (first, second)
    if point_problem(latitude, longitude):
        return None
    return Found(f"{latitude}, {longitude}", to_wgs84(latitude, longitude, datum))


def find_places(text: str, *, service: Service) -> list[Found]:
    """Return the places that a service knows by this address, at most five.

    Raises NoGeocoder, GeocoderSilent.
    """
    if service.name == "none":
        raise NoGeocoder
    try:
        places = _geocoder(service).geocode(text[:LONGEST_QUERY], exactly_one=False) or []
        found = [
            Found(
                str(place.address)[:LONGEST_QUERY],
                to_wgs84(place.latitude, place.longitude, service.datum),
            )
            for place in places[:MOST_FOUND]
        ]
    # A service of others may answer anything.
    except (GeopyError, LookupError, TypeError, ValueError, AttributeError) as silence:
        raise GeocoderSilent from silence
    return [place for place in found if point_problem(*place.point) is None]


def _geocoder(service: Service) -> Any:
    """Return the geocoder of a service, with as much of key and host as it takes."""
    make: Any = AMap if service.name == "amap" else get_geocoder_for_service(service.name)
    takes = inspect.signature(make.__init__).parameters
    options: dict[str, Any] = {"timeout": _TIMEOUT, "user_agent": _AGENT}
    scheme, _sep, host = service.domain.rpartition("://")
    if host and "domain" in takes:
        options["domain"] = host
    if scheme:
        options["scheme"] = scheme
    if service.key and "api_key" in takes:
        options["api_key"] = service.key
    return make(**options)

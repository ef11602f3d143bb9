"""What a map in a page is told: shapes as its tiles show them, and where the tiles are."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.utils.translation import get_language, gettext

from attendance.evidence.datums import wgs84_to_gcj02
from attendance.evidence.geometry import Degrees
from attendance.fence_shapes import Shape, feature_of, on_datum
from attendance.models import Geofence


def drawn(shape: Shape, name: str = "", **more: object) -> dict[str, Any]:
    """Return a WGS-84 shape as a feature on the map's datum."""
    return feature_of(name, on_datum(shape, settings.MAP_TILES_DATUM), **more)


def point_on_map(point: Degrees) -> Degrees:
    """Return a WGS-84 point on the map's datum."""
    return wgs84_to_gcj02(*point) if settings.MAP_TILES_DATUM == "gcj02" else point


def map_data(fences: Iterable[Geofence] = (), **more: object) -> str:
    """Return what a map needs, for a data attribute."""
    tiles = None
    if settings.MAP_TILES_URL:
        tiles = {"url": settings.MAP_TILES_URL, "attribution": settings.MAP_TILES_ATTRIBUTION}
    told = {
        "tiles": tiles,
        "datum": settings.MAP_TILES_DATUM,
        "language": "zh" if (get_language() or "").startswith("zh") else "en",
        "words": {"zoom_in": gettext("Zoom in"), "zoom_out": gettext("Zoom out")},
        "fences": [drawn(fence.shape, fence.name) for fence in fences],
        **more,
    }
    return json.dumps(told, ensure_ascii=False)

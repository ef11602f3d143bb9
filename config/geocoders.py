"""The services that find addresses and can be named in GEOCODER."""

from typing import Final

# Service → the datum of what it answers. `amap` is ours, the others are geopy's.
SERVICES: Final = {
    "nominatim": "wgs84",
    "photon": "wgs84",
    "pelias": "wgs84",
    "opencage": "wgs84",
    "tomtom": "wgs84",
    "amap": "gcj02",
    "baiduv3": "bd09",
}

"""Access points as a table that comes and goes. Writing goes through the service."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from import_export import fields, widgets

from devices.bssid import bssid_problem, normalise_bssid
from devices.models import AccessPoint
from devices.models.wifi import BSSID_PROBLEMS
from devices.wifi import save_access_point
from organization.access import Action
from organization.cells import unescape
from organization.models import Department
from organization.resources import Known, Table, Text, YesNo, plain

# Heading by heading: the field, its Chinese heading, and others that people write.
ACCESS_POINT_HEADINGS: Final[Mapping[str, tuple[str, ...]]] = {
    "bssid": ("BSSID", "MAC地址", "MAC", "wifimac", "address"),
    "name": ("名称", "接入点名称"),
    "department": ("部门", "所属部门"),
    "ssid": ("SSID", "网络名称", "wifiname", "network"),
    "latitude": ("纬度",),
    "longitude": ("经度",),
    "radius_metres": ("半径（米）", "半径", "radius", "radius in metres"),
    "is_active": ("启用", "in use"),
}


class Number(widgets.Widget):
    """A number, from a cell with a number or from text; empty is none."""

    def __init__(self, kind: type[float] | type[int]) -> None:
        super().__init__()
        self.kind = kind

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> float | None:
        """Return the number."""
        text = plain(value)
        if not text:
            return None
        try:
            return self.kind(text)
        except ValueError as odd:
            raise ValueError(_("%(value)s is not a number.") % {"value": text}) from odd

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:
        """Return the number as text that every spreadsheet reads alike."""
        return "" if value is None else str(value)


class InUse(YesNo):
    """A mark that holds where nothing is said."""

    NO = YesNo.NO - {""}
    YES = YesNo.YES | {""}

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:
        """Return 1 or 0."""
        return "1" if value else "0"


class AccessPointResource(Table):
    """Access points, each row by its address."""

    HEADINGS = ACCESS_POINT_HEADINGS
    NEEDED = ("bssid",)

    bssid = fields.Field("bssid", "bssid", Text())
    name = fields.Field("name", "name", Text())
    department = fields.Field("department", "department", Known("code", "BU1-ADMIN"))
    ssid = fields.Field("ssid", "ssid", Text())
    latitude = fields.Field("latitude", "latitude", Number(float))
    longitude = fields.Field("longitude", "longitude", Number(float))
    radius_metres = fields.Field("radius_metres", "radius_metres", Number(int))
    is_active = fields.Field("is_active", "is_active", InUse())

    class Meta:
        model = AccessPoint
        name = _("Access points")
        fields = tuple(ACCESS_POINT_HEADINGS)
        import_id_fields = ("bssid",)
        skip_unchanged = True
        report_skipped = False
        clean_model_instances = False

    def get_queryset(self) -> QuerySet[AccessPoint]:
        """Return the access points that may be changed, with what a row names."""
        return super().get_queryset().select_related("department")

    def load_names(self) -> None:
        """Load the departments; one query for the whole sheet."""
        departments = Department.objects.visible_to(self.user, Action.RULE)  # type: ignore[arg-type]
        self.fields["department"].widget.fill(departments)

    def before_import(self, dataset: Any, **kwargs: Any) -> None:
        """Begin anew to notice addresses that stand twice."""
        super().before_import(dataset, **kwargs)
        self._in_sheet: set[str] = set()

    def before_import_row(self, row: Any, **kwargs: Any) -> None:
        """Bring the address into its one spelling; refuse one that proves nothing, or is twice."""
        said = plain(unescape(plain(row.get("bssid"))))
        problem = bssid_problem(said) if said else None
        if problem is not None:
            raise ValidationError({"bssid": BSSID_PROBLEMS[problem]})
        row["bssid"] = address = normalise_bssid(said) or ""
        if address in self._in_sheet:
            raise ValidationError({"bssid": _("This address stands twice in the sheet.")})
        self._in_sheet.add(address)
        super().before_import_row(row, **kwargs)

    def validate_instance(
        self, instance: Any, import_validation_errors: Any = None, validate_unique: bool = True
    ) -> None:
        """Name what every access point needs."""
        errors = dict(import_validation_errors or {})
        if not instance.name and "name" not in errors:
            errors["name"] = ValidationError(_("This cell must not be empty."))
        if instance.department_id is None and "department" not in errors:
            errors["department"] = ValidationError(_("This cell must not be empty."))
        if errors:
            raise ValidationError(errors)

    def add(self, new: AccessPoint, row: Any) -> None:
        """Add an access point."""
        save_access_point(new, **self._said())

    def change(self, before: AccessPoint, after: AccessPoint) -> None:
        """Write what the row says anew."""
        save_access_point(after, **self._said())

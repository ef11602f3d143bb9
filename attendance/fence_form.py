"""The forms of a fence: drawn on the map or typed, and files of fences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from attendance.evidence.datums import Datum
from attendance.evidence.geometry import Area, Circle, Degrees
from attendance.fence_shapes import Shape, from_datum, on_datum, shape_problem
from attendance.fence_words import sentence
from attendance.models import Geofence

DATUMS: Final = (
    (Datum.WGS84.value, _("WGS-84: GPS, most of the world")),
    (Datum.GCJ02.value, _("GCJ-02: AMap, Tencent, Apple in China")),
    (Datum.BD09.value, _("Baidu")),
)
_LONGEST_CORNERS: Final = 40_000
_SHAPE: Final = frozenset({"kind", "datum", "latitude", "longitude", "radius_metres", "corners"})
Corners = tuple[tuple[Degrees, ...], ...]


class CornersField(forms.CharField):
    """Corners, one a line; an empty line begins a hole."""

    widget = forms.Textarea(attrs={"rows": 8, "spellcheck": "false", "autocomplete": "off"})

    def prepare_value(self, value: Any) -> Any:
        """Return what stands in the box."""
        return value if value is None or isinstance(value, str) else write_corners(value)

    def to_python(self, value: Any) -> Any:
        """Return the rings, each as (latitude, longitude)."""
        text = super().to_python(value)
        return read_corners(text) if text else None

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Say whether other corners were typed; how lines end says nothing."""
        try:
            return bool(self.to_python(data) != initial)
        except ValidationError:
            return True

    def run_validators(self, value: Any) -> None:
        """Only the text is bounded, and `to_python` has read it."""

    def clean(self, value: Any) -> Any:
        """Return the rings; a text that is far too long is not read."""
        if isinstance(value, str) and len(value) > _LONGEST_CORNERS:
            raise ValidationError(_("These are too many corners; draw it more simply."))
        return super().clean(value)


def write_corners(rings: Corners) -> str:
    """Return rings as people type them: the corner that closes a ring is left out."""
    return "\n\n".join(
        "\n".join(f"{lat}, {lng}" for lat, lng in (r[:-1] if r[0] == r[-1] else r)) for r in rings
    )


def read_corners(text: str) -> Corners:
    """Return the rings that a text tells. Raises ValidationError that names the line."""
    rings: list[list[Degrees]] = [[]]
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            rings.append([])
            continue
        parts = line.replace("，", ",").replace(";", ",").split(",")
        try:
            latitude, longitude = (float(part) for part in parts)
        except ValueError:
            raise ValidationError(
                _("Line %(number)d: “%(line)s” is no corner. Write 31.2304, 121.4737."),
                params={"number": number, "line": line.strip()[:40]},
            ) from None
        rings[-1].append((latitude, longitude))
    closed = [(*ring, ring[0]) if ring[0] != ring[-1] else tuple(ring) for ring in rings if ring]
    return tuple(closed)


class ShapeForm(forms.Form):
    """What is typed or drawn. After `is_valid`, `shape` is sound and on WGS-84."""

    kind = forms.ChoiceField(
        label=_("Kind"), choices=Geofence.Kind.choices, widget=forms.RadioSelect, initial="circle"
    )
    datum = forms.ChoiceField(
        label=_("These degrees are on"),
        choices=DATUMS,
        initial=Datum.WGS84.value,
        help_text=_("Between two of these maps lie some hundred metres in China."),
    )
    latitude = forms.FloatField(
        label=_("Latitude"), required=False, widget=forms.NumberInput(attrs={"step": "any"})
    )
    longitude = forms.FloatField(
        label=_("Longitude"), required=False, widget=forms.NumberInput(attrs={"step": "any"})
    )
    radius_metres = forms.IntegerField(
        label=_("Radius"),
        required=False,
        initial=200,
        widget=forms.NumberInput(attrs={"min": 50, "max": 5000}),
        help_text=_("From 50 to 5000 metres."),
    )
    corners = CornersField(
        label=_("Corners"),
        required=False,
        help_text=_("One a line: latitude, longitude. An empty line begins a hole."),
    )

    shape: Shape | None = None

    def clean(self) -> dict[str, Any]:
        """Put the shape together, and say what is wrong at the box that says it."""
        said = super().clean() or self.cleaned_data
        if not _SHAPE & set(self.errors):
            self.shape = self._read(said)
        return said

    def _read(self, said: dict[str, Any]) -> Shape | None:
        drawn = self._circle(said) if said["kind"] == Geofence.Kind.CIRCLE else self._area(said)
        if drawn is None:
            return None
        wrong = shape_problem(drawn)
        if wrong is None:
            drawn = from_datum(drawn, said["datum"])
            wrong = shape_problem(drawn)
        if wrong is not None:
            self.add_error("corners" if wrong.field == "rings" else wrong.field, sentence(wrong))
            return None
        return drawn

    def _circle(self, said: dict[str, Any]) -> Shape | None:
        names = ("latitude", "longitude", "radius_metres")
        for name in names:
            if said.get(name) is None:
                self.add_error(name, _("A circle needs it. Click on the map, or type it."))
        if any(said.get(name) is None for name in names):
            return None
        return Circle(said["latitude"], said["longitude"], float(said["radius_metres"]))

    def _area(self, said: dict[str, Any]) -> Shape | None:
        rings = said.get("corners")
        if not rings:
            self.add_error("corners", _("An area needs corners. Draw it on the map, or type them."))
            return None
        return Area(rings[0], tuple(rings[1:]))


def shape_initial(shape: Shape, datum: str = Datum.WGS84) -> dict[str, Any]:
    """Return what the boxes show of a WGS-84 shape, on a map of this datum."""
    shown = on_datum(shape, datum)
    if isinstance(shown, Circle):
        return {
            "kind": "circle", "latitude": shown.latitude, "longitude": shown.longitude,
            "radius_metres": round(shown.radius),
        }  # fmt: skip
    return {"kind": "area", "corners": (shown.ring, *shown.holes)}


class FenceForm(ShapeForm, forms.ModelForm):
    """A fence, and who may punch there."""

    # What may be chosen depends on who asks: the page fills it in.
    rules: forms.Field
    people: forms.Field

    class Meta:
        model = Geofence
        fields = ("name", "department")

    def __init__(self, *args: Any, **options: Any) -> None:
        fence = options.get("instance")
        if fence is not None and fence.pk:
            given = options.get("initial") or {}
            options["initial"] = {
                **shape_initial(fence.shape),
                "rules": list(fence.rules.all()),
                "people": list(fence.people.all()),
                **given,
            }
        super().__init__(*args, **options)

    def clean(self) -> dict[str, Any]:
        """Keep a shape that nobody touched as it was, to the last decimal."""
        said = super().clean()
        if self.shape is not None and self.instance.pk and not _SHAPE & set(self.changed_data):
            self.shape = self.instance.shape
        return said

    def keys_of(self, name: str) -> Sequence[int]:
        """Return the keys of the rules, or of the people, that were chosen."""
        return [row.pk for row in self.cleaned_data.get(name) or ()]


class FileForm(forms.Form):
    """A file of fences on its way in."""

    file = forms.FileField(
        label=_("File"),
        required=False,
        help_text=_(
            "GeoJSON: a FeatureCollection of polygons, and of points with radius_metres; each "
            "with a name. Up to 200 features, 1 MB."
        ),
    )
    # What was looked at is what is taken: it goes with the page, not by way of the server.
    content = forms.CharField(required=False, widget=forms.HiddenInput, strip=False)
    datum = forms.ChoiceField(label=_("Its degrees are on"), choices=DATUMS)
    department: forms.Field

    def clean(self) -> dict[str, Any]:
        """Read the file as text."""
        said = super().clean() or self.cleaned_data
        file = said.get("file")
        if file is not None:
            try:
                said["content"] = file.read().decode("utf-8-sig")
            except UnicodeDecodeError:
                self.add_error("file", _("This is no text in UTF-8; export the file once more."))
        elif not said.get("content"):
            self.add_error("file", _("Choose a file."))
        return said

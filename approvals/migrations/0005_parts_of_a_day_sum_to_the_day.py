from decimal import Decimal

from django.db import migrations, models
from django.db.migrations.exceptions import IrreversibleError

from organization.append_only import MayBeReworded, StaysAsWritten

AS_WRITTEN = [
    "kind", "employee_id", "department_id", "work_date", "slot", "corrected_at", "punch_id",
    "anomaly", "starts_at", "ends_at", "unit", "leave_type", "amount_days", "days_next_year", "reason",
    "submitted_by_id", "submitted_at", "photo_digest", "digest", "period_starts_on",
]


CENT = Decimal("0.01")


def refuse_to_round_what_waits(apps, schema_editor):
    """Stop, with all as it is, where a request that waits would no longer say what was submitted.

    Its digest is of the exact days, so nobody could approve it. What is decided is approved no
    more, and may be rounded.
    """
    rows = apps.get_model("approvals", "Request").objects.using(schema_editor.connection.alias)
    waiting = rows.filter(status="waiting").exclude(amount_days=0, days_next_year=0)
    said = waiting.order_by("pk").values_list("pk", "amount_days", "days_next_year")
    finer = [
        key
        for key, *amounts in said
        if any(days != days.quantize(CENT) for days in amounts)
    ]
    if finer:
        shown = ", ".join(map(str, finer[:20])) + (", …" if len(finer) > 20 else "")
        raise IrreversibleError(
            f"{len(finer)} requests wait for parts of a day that two places cannot hold. "
            f"Decide or withdraw them, then go back: {shown}"
        )


class Migration(migrations.Migration):
    dependencies = [("approvals", "0004_photos_of_requests")]

    operations = [
        MayBeReworded("approvals_request", AS_WRITTEN),
        migrations.AlterField(
            model_name="request",
            name="amount_days",
            field=models.DecimalField(decimal_places=8, default=0, max_digits=11, verbose_name="days"),
        ),
        migrations.AlterField(
            model_name="request",
            name="days_next_year",
            field=models.DecimalField(decimal_places=8, default=0, max_digits=11, verbose_name="of these in the next year"),
        ),
        StaysAsWritten("approvals_request", AS_WRITTEN),
        # The last, so the first on the way back: before anything is rounded.
        migrations.RunPython(migrations.RunPython.noop, refuse_to_round_what_waits),
    ]

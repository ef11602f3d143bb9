from django.db import migrations

from organization.append_only import StaysAsWritten


class Migration(migrations.Migration):
    dependencies = [("approvals", "0001_requests_and_their_matrix")]

    operations = [
        StaysAsWritten("approvals_request", [
            "kind", "employee_id", "department_id", "work_date", "slot", "corrected_at", "punch_id",
            "anomaly", "starts_at", "ends_at", "unit", "leave_type", "amount_days", "days_next_year", "reason",
            "submitted_by_id", "submitted_at", "photo_digest", "digest", "period_starts_on",
        ]),
    ]

from django.db import migrations

from organization.append_only import AppendOnly


class Migration(migrations.Migration):
    dependencies = [("attendance", "0012_closing_a_period")]

    operations = [
        AppendOnly("attendance_periodclosing"),
        AppendOnly("attendance_closedday"),
        AppendOnly("attendance_adjustment"),
        AppendOnly("attendance_takenadjustment"),
    ]

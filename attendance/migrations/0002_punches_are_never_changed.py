from django.db import migrations

from organization.append_only import AppendOnly


class Migration(migrations.Migration):
    dependencies = [("attendance", "0001_initial")]

    operations = [
        AppendOnly("attendance_punch"),
        AppendOnly("attendance_punchdecision"),
        AppendOnly("attendance_dayhistory"),
    ]

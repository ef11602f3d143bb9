from django.db import migrations

from organization.append_only import AppendOnly


class Migration(migrations.Migration):
    dependencies = [("attendance", "0007_punches_are_checked")]

    operations = [AppendOnly("attendance_punchcheck")]

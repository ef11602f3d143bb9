from datetime import UTC, datetime

import django.db.models.deletion
from django.db import migrations, models

import organization.sealed_fields


class Migration(migrations.Migration):
    # No release has written a row of this table yet: the defaults meet nobody.

    dependencies = [
        ("attendance", "0004_digest_of_the_facts"),
    ]

    operations = [
        migrations.AddField(
            model_name="punchevidence",
            name="kept_at",
            field=models.DateTimeField(
                db_index=True, default=datetime(2026, 1, 1, tzinfo=UTC), verbose_name="kept since"
            ),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="punchevidence",
            name="kind",
            field=models.CharField(
                choices=[
                    ("position", "Position"),
                    ("network", "Wi-Fi access point"),
                    ("photo", "Photo"),
                    ("integrity", "State of the phone"),
                ],
                default="position",
                max_length=10,
                verbose_name="kind",
            ),
            preserve_default=False,
        ),
        migrations.AlterField(
            model_name="punchevidence",
            name="punch",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="evidence",
                to="attendance.punch",
                verbose_name="punch",
            ),
        ),
        migrations.AlterField(
            model_name="punchevidence",
            name="sealed",
            field=organization.sealed_fields.SealedField(
                bound_to=("punch_id", "kind"),
                purpose="punch evidence",
                verbose_name="encrypted content",
            ),
        ),
        migrations.AddConstraint(
            model_name="punchevidence",
            constraint=models.UniqueConstraint(
                fields=("punch", "kind"), name="one_evidence_per_punch_and_kind"
            ),
        ),
    ]

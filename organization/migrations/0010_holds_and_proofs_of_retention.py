import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import organization.sealed_fields


class Migration(migrations.Migration):
    dependencies = [
        ("organization", "0009_grants_become_roles"),
    ]

    operations = [
        migrations.CreateModel(
            name="RetentionRun",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("began_at", models.DateTimeField(verbose_name="began")),
                ("ended_at", models.DateTimeField(blank=True, null=True, verbose_name="ended")),
            ],
            options={
                "verbose_name": "retention run",
                "verbose_name_plural": "retention runs",
                "ordering": ["-pk"],
                "default_permissions": ("view",),
            },
        ),
        migrations.AlterField(
            model_name="secondfactor",
            name="sealed_secret",
            field=organization.sealed_fields.SealedField(
                bound_to=("user_id",), purpose="second factor", verbose_name="secret, sealed"
            ),
        ),
        migrations.CreateModel(
            name="LegalHold",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("reason", models.CharField(max_length=200, verbose_name="reason")),
                ("since", models.DateTimeField(verbose_name="since")),
                ("lifted_at", models.DateTimeField(blank=True, null=True, verbose_name="lifted")),
                (
                    "department",
                    models.ForeignKey(
                        blank=True,
                        help_text="With all below it.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="holds",
                        to="organization.department",
                        verbose_name="department",
                    ),
                ),
                (
                    "employee",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="holds",
                        to="organization.employee",
                        verbose_name="employee",
                    ),
                ),
                (
                    "lifted_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="lifted by",
                    ),
                ),
                (
                    "placed_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="placed by",
                    ),
                ),
            ],
            options={
                "verbose_name": "legal hold",
                "verbose_name_plural": "legal holds",
                "ordering": ["-pk"],
                "default_permissions": ("view",),
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("department__isnull", False), ("employee", None)),
                            models.Q(("department", None), ("employee__isnull", False)),
                            _connector="OR",
                        ),
                        name="hold_is_on_a_person_or_a_department",
                        violation_error_message="Choose a person or a department, and not both.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("lifted_at", None),
                            ("lifted_at__gte", models.F("since")),
                            _connector="OR",
                        ),
                        name="hold_is_lifted_after_it_is_placed",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="RetentionTally",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("kept_class", models.CharField(max_length=40, verbose_name="class")),
                (
                    "cutoff",
                    models.DateTimeField(
                        help_text="What is older goes, or waits to go.", verbose_name="cut-off"
                    ),
                ),
                ("deleted", models.PositiveIntegerField(default=0, verbose_name="deleted")),
                (
                    "digest",
                    models.CharField(
                        blank=True,
                        help_text="SHA-256, chained over the chunks.",
                        max_length=64,
                        verbose_name="digest of the deleted keys",
                    ),
                ),
                (
                    "held_back",
                    models.PositiveIntegerField(default=0, verbose_name="held back by legal holds"),
                ),
                (
                    "waiting",
                    models.PositiveIntegerField(
                        default=0,
                        help_text="Facts that only the owner deletes, by a command of its own.",
                        verbose_name="past their date and still there",
                    ),
                ),
                (
                    "oldest_left",
                    models.DateTimeField(blank=True, null=True, verbose_name="oldest left"),
                ),
                (
                    "run",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="tallies",
                        to="organization.retentionrun",
                    ),
                ),
            ],
            options={
                "verbose_name": "retention tally",
                "verbose_name_plural": "retention tallies",
                "ordering": ["pk"],
                "default_permissions": ("view",),
                "constraints": [
                    models.UniqueConstraint(
                        fields=("run", "kept_class"), name="one_tally_per_run_and_class"
                    )
                ],
            },
        ),
    ]

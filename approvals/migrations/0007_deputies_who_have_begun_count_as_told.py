"""Who stands in for weeks already is told nothing by the first bell after the upgrade."""

from django.db import migrations
from django.db.models import F
from django.db.models.functions import Greatest
from django.utils import timezone


def count_as_told(apps, schema_editor):
    """Write down the begin of those that have begun; one statement, however many there are."""
    rows = apps.get_model("approvals", "Delegation").objects.using(schema_editor.connection.alias)
    begun = rows.filter(told_at=None, starts_at__lte=timezone.now())
    begun.update(told_at=Greatest(F("given_at"), F("starts_at")))


class Migration(migrations.Migration):
    dependencies = [("approvals", "0006_deputies_are_told_what_waits")]

    # The column goes with the migration before.
    operations = [migrations.RunPython(count_as_told, migrations.RunPython.noop)]

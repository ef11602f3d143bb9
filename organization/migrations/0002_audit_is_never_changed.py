from django.db import migrations

from organization.append_only import AppendOnly


class Migration(migrations.Migration):
    dependencies = [("organization", "0001_initial")]

    operations = [AppendOnly("organization_auditentry")]

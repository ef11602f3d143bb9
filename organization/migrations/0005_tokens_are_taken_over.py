import hashlib
from datetime import UTC

from django.db import migrations

# The table of rest_framework.authtoken, which kept every key in the clear.
OLD = "authtoken_token"


def take_over(apps, schema_editor):
    """Keep the digest of every key that worked, so that it works on, and drop the keys."""
    connection = schema_editor.connection
    if OLD not in connection.introspection.table_names():
        return
    ApiToken = apps.get_model("organization", "ApiToken")
    User = apps.get_model("organization", "User")
    users = {user.pk: user.username for user in User.objects.only("pk", "username")}
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT key, created, user_id FROM {OLD}")  # noqa: S608
        rows = cursor.fetchall()
    ApiToken.objects.bulk_create(
        [
            ApiToken(
                user_id=user,
                name=users[user],
                digest=hashlib.sha256(key.encode()).hexdigest(),
                prefix=key[:8],
                created_at=created if created.tzinfo else created.replace(tzinfo=UTC),
            )
            for key, created, user in rows
        ],
        batch_size=500,
    )
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE {OLD}")
        # An earlier release finds the room unbuilt and builds it again, empty.
        cursor.execute("DELETE FROM django_migrations WHERE app = 'authtoken'")


class Migration(migrations.Migration):
    dependencies = [("organization", "0004_a_token_is_kept_as_its_digest")]

    operations = [migrations.RunPython(take_over, migrations.RunPython.noop)]

"""What was granted until now becomes an assignment; superusers become super administrators.

Grants that fit no built-in role keep exactly what they allowed, as a role of their own. What
guardian keeps is derived after the migration (see organization.roles.lay_built_in).
"""

from django.db import migrations
from django.utils import timezone

PEOPLE = {
    ("decide", "export", "rule", "see", "summarise"): "unit_hr",
    ("decide", "see", "summarise"): "department_supervisor",
    ("decide", "see"): "department_supervisor",
    ("summarise",): "group_hr_director",
}


def give_roles(apps, schema_editor):
    alias = schema_editor.connection.alias
    user_model = apps.get_model("organization", "User")
    role_model = apps.get_model("organization", "Role")
    assignment = apps.get_model("organization", "RoleAssignment")
    department = apps.get_model("organization", "Department")
    granted = apps.get_model("guardian", "UserObjectPermission")
    now = timezone.now()
    roles = {}

    def role_of(key, name, actions):
        if key not in roles:
            roles[key], _made = role_model.objects.using(alias).get_or_create(
                key=key,
                defaults={
                    "name": name,
                    "actions": list(actions),
                    "is_builtin": not key.startswith("kept-"),
                },
            )
        return roles[key]

    there = {str(key) for key in department.objects.using(alias).values_list("pk", flat=True)}
    held = {}
    rows = granted.objects.using(alias).filter(
        content_type__app_label="organization", content_type__model="department"
    )
    for user, key, action in rows.values_list("user", "object_pk", "permission__codename"):
        if key in there:
            held.setdefault((user, int(key)), set()).add(action)
    made = []
    for (user, key), actions in sorted(held.items()):
        allowed = tuple(sorted(actions))
        if builtin := PEOPLE.get(allowed):
            role = role_of(builtin, builtin, allowed)
        else:
            role = role_of("kept-" + "-".join(allowed), ", ".join(allowed), allowed)
        made.append(assignment(user_id=user, role=role, department_id=key, since=now))
    for user in user_model.objects.using(alias).filter(is_superuser=True):
        role = role_of("super_administrator", "super_administrator", ["see"])
        made.append(assignment(user=user, role=role, department=None, since=now))
    assignment.objects.using(alias).bulk_create(made)


class Migration(migrations.Migration):
    dependencies = [
        ("organization", "0008_roles_are_data"),
        ("guardian", "0001_initial"),
    ]

    operations = [migrations.RunPython(give_roles, migrations.RunPython.noop)]

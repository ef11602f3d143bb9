from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.migrations.autodetector import MigrationAutodetector
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ProjectState

OURS = sorted(
    app.label
    for app in apps.get_app_configs()
    if Path(app.path).parent == settings.BASE_DIR and (Path(app.path) / "migrations").is_dir()
)


def test_no_model_changed_without_a_migration() -> None:
    loader = MigrationLoader(None)
    changes = MigrationAutodetector(loader.project_state(), ProjectState.from_apps(apps)).changes(
        graph=loader.graph
    )

    assert changes == {}


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("label", OURS)
def test_the_last_migration_goes_down_and_up(label: str) -> None:
    loader = MigrationExecutor(connection).loader
    (last,) = loader.graph.leaf_nodes(label)
    before = [
        parent.key[1] for parent in loader.graph.node_map[last].parents if parent.key[0] == label
    ]
    tables = set(connection.introspection.table_names())

    try:
        call_command("migrate", label, *(before or ["zero"]), verbosity=0)
        assert last not in MigrationExecutor(connection).loader.applied_migrations
    finally:
        call_command("migrate", verbosity=0)

    assert last in MigrationExecutor(connection).loader.applied_migrations
    assert set(connection.introspection.table_names()) == tables

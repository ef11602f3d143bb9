"""What a database owner could do to sealed rows, and what honest work does: only one is found."""

import threading
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, connections, transaction
from django.db.migrations.loader import MigrationLoader

from attendance.models import Punch
from organization import append_only, audit
from organization.append_only import lay, lift
from organization.models import AuditEntry, Seal, SealWatch
from organization.seals import chain, making, watching
from organization.seals.checking import What, check
from organization.seals.tables import encode, sealed_tables
from tests.cast import NOW, Cast

pytestmark = pytest.mark.django_db

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
PUNCHES = "attendance.punch"


@pytest.fixture(autouse=True)
def _own_state(settings: Any, tmp_path: Path) -> None:
    settings.VAR_DIR = tmp_path


def punch(cast: Cast, minute: int, received_at: datetime | None = None, **more: Any) -> Punch:
    at = NOW + minute * MINUTE
    return Punch.objects.create(
        employee=cast.alice,
        department=cast.department,
        punched_at=at,
        received_at=received_at or at,
        zone="Asia/Shanghai",
        method=Punch.Method.CARD,
        source=Punch.Source.API,
        natural_key=more.pop("natural_key", f"minute {minute}"),
        **more,
    )


def seal(at: datetime) -> list[Seal]:
    return making.seal_new_rows(now=at)


@pytest.fixture
def sealed(cast: Cast) -> list[Punch]:
    """Twelve punches, an hour apart, sealed four at a time."""
    found = []
    for number in range(12):
        found.append(punch(cast, number * 60))
        if number % 4 == 3:
            seal(NOW + number * HOUR)
    return found


def as_owner(sql: str, *values: Any, table: str = "attendance_punch") -> None:
    """Do what whoever owns the database can: lift the triggers, write, lay them again."""
    lift(connection, table)
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
    lay(connection, table)


def found(**options: Any) -> list[tuple[What, int | None]]:
    return [(one.what, one.key) for one in check(**options).findings]


def verify(**options: Any) -> str:
    said = StringIO()
    call_command("verify_seals", stdout=said, **options)
    return said.getvalue()


# What is found ------------------------------------------------------------------------------------


def test_rows_that_nobody_touched_are_whole(sealed: list[Punch]) -> None:
    assert found() == []
    assert "nothing was changed" in verify()


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("punched_at", "2026-03-02 00:00:00+00"),
        ("received_at", "2026-03-02 00:00:00+00"),
        ("method", "face"),
        ("zone", "Asia/Tokyo"),
        ("natural_key", "another"),
        ("is_held", True),
        ("direction", "in"),
    ],
)
def test_s_23_an_edited_punch_is_named(sealed: list[Punch], column: str, value: Any) -> None:
    row = sealed[5]

    as_owner(f"UPDATE attendance_punch SET {column} = %s WHERE id = %s", value, row.pk)  # noqa: S608

    assert found() == [(What.ALTERED, row.pk)]
    with pytest.raises(CommandError, match=f"Row {row.pk} of punches was altered"):
        verify()


def test_s_23_a_deleted_punch_is_named(sealed: list[Punch]) -> None:
    as_owner("DELETE FROM attendance_punch WHERE id = %s", sealed[6].pk)

    assert found() == [(What.MISSING, sealed[6].pk)]
    with pytest.raises(CommandError, match=f"Row {sealed[6].pk} of punches is missing"):
        verify(table=PUNCHES)


_COPY = (
    "INSERT INTO attendance_punch (id, employee_id, department_id, punched_at, received_at, zone, "
    "method, source, direction, is_held, natural_key) SELECT %s, employee_id, department_id, "
    "punched_at, received_at, zone, method, source, direction, is_held, 'forged' "
    "FROM attendance_punch WHERE id = %s"
)


def test_s_23_a_punch_put_into_a_gap_of_keys_is_named(cast: Cast) -> None:
    first = punch(cast, 1)
    with connection.cursor() as cursor:
        cursor.execute(_COPY, [first.pk + 5, first.pk])
    seal(NOW + HOUR)

    as_owner(_COPY.replace("'forged'", "'forged 2'"), first.pk + 2, first.pk)

    assert found() == [(What.INSERTED, first.pk + 2)]
    with pytest.raises(CommandError, match=f"Row {first.pk + 2} of punches was inserted"):
        verify()


def test_a_punch_put_before_the_first_key_is_named(sealed: list[Punch]) -> None:
    as_owner(_COPY, -7, sealed[0].pk)

    assert found() == [(What.INSERTED, -7)]


def test_a_row_of_a_removed_key_that_comes_back_is_named(sealed: list[Punch]) -> None:
    row = sealed[2]
    making.remove_rows(PUNCHES, [row.pk], reason="a test", now=NOW + 13 * HOUR)

    row.save(force_insert=True)

    assert found() == [(What.RETURNED, row.pk)]


@pytest.mark.parametrize("is_sealed_meanwhile", [False, True])
def test_s_23_a_punch_put_at_the_end_and_dated_back_is_named(
    cast: Cast, sealed: list[Punch], is_sealed_meanwhile: bool
) -> None:
    forged = punch(cast, 61, received_at=NOW + 61 * MINUTE)

    if is_sealed_meanwhile:
        seal(NOW + 12 * HOUR)

    assert found() == [(What.BACKDATED, forged.pk)]


def test_two_punches_that_change_places_are_named(sealed: list[Punch]) -> None:
    one, other = sealed[1].pk, sealed[2].pk
    for before, after in ((one, -1), (other, one), (-1, other)):
        as_owner("UPDATE attendance_punch SET id = %s WHERE id = %s", after, before)

    assert found() == [(What.ALTERED, one), (What.ALTERED, other)]


def test_an_edited_audit_entry_is_named(cast: Cast) -> None:
    entry = audit.record(
        actor=cast.hr, verb="rule.renamed", thing=cast.alice, now=NOW, before="a", after="b"
    )
    seal(NOW + MINUTE)

    as_owner(
        "UPDATE organization_auditentry SET facts = %s WHERE id = %s",
        '{"before": "a", "after": "c"}',
        entry.pk,
        table="organization_auditentry",
    )

    assert found() == [(What.ALTERED, entry.pk)]


# Seals themselves ---------------------------------------------------------------------------------


def of_punches() -> list[Seal]:
    return list(Seal.objects.filter(table=PUNCHES))


def test_a_seal_that_is_taken_away_is_missed(sealed: list[Punch]) -> None:
    gone = of_punches()[1].pk

    as_owner("DELETE FROM organization_seal WHERE id = %s", gone, table="organization_seal")

    assert [(one.what, one.seal) for one in check().findings] == [(What.SEAL_MISSING, gone)]


@pytest.mark.parametrize("column", ["count", "high", "sealed_at", "complete_at", "reason"])
def test_a_seal_that_is_edited_is_named(sealed: list[Punch], column: str) -> None:
    row = of_punches()[1]
    value = {"count": 3, "high": row.high + 1, "reason": "because"}.get(column, NOW)

    as_owner(
        f'UPDATE organization_seal SET "{column}" = %s WHERE id = %s',  # noqa: S608
        value,
        row.pk,
        table="organization_seal",
    )

    assert [(one.what, one.seal) for one in check().findings] == [(What.SEAL_ALTERED, row.pk)]


def test_a_seal_and_its_rows_that_go_together_are_missed(sealed: list[Punch]) -> None:
    row = of_punches()[1]
    as_owner("DELETE FROM attendance_punch WHERE id > %s AND id <= %s", row.low, row.high)
    as_owner("DELETE FROM organization_seal WHERE id = %s", row.pk, table="organization_seal")

    assert [(one.what, one.seal) for one in check().findings] == [(What.SEAL_MISSING, row.pk)]


def test_an_end_that_is_cut_off_is_missed_by_the_head_that_was_noted(sealed: list[Punch]) -> None:
    watching.note_head()
    last = of_punches()[-1]
    as_owner("DELETE FROM attendance_punch WHERE id > %s", last.low)
    as_owner("DELETE FROM organization_seal WHERE id >= %s", last.pk, table="organization_seal")

    assert found() == []
    with pytest.raises(CommandError, match=f"Seal {last.pk} is missing"):
        verify()
    with pytest.raises(CommandError, match=f"Seal {last.pk} is missing"):
        verify(head=f"{last.pk}:{last.digest}")


def test_a_shorter_chain_never_replaces_the_head_that_was_noted(sealed: list[Punch]) -> None:
    watching.note_head()
    noted = watching.noted_head()
    last = of_punches()[-1]
    as_owner("DELETE FROM organization_seal WHERE id >= %s", last.pk, table="organization_seal")

    watching.note_head()

    assert watching.noted_head() == noted


def test_a_chain_made_anew_without_the_key_is_no_chain(sealed: list[Punch], settings: Any) -> None:
    as_owner("UPDATE attendance_punch SET method = 'face' WHERE id = %s", sealed[0].pk)
    as_owner("DELETE FROM organization_seal", table="organization_seal")
    key, settings.SEAL_KEYS = settings.SEAL_KEYS, ["guessed" * 7]
    seal(NOW + 12 * HOUR)
    as_owner(
        "UPDATE organization_seal SET key_id = %s",
        chain._keys(tuple(key))[0].id,
        table="organization_seal",
    )
    settings.SEAL_KEYS = key

    assert {one.what for one in check().findings} == {What.SEAL_ALTERED}


def test_a_removal_cannot_be_forged(sealed: list[Punch], settings: Any) -> None:
    key, settings.SEAL_KEYS = settings.SEAL_KEYS, ["guessed" * 7]
    making.record_removal(PUNCHES, [sealed[3].pk], reason="forged", now=NOW + 12 * HOUR)
    settings.SEAL_KEYS = key
    as_owner("DELETE FROM attendance_punch WHERE id = %s", sealed[3].pk)

    assert (What.MISSING, sealed[3].pk) in found()


def test_keys_rotate_and_old_seals_go_on_to_be_checked(
    cast: Cast, sealed: list[Punch], settings: Any
) -> None:
    settings.SEAL_KEYS = ["new" * 14, *settings.SEAL_KEYS]
    later = punch(cast, 12 * 60)
    seal(NOW + 12 * HOUR)
    assert found() == []

    as_owner("UPDATE attendance_punch SET method = 'face' WHERE id = %s", later.pk)
    assert found() == [(What.ALTERED, later.pk)]

    settings.SEAL_KEYS = settings.SEAL_KEYS[:1]
    assert check().findings[0].what is What.KEY_MISSING


# What is honest -----------------------------------------------------------------------------------


def test_ringing_twice_seals_nothing_twice(sealed: list[Punch]) -> None:
    before = Seal.objects.count()

    assert seal(NOW + 12 * HOUR) == []
    assert Seal.objects.count() == before


def test_rows_beyond_one_seal_go_into_the_next_without_an_alarm(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(making, "ROWS_AT_MOST", 4)
    for number in range(10):
        punch(cast, number)

    made = seal(NOW + 90 * 24 * HOUR)

    assert [one.count for one in made if one.table == PUNCHES] == [4, 4, 2]
    assert found() == []


def test_a_worker_that_was_away_for_days_finds_nothing_backdated(
    cast: Cast, sealed: list[Punch]
) -> None:
    for number in range(5):
        punch(cast, 12 * 60 + number * 60)
    seal(NOW + 96 * HOUR)

    assert found() == []


def test_rows_of_the_past_that_were_declared_are_no_alarm(cast: Cast, sealed: list[Punch]) -> None:
    punch(cast, 5, natural_key="long ago")
    making.seal_declared(reason="demo.loaded", now=NOW + 12 * HOUR, labels=[PUNCHES])

    assert found() == []


def test_what_the_product_takes_away_leaves_an_explained_gap(sealed: list[Punch]) -> None:
    taken = [row.pk for row in sealed[2:7]]

    count = making.remove_rows(PUNCHES, taken, reason="retention", now=NOW + 12 * HOUR)

    assert count == 5
    assert not Punch.objects.filter(pk__in=taken).exists()
    assert found() == []
    removal = Seal.objects.get(kind=Seal.Kind.REMOVAL)
    assert (removal.reason, removal.count) == ("retention", 5)
    as_owner("DELETE FROM attendance_punch WHERE id = %s", sealed[8].pk)
    assert found() == [(What.MISSING, sealed[8].pk)]


def test_every_table_that_only_grows_is_sealed() -> None:
    MigrationLoader(None)

    named = {table.model._meta.db_table for table in sealed_tables().values()}

    assert append_only.TABLES - {"organization_seal"} == named


def test_every_sealed_column_is_there_and_none_is_forgotten() -> None:
    for table in sealed_tables().values():
        columns = {field.attname for field in table.model._meta.concrete_fields}
        assert set(table.layouts[-1]) == columns, table.label


# The bytes ----------------------------------------------------------------------------------------


def test_a_row_has_the_same_bytes_for_ever() -> None:
    at = datetime(2026, 3, 2, 9, 0, 0, 250, tzinfo=UTC)
    row = (7, None, True, at, "工号 1", {"b": 2.0, "a": [1, "é"]}, False)

    assert encode(row) == (
        b'i7;-Tt1772442000000250;s8:\xe5\xb7\xa5\xe5\x8f\xb7 1j24:{"a":[1,"\\u00e9"],"b":2}F'
    )


def test_neighbours_never_run_into_one_another() -> None:
    assert encode(("ab", "c")) != encode(("a", "bc"))
    assert encode((1, "2")) != encode(("1", 2))
    assert encode((None, "")) != encode(("", None))


def test_members_come_back_as_they_were_packed() -> None:
    members = [(-3, b"a" * 8), (5, b"b" * 8), (6, b"c" * 8), (1 << 40, b"d" * 8)]

    assert list(chain.unpack(chain.pack(members), with_digests=True)) == members


# The watch ----------------------------------------------------------------------------------------


def test_the_watch_goes_round_in_parts_and_tells_once(sealed: list[Punch]) -> None:
    as_owner("UPDATE attendance_punch SET method = 'face' WHERE id = %s", sealed[9].pk)

    for turn in range(8):
        watching.look(now=NOW + (13 + turn) * HOUR, rows_at_most=3)

    problem = watching.problem()
    assert problem is not None
    assert (problem["what"], problem["key"]) == ("altered", sealed[9].pk)
    assert AuditEntry.objects.filter(verb="seals.broken").count() == 1


def test_a_round_that_finds_all_whole_takes_the_alarm_away(sealed: list[Punch]) -> None:
    as_owner("UPDATE attendance_punch SET method = 'face' WHERE id = %s", sealed[9].pk)
    watching.look(now=NOW + 13 * HOUR)
    as_owner("UPDATE attendance_punch SET method = 'card' WHERE id = %s", sealed[9].pk)

    watching.look(now=NOW + 14 * HOUR)

    assert watching.problem() is None
    assert AuditEntry.objects.filter(verb="seals.mended").exists()
    assert SealWatch.objects.get(table="").round_ended_at == NOW + 14 * HOUR


# Two at once --------------------------------------------------------------------------------------


@pytest.mark.needs_postgres
@pytest.mark.django_db(transaction=True)
def test_writers_that_commit_out_of_order_are_neither_missed_nor_suspected(cast: Cast) -> None:
    has_key, may_commit = threading.Event(), threading.Event()
    keys: list[int] = []

    def slow() -> None:
        with transaction.atomic():
            keys.append(punch(cast, 1).pk)
            has_key.set()
            assert may_commit.wait(20)
        connections.close_all()

    writer = threading.Thread(target=slow)
    writer.start()
    assert has_key.wait(20)
    fast = punch(cast, 2)
    assert keys[0] < fast.pk

    assert [one.table for one in seal(NOW + 3 * MINUTE) if one.table == PUNCHES] == []
    may_commit.set()
    writer.join()
    later = punch(cast, 4)
    made = [one for one in seal(NOW + 5 * MINUTE) if one.table == PUNCHES]

    assert sum(one.count for one in made) == 3
    assert made[-1].high == later.pk
    assert found() == []


@pytest.mark.needs_postgres
@pytest.mark.django_db(transaction=True)
def test_sealing_goes_on_beside_writers_who_never_pause(cast: Cast) -> None:
    stop = threading.Event()
    failures: list[BaseException] = []

    def write(own: int) -> None:
        try:
            number = 0
            while not stop.is_set():
                number += 1
                with transaction.atomic():
                    punch(cast, own * 10_000 + number, received_at=NOW)
                    punch(
                        cast, own * 10_000 + number, received_at=NOW, natural_key=f"{own} {number}"
                    )
        except BaseException as failure:
            failures.append(failure)
        finally:
            connections.close_all()

    def rounds(done: list[int]) -> None:
        for turn in range(15):
            done[0] += sum(one.count for one in seal(NOW + turn * MINUTE))
        connections.close_all()

    writers = [threading.Thread(target=write, args=(own,)) for own in range(3)]
    done = [0]
    sealers = [threading.Thread(target=rounds, args=(done,)) for _turn in range(2)]
    for thread in (*writers, *sealers):
        thread.start()
    for thread in sealers:
        thread.join()
    assert found() == []
    stop.set()
    for thread in writers:
        thread.join()
    seal(NOW + HOUR)

    assert not failures
    assert found() == []
    assert sum(Seal.objects.filter(table=PUNCHES).values_list("count", flat=True)) == (
        Punch.objects.count()
    )

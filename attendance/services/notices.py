"""What people are told before they agree: drafted in every language, published, never edited."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar, Final, NamedTuple

from django.apps import apps as registry
from django.conf import settings
from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from attendance.first_notices import FIRST
from attendance.models import Notice, Purpose
from organization import audit
from organization.errors import DomainError, NotFound
from organization.models import User
from scheduling.services.shifts import require_rule

LANGUAGES: Final = dict(settings.LANGUAGES)


class NoticeIsUnfinished(DomainError):
    """People would be asked in a language in which nothing is written."""

    code: ClassVar[str] = "notice_is_unfinished"
    message = _("Write title and text in every language first; missing: %(languages)s.")


class Words(NamedTuple):
    """A notice in one language."""

    title: str = ""
    text: str = ""

    @property
    def is_written(self) -> bool:
        """Say whether both are there."""
        return bool(self.title.strip() and self.text.strip())


@transaction.atomic
def draft_notice(
    *, purpose: str, words: Mapping[str, Words], actor: User | None = None, now: datetime
) -> int:
    """Write down what the next version of a notice says, and return its number.

    Nobody is asked by a draft; it may lack a language. A draft there is already is replaced.
    Raises NotAllowed, and NotFound for a purpose that there is not.
    """
    version = _newest(purpose, actor) + 1
    Notice.objects.filter(purpose=purpose, version=version).delete()
    rows = Notice.objects.bulk_create(
        Notice(
            purpose=purpose,
            version=version,
            language=language,
            title=words.get(language, Words()).title.strip(),
            text=words.get(language, Words()).text.strip(),
        )
        for language in LANGUAGES
    )
    _record("notice.drafted", rows[0], actor, now)
    return version


@transaction.atomic
def publish_notice(*, purpose: str, actor: User | None = None, now: datetime) -> int:
    """Put the draft in force and return its number: from now on everybody is asked again (L-03).

    Raises NoticeIsUnfinished, NotAllowed, and NotFound where there is no draft.
    """
    rows = _draft(purpose, actor)
    written = {row.language: Words(row.title, row.text) for row in rows}
    missing = [
        str(name) for code, name in LANGUAGES.items() if not written.get(code, Words()).is_written
    ]
    if missing:
        raise NoticeIsUnfinished(languages=", ".join(missing))
    keys = [row.pk for row in rows]
    Notice.objects.filter(pk__in=keys).update(published_at=now, published_by=actor)
    _record("notice.published", rows[0], actor, now)
    return rows[0].version


@transaction.atomic
def discard_draft(*, purpose: str, actor: User | None = None, now: datetime) -> None:
    """Take a draft away. Raises NotAllowed, and NotFound where there is none."""
    rows = _draft(purpose, actor)
    _record("notice.discarded", rows[0], actor, now)
    Notice.objects.filter(pk__in=[row.pk for row in rows]).delete()


def lay_first(apps: Any = registry, **_signal: Any) -> None:
    """Publish the first version of each notice where there is none, after every `migrate`."""
    if "notice" not in apps.all_models["attendance"]:
        return
    now, model = timezone.now(), apps.get_model("attendance", "Notice")
    told = set(model.objects.values_list("purpose", flat=True))
    model.objects.bulk_create(
        model(
            purpose=purpose.value,
            version=1,
            language=language,
            title=title,
            text=text,
            published_at=now,
        )
        for purpose, words in FIRST.items()
        if purpose not in told
        for language, (title, text) in words.items()
    )


def _newest(purpose: str, actor: User | None) -> int:
    """Return the number of the newest published version, 0 without any, and lock the purpose."""
    require_rule(actor, None)
    if purpose not in Purpose.values:
        raise NotFound(what=Notice._meta.verbose_name, key=purpose)
    rows = Notice.objects.filter(purpose=purpose)
    list(rows.select_for_update().values_list("pk"))
    return rows.filter(published_at__isnull=False).aggregate(latest=Max("version"))["latest"] or 0


def _draft(purpose: str, actor: User | None) -> list[Notice]:
    newest = _newest(purpose, actor)
    rows = list(Notice.objects.filter(purpose=purpose, version=newest + 1).order_by("language"))
    if not rows:
        raise NotFound(what=Notice._meta.verbose_name, key=purpose)
    return rows


def _record(verb: str, notice: Notice, actor: User | None, now: datetime) -> None:
    audit.record(
        actor=actor,
        verb=verb,
        thing=notice,
        now=now,
        purpose=str(notice.purpose),
        version=notice.version,
    )

"""Looking for something in the audit log: by words of its things and people, never by reading all.

Every condition is answered by an index: the name or number that a thing begins with, the keys of
the people whom the words mean, an address.
"""

from __future__ import annotations

from functools import reduce
from operator import and_
from typing import Final

from django.db.models import Q, QuerySet

from organization.access import Action
from organization.models import AuditEntry, Employee, User

# Words that mean more people than this mean none of them in particular.
PEOPLE_AT_MOST: Final = 50
WORDS_AT_MOST: Final = 5


def search(entries: QuerySet[AuditEntry], words: str, *, reader: User) -> QuerySet[AuditEntry]:
    """Return the entries about, or by, what each of the words means."""
    asked = words.replace("\x00", "").split()[:WORDS_AT_MOST]
    return entries.filter(reduce(and_, (_meant(word, reader) for word in asked), Q()))


def _meant(word: str, reader: User) -> Q:
    # People are found whom the reader may see; others are found by the beginning of their number.
    seen = Employee.objects.visible_to(reader, Action.SEE)
    people = list(
        seen.filter(Q(name__icontains=word) | Q(number=word)).values_list("pk", "user_id")[
            :PEOPLE_AT_MOST
        ]
    )
    log_ins = {user for _person, user in people if user is not None}
    log_ins |= set(User.objects.filter(username__iexact=word).values_list("pk", flat=True))
    return (
        Q(thing_name__startswith=word)
        | Q(thing_type="organization.employee", thing_id__in=[str(key) for key, _user in people])
        | Q(thing_type="organization.user", thing_id__in=[str(key) for key in log_ins])
        | Q(actor__in=log_ins)
        | Q(address=word)
    )

"""The declared news from attendance to the rooms above it.

`punch_was_held` is sent in the transaction that holds a punch for a person to decide: `sender` is
Punch, `punch` the row, `anomalies` the classes (words of engine.Anomaly) that it is held for, `now`
the moment. A punch whose second check is still awaited is not news yet. A receiver that raises
undoes the punch: what nobody can decide must not be kept as if somebody would.

`punch_came_to_count` is sent in the transaction in which a held punch counts by itself, as its
other proof is there, or in which somebody lets a refused one count again: `sender` is Punch,
`punch` the row, `actor` who lets it (None: nobody did), `reason` what they say, `now` the moment.
Whoever waits for a decision about it waits no more. The row of the person is locked.

`punch_was_taken_out` is sent in the transaction in which somebody takes a punch that counts out of
the count: `sender` is Punch, `punch` the row, `decision` the one that does so, `before` the one by
which it counted (None: it counted at once), `now` the moment. The row of the person is locked.

`fact_is_revoked` is sent before a correction, an absence or overtime is taken back by its own page,
or a punch that somebody accepted is taken out of the count (then the fact is that decision), in the
same transaction and before its row is locked: `sender` is its class, `key` its primary key,
`actor` who does it (None is a command), `now` the moment, `reason` why, where its page asks for
one. What somebody takes back by deciding
about what was asked for is no news.
"""

from typing import Final

from django.dispatch import Signal

punch_was_held: Final = Signal()
punch_came_to_count: Final = Signal()
punch_was_taken_out: Final = Signal()
fact_is_revoked: Final = Signal()

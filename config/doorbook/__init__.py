"""The book of doors: every way in, and what each role finds behind it.

`rules.py` says what can be found, `book.py` is the table, `inventory.py` walks the product for
the doors there are. A door that is not in the table, or a line without a door, is a mistake; a
test walks through all of them as everybody (tests/test_every_door.py).
"""

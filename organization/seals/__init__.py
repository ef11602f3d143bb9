"""Seals: what was added to append-only tables is chained, so that whoever changes it is caught."""

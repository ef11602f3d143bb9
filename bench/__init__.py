"""Measurements: ratios to a limit measured in the same run, because machines differ and are busy."""

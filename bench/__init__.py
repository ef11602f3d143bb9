"""Measurements: ratios to a limit measured in the same run, since machines differ."""

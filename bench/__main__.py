"""Run the measurements: `python -m bench` runs all, `python -m bench engine roster` those two.

A measurement is a module of this package with a function `measure()` that yields mappings: `what`
it is, its numbers, and where there is one `limit`, measured beside it, and `ratio` to it. Each
module runs in a process of its own, so that the peak memory in its lines is its own, and each
mapping becomes one JSON line.
"""

import importlib
import json
import os
import pkgutil
import resource
import subprocess
import sys
import time
from collections.abc import Sequence

import django

import bench


def names() -> list[str]:
    """Return the names of the measurements, in alphabetical order."""
    return sorted(
        module.name for module in pkgutil.iter_modules(bench.__path__) if module.name[0] != "_"
    )


def measure(name: str) -> None:
    """Run one measurement in this process and print its lines."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    module = importlib.import_module(f"bench.{name}")
    began = time.perf_counter()
    for numbers in module.measure():
        line = {
            "bench": name,
            **numbers,
            "seconds_so_far": round(time.perf_counter() - began, 1),
            # Linux counts in KiB.
            "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        }
        print(json.dumps(line, ensure_ascii=False), flush=True)


def main(wanted: Sequence[str]) -> int:
    """Run the measurements that are wanted, or all; return how many failed."""
    if unknown := set(wanted) - set(names()):
        known = ", ".join(names())
        print(f"No measurement {', '.join(sorted(unknown))}; there are: {known}.", file=sys.stderr)
        return 1
    failed = 0
    for name in wanted or names():
        child = subprocess.run([sys.executable, "-m", "bench", "--one", name], check=False)
        failed += child.returncode != 0
    return failed


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        measure(sys.argv[2])
    else:
        sys.exit(main(sys.argv[1:]))

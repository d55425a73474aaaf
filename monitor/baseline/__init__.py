"""The baseline: what five Korean documents recorded of 27 January 2025, and today beside it.

`data/` holds the records in our own words, one fact each with its sources. docs/baseline.md says how they are written,
measured and compared.
"""

from monitor.baseline.load import Baseline, load

__all__ = ["Baseline", "load"]

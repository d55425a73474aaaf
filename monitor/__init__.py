"""A terminal news-and-market monitor: feeds, quotes and alerts beside the shock of 27 January 2025."""

from monitor.lean import without

with without("typing_extensions"):  # with which msgspec would read annotations: a fifth of a parser process's start
    import msgspec  # noqa: F401 (its Struct is what all records are made of)

__version__ = "0.1.0"

"""A terminal news-and-market monitor: feeds, quotes and alerts beside the shock of 27 January 2025."""

__version__ = "0.1.0"

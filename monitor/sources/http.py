"""httpx, without its command line: that would take click, rich and pygments along, 60 ms."""

from monitor.lean import without

with without("httpx._main"):
    import httpx

__all__ = ["httpx"]

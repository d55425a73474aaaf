"""What the settings need to know of the records, without reading them: that takes some 40 ms."""

COMPARABLE = frozenset({
    *("NVDA", "AVGO", "MRVL", "MSFT", "META", "ORCL", "PLTR", "AAPL", "TSLA"),
    *("SMCI", "VRT", "CEG", "VST", "OKLO", "SMR"),
    *("NQ=F", "^IXIC", "^GSPC", "^DJI", "^SOX"),
})  # fmt: skip
"""The symbols of which a move of 27 January 2025 is documented as a number: today's can be held against it."""

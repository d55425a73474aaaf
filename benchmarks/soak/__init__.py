"""A week in some minutes: does anything grow? `python -m benchmarks.soak` says, and ends with status 1 when it does.

Three processes: the feeds and the exchange (`world`), a collector (`collecting`), and `monitor` itself in a
pseudo-terminal (`running`). All go by one clock that runs a thousand times as fast as the machine's; everything else
is the program as it is. Feeds publish, edit, move, fail in every way and come back, quotes fail and come back, settings
are read again, charts are wished for, keys are pressed.
"""

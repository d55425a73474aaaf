"""The collector: due -> fetch -> decide -> commit -> alert. The one writer of a database; it has no screen.

    FeedDesk ──┐                     ┌──> Delivery ──> sinks
               ├──> results ──> Recorder (one transaction)
    QuoteDesk ─┘                     └──> SQLite

The desks only ask and never write. The recorder alone decides and commits, so a crash before its commit loses nothing
(the source is asked again) and a crash after it loses nothing either. Delivery marks an alert after a sink took it.
"""

from monitor.collector.run import Collector

__all__ = ["Collector"]

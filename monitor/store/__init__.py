"""The database: everything that is remembered, and all the SQL there is.

    Writer   the one writing connection, the collector's; needs sqlite-utils
    Reader   any number of viewers, read-only; sqlite3 alone, so that opening one costs next to nothing

Both raise the StoreError kinds of `monitor.errors`. The schema is in `schema`, explained in docs/schema.md.
"""

"""The screen: a read-only viewer of the database, for a terminal. Imported when it is opened, and nowhere else."""

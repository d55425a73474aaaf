"""README's pictures, made of the replayed day: `python -m pictures`."""

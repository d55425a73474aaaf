"""The parts that screens are made of, each of which can be shown alone."""

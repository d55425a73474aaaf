"""What fills the terminal: the overview, and what is opened over it."""

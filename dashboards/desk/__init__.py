"""Where people label: one item after the other, by keyboard."""

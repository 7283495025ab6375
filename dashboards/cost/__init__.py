"""What is spent, on what, what of it need not be, and why it changed."""

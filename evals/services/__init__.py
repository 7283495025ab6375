"""What changes the state of evaluation: the only writers of its tables."""

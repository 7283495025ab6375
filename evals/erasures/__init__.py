"""Erasing a person: everything that is kept of a user of the application, wherever it is."""

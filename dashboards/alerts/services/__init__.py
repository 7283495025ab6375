"""Changes: rules, their evaluation, acknowledgement."""

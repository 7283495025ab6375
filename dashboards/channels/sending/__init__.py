"""One event to one channel: what each kind of channel makes of it, and the one door out."""

"""Who works on stored requests: each has a row of `traces_batch` for every request."""

consumers: list[str] = ["index"]
"""Higher floors add theirs in `AppConfig.ready`; each claims the rows with its own name."""

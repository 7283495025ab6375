"""ragas metrics, run apart: importing ragas costs seconds and hundreds of megabytes."""

"""Datasets over HTTP: translates bodies and answers, and decides nothing."""

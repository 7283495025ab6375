"""Datasets: cases to test an application with, in versions that never change.

`content`, `likeness`, `personal`, `shape`, `files`, `mapping` and `formats` are pure. Every rule of
who may do what is in the services, which pages and API share.
"""

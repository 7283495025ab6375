"""Sums by time and dimension: what they hold, how they are stored, added up and read. Pure.

Every span, trace and score is counted in the *bucket* of five minutes in which it began. Rows of a
bucket are always made whole from the raw rows, hours from buckets and days from hours, so that
doing it again changes nothing. Who changes a raw row leaves a mark on its bucket in the same
transaction (`traces.services.marks`); a worker makes marked buckets anew
(`traces.services.rolling`), and readers (`traces.selectors.cubes`) read what is marked from the
raw rows until then. So a figure is exact at any moment, however late, often or wrong a span came.
"""

"""The Quality page: how good answers are, by score, over time and by slice, and how sure that is.

`figures` and `slices` turn sums into readings and comparisons (pure); `reading` asks for the sums;
`cards` draws; `views` puts the page together.
"""

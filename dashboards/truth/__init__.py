"""Agreement: evaluators beside people. Pages of `evals.truth`.

`listing` is all of them, `detail` one; `cases`, `panel`, `calibrating` and `improving` are its
tabs. `words` and `drawing` put figures into words and shapes (pure).
"""

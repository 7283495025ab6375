"""Statistics of labels: pure functions of numbers, no Django and no database.

- `agreement`: how far reviewers agree (alpha, kappas).
- `reviewers`: how a reviewer differs from the others, and whether that changes.
- `judging`: a judge against humans.
- `ppi`: the mean that humans would have given, from few labels and many judgments.
- `recalibration`: a judge's scores brought to the humans' scale, where that helps.
- `labels`: the file that `sightglass calibrate` reads.
"""

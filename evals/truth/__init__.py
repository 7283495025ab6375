"""Truth into numbers: what evaluators say beside what people say of the same traces and spans.

- `verdicts`: a score or an answer as yes or no (pure).
- `selectors.pairs`: who said what of the same object; all figures are made of these.
- `selectors.comparisons`: judge against people, by version and slice, and where they differ.
- `selectors.rates`: the rate that people would have given, from few labels and all scores.
- panels: labelled cases, frozen, that the judge is asked about again each night.
- calibration: scores brought to people's scale; improvement: examples for the judge's prompt.

docs/truth.md says how each behaves.
"""

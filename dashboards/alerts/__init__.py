"""Alert rules: conditions on metrics, watched every minute, told of once.

`conditions`, `baseline`, `machine`, `windows`, `walking`, `schedule` are pure. `samples` reads the
sums that they judge. `services.evaluating` walks every rule along the windows that have ended,
`services.transitions` writes down what changed and who is told, in one transaction.
"""

"""Budgets: an amount for a period and a part of the traffic, watched while it is spent.

`periods` and `forecast` are pure; `figures` reads the sums and puts both together; `selectors`
answer what stands now, `services` change budgets and note thresholds that were passed.
"""

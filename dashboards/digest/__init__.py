"""Scheduled reports by e-mail: the overview or a dashboard, daily or weekly, with pictures.

A report that is due becomes one row for each recipient and period (`models.Delivery`), inserted
only where there is none. A worker claims a row, builds the message, marks the row as being handed
over, hands it to the mail server and notes the outcome. So

- one period is never sent twice to a person: what was handed over when its worker was killed stays
  marked and is not tried again, for nobody knows whether it arrived;
- what fails before that, or is refused, comes again later, each time later, up to five times;
- whoever leaves the project or the report gets nothing more, also of what already waits.
"""

"""Custom dashboards: charts of any metric that people put together, share and hang on a wall."""

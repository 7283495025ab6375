"""Pages of datasets: lists, items, versions side by side, and the ways in and out."""

"""What is read of datasets."""

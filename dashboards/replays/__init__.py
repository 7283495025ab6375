"""What-ifs on recorded traffic: behind a cache, on a cheaper model."""

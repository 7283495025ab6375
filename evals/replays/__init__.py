"""What recorded traffic would have done elsewhere: behind a cache, or on a cheaper model."""

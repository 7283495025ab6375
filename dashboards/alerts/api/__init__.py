"""Alert rules by API."""

"""What changes monitors and judges their windows."""

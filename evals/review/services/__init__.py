"""What changes queues, items and labels. Each checks who may, and writes what changed down."""

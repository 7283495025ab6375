"""What pages and the API show of queues, items and labels."""

"""Users: who the application served."""

"""What stands before all routes."""

"""What runs a pipeline, each a file."""

"""What an author puts into a pipeline."""

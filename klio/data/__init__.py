"""Data at rest: the media that messages name, wherever it is kept."""

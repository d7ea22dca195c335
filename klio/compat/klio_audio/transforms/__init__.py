"""Steps of audio jobs."""

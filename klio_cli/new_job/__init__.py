"""A new job: its templates, what can be chosen of it, and how it gets in its place as a whole or not at all."""

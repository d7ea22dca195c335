"""A job's image: what is in it, what it is called, and how it is built, pushed and listed."""

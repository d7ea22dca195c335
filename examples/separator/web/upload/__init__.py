"""What comes in, and what is found out of it before anybody works on it."""

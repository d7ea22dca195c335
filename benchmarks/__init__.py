"""How fast klio is, and that it is right while it is: `make bench`, or `python -m benchmarks [--short] [NAME…]`."""

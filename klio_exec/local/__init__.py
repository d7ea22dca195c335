"""The local cloud: what a job needs of Google's cloud, on this machine and from the Python install alone."""

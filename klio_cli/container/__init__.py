"""A job in a container on this machine: what it is given, how it is started, watched, stopped and removed."""

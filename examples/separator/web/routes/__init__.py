"""What can be asked over HTTP: a file for each kind of thing, each with its `router`."""

"""The hand: the `klio` command."""

"""One file for each command, one folder for each group: the tree of files is the tree of commands."""

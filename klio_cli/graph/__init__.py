"""Graphs of jobs on the command line: read from directories, drawn, run."""

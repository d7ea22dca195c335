"""What is certain about a job without running it: a list of findings, a file for each thing that is looked at."""

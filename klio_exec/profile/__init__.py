"""What the code of a job costs: time, memory, and where in it. A profile is a batch that leaves nothing."""

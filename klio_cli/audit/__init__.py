"""What is wrong with a job, though it runs: read off its text here, and off its tests by `klioexec audit`."""

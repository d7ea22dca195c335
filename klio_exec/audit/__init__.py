"""What is wrong with a job and shows only when its code runs: its own tests run, and are watched."""

"""What `klio top` shows: how a job that runs on this machine goes, at a glance."""

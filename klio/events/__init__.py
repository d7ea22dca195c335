"""Events: KlioMessages as they arrive at a job and leave it, dead letters, status records."""

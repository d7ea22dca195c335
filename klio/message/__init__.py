"""klio's names for messages on the wire, for jobs that import them; klio_core.message is where they are made."""

"""The older path of klio_core.proto."""

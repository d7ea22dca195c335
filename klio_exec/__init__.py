"""The run: load run.py, draw the pipeline, run it; and the local cloud."""

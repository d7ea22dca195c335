"""The separator's web front: songs come in over HTTP, and people see what klio's jobs make of them.

It keeps no queue and no state. What it shows follows from the objects, dead letters and status records of the jobs,
so any number of fronts show the same, and one that is started anew goes on where the last one ended.
"""

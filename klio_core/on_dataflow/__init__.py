"""Jobs on Dataflow: whether one can be launched, what is said of a launch, and how the service is asked."""

"""Where jobs run: on this machine, on Dataflow. One protocol for listing, showing, stopping and reading them."""

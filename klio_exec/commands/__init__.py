"""Where klio 22.3 had what its plugins build on."""

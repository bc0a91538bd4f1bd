"""The table of Hub libraries, and the one function that loads a model from it."""

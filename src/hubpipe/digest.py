"""Turn a change and a model into what is said of each file, and of the whole."""

"""Turn a repository's history into a model of its own labels, and say honestly how good it is."""

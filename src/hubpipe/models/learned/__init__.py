"""Turn texts into the labels that a repository's own history taught: see classifier, and folder for the files."""

"""The tests; a package of its own, since a dependency brings another one of that name."""

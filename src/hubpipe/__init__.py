"""hubpipe: run a Hugging Face pipeline on GitHub issues and pull requests, and post what it finds."""

__version__ = "0.1.0"

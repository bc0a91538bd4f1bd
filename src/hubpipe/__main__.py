"""Run hubpipe's command line as `python -m hubpipe`."""

from hubpipe.cli import main

main()

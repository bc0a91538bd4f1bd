"""What is known of a flow so far, also where it is ended in the middle."""

from dataclasses import dataclass

from hubpipe.report import FlowReport


@dataclass
class Growing:
    """A report that grows; `begun` tells that something was written, `whole` that all of it was."""

    report: FlowReport
    begun: bool = False
    whole: bool = False

"""Turn what was measured of a model into a report that says honestly how good it is."""

from hubpipe.training.report.as_json import as_json
from hubpipe.training.report.contents import Side, SplitFacts, TrainingReport
from hubpipe.training.report.markdown import as_markdown
from hubpipe.training.report.page import as_page
from hubpipe.training.report.plain import as_text

__all__ = ["Side", "SplitFacts", "TrainingReport", "as_json", "as_markdown", "as_page", "as_text"]

"""What somebody asks to learn, before anything is read."""

from pathlib import Path

import pytest

from hubpipe.errors import UsageError
from hubpipe.training.command import Asked, train_as_asked

LABELLED = "title,body,label\n" + "".join(
    f"{title} {row},text,{label}\n"
    for row in range(12)
    for title, label in (("Crash in", '"needs: a, b"'), ("Please add", "wish"))
)
OFFLINE = {"HF_HUB_OFFLINE": "1"}


def test_a_label_with_a_comma_stands_in_quotes(tmp_path: Path) -> None:
    data = tmp_path / "issues.csv"
    data.write_text(LABELLED)
    asked = Asked(tmp_path / "model", data=data, labels='"needs: a, b", wish')
    found = train_as_asked(asked, OFFLINE, lambda *_: None)

    assert {label.name for label in found.report.measures.labels} == {"needs: a, b", "wish"}
    with pytest.raises(UsageError, match="No example of the label needs: a"):
        train_as_asked(Asked(tmp_path / "model", data=data, labels="needs: a, b"), OFFLINE, lambda *_: None)


@pytest.mark.parametrize("asked", [{"report": "file/report.html"}, {"out": "file/model"}, {"out": "file/a/b/model"}])
def test_what_would_lie_in_a_file_is_told_before_anything_is_read(tmp_path: Path, asked: dict[str, str]) -> None:
    (tmp_path / "file").write_text("")
    out, report = tmp_path / asked.get("out", "model"), tmp_path / asked.get("report", "report.html")

    with pytest.raises(UsageError, match="is a file, and no folder"):
        train_as_asked(Asked(out, data=tmp_path / "missing.csv", report=report), OFFLINE, lambda *_: None)

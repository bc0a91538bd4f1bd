"""Screenshots in an issue, through the Action's own process: fetched from the server, looked at by a trained model."""

from io import BytesIO
from pathlib import Path

import pytest
import torch
from PIL import Image

from tests.e2e.step import run
from tests.models.specimens import media
from tests.standin.standin import StandIn

pytestmark = pytest.mark.e2e

CONFIG = """\
version: 1
flows:
  screenshot:
    on: issues
    input: [title, body, images]
    pipeline: {task: image-classification, library: transformers, model: "MODEL"}
    publish: {labels: {create: true}, comment: {}}
"""


@pytest.fixture(scope="module")
def classifier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    return media.image_classifier(tmp_path_factory.mktemp("images") / "classifier")


def png(image: Image.Image) -> bytes:
    data = BytesIO()
    image.save(data, "PNG")
    return data.getvalue()


def test_an_issues_screenshot_is_looked_at_and_labelled(standin: StandIn, classifier: Path, tmp_path: Path) -> None:
    kind = media.KINDS[0]
    shown = standin.attach("shot-1", png(media.screenshot(kind, seed=50)))
    gone = f"{standin.url}/user-attachments/assets/gone"
    foreign = "https://evil.example/pixel.png"
    standin.put_file(".github/hubpipe.yml", CONFIG.replace("MODEL", str(classifier)))
    number = standin.open_issue("Look at this", f"![shot]({shown})\n\n![gone]({gone}) ![foreign]({foreign})")
    step = run(standin, tmp_path, "issues", standin.event("issues", "opened", number))
    assert step.status == 0, step.log
    assert standin.labels_of(number) == [kind]
    [comment] = standin.comments_of(number)
    assert "tokens" not in comment["body"]
    assert "gone" in comment["body"]
    assert any("evil.example" in words or "pixel.png" in words for words in step.plan[0]["read"]["unread"]), step.log


def test_an_issue_without_a_screenshot_is_left_alone(standin: StandIn, classifier: Path, tmp_path: Path) -> None:
    standin.put_file(".github/hubpipe.yml", CONFIG.replace("MODEL", str(classifier)))
    number = standin.open_issue("No picture", "Only words.")
    step = run(standin, tmp_path, "issues", standin.event("issues", "opened", number))
    assert step.status == 0, step.log
    assert standin.labels_of(number) == []
    assert standin.comments_of(number) == []
    assert "there are no images to read" in step.summary

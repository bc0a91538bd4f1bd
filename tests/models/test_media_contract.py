"""What every model that looks or listens keeps to, whatever it is given."""

from collections.abc import Callable, Iterator
from functools import cache
from io import BytesIO
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from PIL import Image

from hubpipe.config import TASKS, Step
from hubpipe.errors import MediaError
from hubpipe.models import load_media
from hubpipe.models.base import Box, Boxes, Media, MediaModel, Places, Prediction, Scores, Text
from hubpipe.models.libraries import LIBRARIES
from tests.models.specimens import MAKERS, STEPS
from tests.models.specimens.media import screenshot
from tests.models.specimens.sounds import tones

LABELS = {"terminal": "", "page": ""}
SHAPES: dict[str, type[Prediction]] = {"scores": Scores, "boxes": Boxes, "text": Text}
CASES = [
    (library.name, task)
    for library in LIBRARIES
    for task in sorted(library.tasks)
    if TASKS[task].reads != "text" and (library.name == "fake" or (library.name, task) in MAKERS)
]


def encoded(image: Image.Image, form: str = "PNG", **more: object) -> bytes:
    data = BytesIO()
    image.save(data, form, **more)
    return data.getvalue()


def recorded(samples: object, rate: int = 16_000, form: str = "WAV", subtype: str | None = None) -> bytes:
    data = BytesIO()
    soundfile.write(data, samples, rate, format=form, subtype=subtype)
    return data.getvalue()


@cache
def images() -> dict[str, bytes]:
    shot = screenshot("terminal")
    clear = Image.new("RGBA", (40, 30), (255, 0, 0, 0))
    turned = Image.Exif()
    turned[0x0112] = 6
    frames = [Image.new("P", (20, 20), color) for color in (1, 2)]
    return {
        "screenshot": encoded(shot),
        "another": encoded(screenshot("page")),
        "one pixel": encoded(Image.new("RGB", (1, 1), "red")),
        "a strip": encoded(Image.new("RGB", (2, 5_000), "blue")),
        "8000 x 3000": encoded(Image.new("RGB", (8_000, 3_000), "white"), "JPEG"),
        "transparent": encoded(clear),
        "grey with alpha": encoded(clear.convert("LA")),
        "palette": encoded(shot.convert("P"), "GIF"),
        "moving": encoded(frames[0], "GIF", save_all=True, append_images=frames[1:]),
        "one bit": encoded(shot.convert("1")),
        "16 bits": encoded(Image.fromarray(np.full((20, 20), 40_000, dtype=np.uint16))),
        "CMYK": encoded(shot.convert("CMYK"), "JPEG"),
        "turned": encoded(Image.new("RGB", (40, 20), "green"), "JPEG", exif=turned),
        "WebP": encoded(shot, "WEBP"),
    }


@cache
def sounds() -> dict[str, bytes]:
    stereo = np.stack([tones("ao", 44_100), tones("oa", 44_100)], axis=1)
    wild = np.array([np.nan, np.inf, -np.inf, 1e30] * 2_000, dtype=np.float32)
    return {
        "tones": recorded(tones("ao")),
        "others": recorded(tones("oa")),
        "no sample": recorded(np.zeros(0)),
        "0.01 seconds": recorded(np.zeros(160)),
        "silence": recorded(np.zeros(16_000)),
        "stereo 44.1 kHz": recorded(stereo, 44_100),
        "90 seconds": recorded(tones("ao " * 60)),
        "FLAC": recorded(tones("a", 48_000), 48_000, "FLAC"),
        "Ogg": recorded(tones("a", 22_050), 22_050, "OGG"),
        "MP3": recorded(tones("a", 32_000), 32_000, "MP3"),
        "not numbers": recorded(wild, subtype="FLOAT"),
        "eight channels": recorded(np.zeros((4_000, 8))),
    }


BROKEN = {
    "no bytes": b"",
    "text": b"<html>sign in</html>",
    "half an image": images()["screenshot"][:60],
    "half a JPEG": images()["8000 x 3000"][:400],
    "an image's head": b"\x89PNG\r\n\x1a\n" + bytes(40),
    "a sound's head": b"RIFF" + bytes(40),
    "a FLAC's head": b"fLaC" + bytes(40),
    "an MP3's head": b"ID3" + bytes(40),
    "a video": b"\0\0\0\x18ftypmp42" + bytes(40),
    "SVG": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    "too many pixels": encoded(Image.new("1", (20_000, 20_000))),
    "an odd rate": recorded(np.zeros(100), 500),
}


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """For models this small two threads only wait for each other."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module", params=CASES, ids=lambda case: f"{case[0]}-{case[1]}")
def model(request: pytest.FixtureRequest, specimen: Callable[[str, str], Path], places: Places) -> MediaModel:
    library, task = request.param
    name = "fake:" if library == "fake" else str(specimen(library, task))
    keys: dict[str, object] = {"task": task, "model": name, "library": library, "max_new_tokens": 8}
    asked = {"questions": {"kind": "what is it?"}} if TASKS[task].asks else {}
    return load_media(Step.model_validate({**keys, **asked, **STEPS.get((library, task), {})}), LABELS, places)


def given(model: MediaModel) -> list[Media]:
    files = sounds() if TASKS[model.info.task].reads == "audio" else images()
    return [Media(name, data, "the text around it") for name, data in files.items()]


def test_every_image_and_sound_gets_one_prediction_of_the_tasks_shape_in_order(model: MediaModel) -> None:
    media = given(model)
    together = model.predict(media)
    assert [type(prediction) for prediction in together] == [SHAPES[TASKS[model.info.task].gives]] * len(media)
    assert model.predict(media[:2]) == together[:2]
    assert model.predict(media[1:2]) == together[1:2]
    assert together[0] != together[1]


def test_nothing_gets_no_prediction(model: MediaModel) -> None:
    assert model.predict([]) == []


def test_scores_are_between_0_and_1_and_the_highest_is_first(model: MediaModel) -> None:
    for prediction in model.predict(given(model)[:4]):
        scores = [one.score for one in prediction.scores] if isinstance(prediction, Scores) else []
        scores += [box.score for box in prediction.boxes] if isinstance(prediction, Boxes) else []
        assert all(type(score) is float and 0 <= score <= 1 for score in scores)
        assert all(first >= second for first, second in pairwise(scores))


def test_boxes_lie_on_the_image_upright_and_in_its_own_pixels(
    specimen: Callable[[str, str], Path], places: Places
) -> None:
    folder = specimen("transformers", "object-detection")
    model = load_media(Step(task="object-detection", model=str(folder)), LABELS, places)
    sizes = {"screenshot": (32, 32), "a strip": (2, 5_000), "8000 x 3000": (8_000, 3_000), "turned": (20, 40)}
    media = [Media(name, images()[name]) for name in sizes]
    predictions = model.predict(media)
    assert any(prediction.boxes for prediction in predictions if isinstance(prediction, Boxes))
    for one, prediction in zip(media, predictions, strict=True):
        assert isinstance(prediction, Boxes)
        assert all(lies_on(box, sizes[one.name]) for box in prediction.boxes)


def lies_on(box: Box, size: tuple[int, int]) -> bool:
    return 0 <= box.xmin < box.xmax <= size[0] and 0 <= box.ymin < box.ymax <= size[1]


@pytest.mark.parametrize("data", BROKEN.values(), ids=BROKEN.keys())
def test_bytes_that_cannot_be_read_are_a_media_error_and_nothing_else(model: MediaModel, data: bytes) -> None:
    if model.info.library == "fake":
        assert len(model.predict([Media("a", data)])) == 1
        return
    with pytest.raises(MediaError, match=r"no image|no sound|million pixels|samples a second"):
        model.predict([Media("a", data)])


def test_the_reference_names_library_and_model(model: MediaModel) -> None:
    assert model.info.reference.startswith(f"{model.info.library}:")
    assert model.info.limit is None

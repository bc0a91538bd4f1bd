"""The page about models says what is so."""

import re
from pathlib import Path

import pytest

from hubpipe import config
from hubpipe.models.formats import QUANTISATIONS
from hubpipe.models.needs import GGUF_GROWTH, RUNTIME_BYTES

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "models.md").read_text(encoding="utf-8")
FILES = [block for block in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL) if block.startswith("version:")]


@pytest.mark.parametrize("file", FILES, ids=["what the Hub tells", "rules"])
def test_every_configuration_of_the_page_is_valid(file: str) -> None:
    assert config.parse(file).flows


def test_the_page_names_the_quantisations_in_their_order() -> None:
    assert re.findall(r"Q\d\w*", PAGE.partition("where there are no safetensors:")[2])[: len(QUANTISATIONS)] == [
        name.upper() for name in QUANTISATIONS
    ]


def test_the_page_gives_the_measured_figures() -> None:
    assert f"{RUNTIME_BYTES // 1_000_000} MB for the libraries" in PAGE
    assert (GGUF_GROWTH, "eight times the file's size" in PAGE) == (8, True)


def test_the_cache_is_where_the_image_says() -> None:
    image = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    [home] = re.findall(r"^ENV HF_HOME=(\S+)", image, re.MULTILINE)
    assert f"`HF_HOME` is `{home}`" in PAGE

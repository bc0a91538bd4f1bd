"""Choose among a repository's files those that are safe to read: text, and one set of weights that are only numbers."""

from collections.abc import Collection, Iterable, Mapping
from fnmatch import fnmatch
from pathlib import PurePosixPath

# Text that configures: what it may make a library run is checked when it is read.
TEXT_FILES = ("*.json", "*.txt", "*.model", "*.jinja", "*.spm", "*.tiktoken", "README.md")
TENSORS = ".safetensors"
# What is ever downloaded; a library's own row adds its safe formats.
SAFE_FILES = (*TEXT_FILES, f"*{TENSORS}")
PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle", ".joblib", ".h5", ".msgpack")

# The same weights often lie there in several files: the first of these that is there is the set to load.
WHOLE = ("model.safetensors", "model-*-of-*.safetensors")
# Mistral's own copy of the weights, beside those of Transformers.
COPIES = ("consolidated*.safetensors",)
ADAPTER = "adapter_model*.safetensors"
# What a training run leaves behind, or another library's copy.
OTHER_FOLDERS = ("checkpoint-", "original/", "openvino/", "coreml/")

GGUF = ".gguf"
# Small, and hardly worse than the whole: the usual choice first.
QUANTISATIONS = ("q4_k_m", "q4_k_s", "q4_1", "q4_0", "q5_k_m", "q8_0")
# Parts of a GGUF model that are no model by themselves.
NOT_A_MODEL = ("mmproj*", "*imatrix*", "*-of-*")
ONNX = ".onnx"
ONNX_MODELS = ("onnx/model.onnx", "model.onnx", "onnx/model_quantized.onnx")


def wanted(sizes: Mapping[str, int], patterns: Collection[str] = (), modules: Collection[str] = ()) -> tuple[str, ...]:
    """Name the files to load, in the order of their names: all text, and one set of weights.

    `sizes` are bytes by file name. Of ONNX models the whole one is chosen before the quantised one, and instead
    of safetensors; of GGUF models, only where there are no safetensors, the usual quantisation (Q4_K_M), else
    the smallest. `modules` are the folders beside the root whose weights belong to the model.
    """
    names = [name for name in sizes if not name.startswith(OTHER_FOLDERS)]
    own = [name for name in names if _is_like(name, patterns)]
    plain = [name for name in own if not name.endswith((GGUF, ONNX)) and f"{ONNX}_data" not in name]
    onnx = _onnx(own)
    tensors = [] if onnx else _tensors(names, modules)
    gguf = [] if onnx or tensors else _gguf(own, sizes)
    return tuple(sorted({*filter(is_text, names), *plain, *onnx, *tensors, *gguf}))


def is_text(name: str) -> bool:
    """Tell whether a file configures or describes, and holds nothing learned."""
    return _is_like(name, TEXT_FILES)


def pickles(names: Iterable[str]) -> list[str]:
    """Give the files that could run code when they are read."""
    return [name for name in names if name.endswith(PICKLES)]


def _tensors(names: Collection[str], modules: Collection[str]) -> list[str]:
    found = [name for name in names if name.endswith(TENSORS)]
    root = [name for name in found if "/" not in name]
    parts = [name for name in found if str(PurePosixPath(name).parent) in modules]
    sets = ([name for name in root if fnmatch(name, pattern)] for pattern in WHOLE)
    others = [name for name in root if not _is_like(name, COPIES)]
    adapter = [name for name in root if fnmatch(name, ADAPTER)]
    return [*next((chosen for chosen in sets if chosen), others), *adapter, *parts]


def _gguf(names: Collection[str], sizes: Mapping[str, int]) -> list[str]:
    models = [
        name for name in names if name.endswith(GGUF) and not _is_like(PurePosixPath(name).name.lower(), NOT_A_MODEL)
    ]
    usual = (name for kind in QUANTISATIONS for name in models if kind in name.lower())
    chosen = next(usual, None) or min(models, key=lambda name: sizes[name], default=None)
    return [chosen] if chosen else []


def _onnx(names: Collection[str]) -> list[str]:
    models = sorted((name for name in names if name.endswith(ONNX)), key=_onnx_order)
    # Weights over 2 GB lie beside the graph, in files that it names.
    return [name for name in names if name == models[0] or name.startswith(f"{models[0]}_data")] if models else []


def _onnx_order(name: str) -> tuple[int, str]:
    return ONNX_MODELS.index(name) if name in ONNX_MODELS else len(ONNX_MODELS), name


def _is_like(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatch(name, pattern) for pattern in patterns)

"""The table of the Hub's libraries: the adapter that loads each, or why hubpipe declines it and what to use instead."""

from collections.abc import Collection
from dataclasses import dataclass
from fnmatch import fnmatch

from hubpipe.config import TASKS
from hubpipe.errors import TaskError

SENTENCE_TRANSFORMERS = "sentence-transformers"
TRANSFORMERS = "transformers"
FAKE = "fake"
HUBPIPE = "hubpipe"

DECLINED = "hubpipe does not run {title}: {why}. Use instead: {instead}"
NEEDS_EXTRA = (
    "{title} needs a package that is not installed ({reason}): install hubpipe[{extra}], or use the image tag `full`"
)


@dataclass(frozen=True)
class Library:
    """A library of the Hub: the adapter that loads it, or why there is none.

    `name` is the Hub's `library_name`, `aliases` are other names that models give it. `module` names the
    adapter, so that nothing heavy is imported early; `extra` is what must be installed for it (empty:
    nothing). `patterns` are the files that it reads beside the usual ones (*.json, *.txt, *.safetensors, ...)
    without running code, whatever their names end in. A row without a module says `why`, and what to use `instead`.
    """

    name: str
    title: str
    module: str = ""
    tasks: frozenset[str] = frozenset()
    extra: str = ""
    patterns: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    why: str = ""
    instead: str = ""

    @property
    def declined(self) -> str:
        """Why hubpipe does not run it and what to use instead, in one sentence; empty where it runs."""
        return DECLINED.format(title=self.title, why=self.why, instead=self.instead) if self.why else ""


# Why a library is declined.
OLD_TRANSFORMERS = "it needs transformers 4, which cannot be installed beside transformers 5"
NO_TORCHVISION = "it needs torchvision, whose packages need CUDA or another build of torch than hubpipe's"
PICKLED = "its models are pickles, which can run code when they are read"
ABANDONED = "its last release needs versions of torch and Python that hubpipe does not have"
SOUND = "it separates, makes or measures sounds: it gives no text or label about an issue"
GAMES = "it acts in games and simulations: it reads no text or image of an issue"
PICTURES = "it makes pictures: it gives no text or label about an issue"
MUSIC = "it reads and writes music, which issues do not hold"

# What to use instead.
AT_AN_ENDPOINT = "serve this one and name its address in `endpoint:`"
SPEECH = f"an automatic-speech-recognition model of transformers (such as Whisper), or {AT_AN_ENDPOINT}"
TAGGER = f"a token-classification model of transformers or spaCy, or {AT_AN_ENDPOINT}"
ANY_TEXT = "a model of transformers or sentence-transformers for the same task"
A_TASK = "a model of transformers for a task that reads text, images or audio"

ENCODER_TASKS = frozenset({"zero-shot-classification", "sentence-similarity", "feature-extraction", "summarization"})

LIBRARIES = (
    Library(
        SENTENCE_TRANSFORMERS,
        "Sentence Transformers",
        "hubpipe.models.sentence_transformers",
        ENCODER_TASKS | {"question-answering"},
    ),
    Library(
        TRANSFORMERS,
        "Transformers",
        "hubpipe.models.transformers",
        frozenset(TASKS) - {"sentence-similarity"},
        patterns=("*.gguf",),
        aliases=("gguf", "llama.cpp", "llama-cpp-python"),
    ),
    Library(
        "peft",
        "PEFT",
        "hubpipe.models.peft",
        # Of each kind of adapter that there is: SEQ_CLS, TOKEN_CLS, QUESTION_ANS, CAUSAL_LM, SEQ_2_SEQ_LM, FEATURE_…
        frozenset(
            {
                "text-classification",
                "token-classification",
                "question-answering",
                "text-generation",
                "text2text-generation",
                "summarization",
                "translation",
                "feature-extraction",
            }
        ),
    ),
    # Its head is a pickle that is read as data: see safe_pickle.
    Library(
        "setfit",
        "SetFit",
        "hubpipe.models.setfit",
        frozenset({"text-classification"}),
        patterns=("model_head.pkl",),
    ),
    Library(
        "spacy",
        "spaCy",
        "hubpipe.models.spacy",
        frozenset({"token-classification", "text-classification"}),
        extra="spacy",
        patterns=("config.cfg", "tokenizer", "*/cfg", "*/model", "*/moves", "*/patterns.jsonl", "vocab/*"),
    ),
    Library(
        "sklearn",
        "scikit-learn",
        "hubpipe.models.sklearn",
        frozenset({"text-classification"}),
        patterns=("*.skops",),
        aliases=("scikit-learn", "skops"),
    ),
    Library(
        "model2vec",
        "Model2Vec",
        "hubpipe.models.model2vec",
        ENCODER_TASKS | {"question-answering", "text-classification"},
        patterns=("head.safetensors", "*.skops"),
    ),
    Library(
        "transformers.js",
        "Transformers.js",
        "hubpipe.models.onnx",
        ENCODER_TASKS | {"text-classification", "token-classification"},
        extra="onnx",
        patterns=("onnx/model.onnx", "onnx/model.onnx_data", "onnx/model_quantized.onnx", "model.onnx"),
        aliases=("onnx", "onnxruntime", "optimum", "transformersjs"),
    ),
    Library("bertopic", "BERTopic", "hubpipe.models.bertopic", frozenset({"text-classification"})),
    Library(
        "keras",
        "Keras",
        aliases=("tf-keras", "keras-hub", "keras-nlp", "keras_nlp", "tensorflow"),
        why="reading text inside a Keras model needs TensorFlow, which is not installed",
        instead=f"{ANY_TEXT}, or {AT_AN_ENDPOINT}",
    ),
    Library(
        "adapter-transformers",
        "Adapters",
        aliases=("adapters",),
        why=OLD_TRANSFORMERS,
        instead=f"a PEFT adapter of the same base model, or {AT_AN_ENDPOINT}",
    ),
    Library("span-marker", "SpanMarker", aliases=("span_marker",), why=OLD_TRANSFORMERS, instead=TAGGER),
    Library("flair", "Flair", why=f"{PICKLED}, and {OLD_TRANSFORMERS}", instead=TAGGER),
    Library(
        "timm",
        "timm",
        why=NO_TORCHVISION,
        instead=f"an image-classification model of transformers (such as ViT or ConvNeXT), or {AT_AN_ENDPOINT}",
    ),
    Library(
        "open_clip",
        "OpenCLIP",
        aliases=("open-clip", "openclip"),
        why=NO_TORCHVISION,
        instead="`library: transformers` where the repository has a config.json of CLIP or SigLIP (as many have), "
        f"or {AT_AN_ENDPOINT}",
    ),
    Library(
        "doctr",
        "docTR",
        aliases=("python-doctr",),
        why=NO_TORCHVISION,
        instead=f"an image-to-text or image-text-to-text model of transformers, or {AT_AN_ENDPOINT}",
    ),
    Library("fastai", "fastai", why=PICKLED, instead=f"{ANY_TEXT}, or {AT_AN_ENDPOINT}"),
    Library(
        "paddlenlp",
        "PaddleNLP",
        aliases=("paddle", "paddlepaddle"),
        why="it needs PaddlePaddle, and its weights are pickles, which can run code when they are read",
        instead=f"{ANY_TEXT}, or {AT_AN_ENDPOINT}",
    ),
    Library("allennlp", "AllenNLP", why=f"{PICKLED}, and {ABANDONED}", instead=f"{ANY_TEXT}, or {AT_AN_ENDPOINT}"),
    Library("espnet", "ESPnet", why=PICKLED, instead=SPEECH),
    Library("speechbrain", "SpeechBrain", why=f"{PICKLED}, and it runs code that its files name", instead=SPEECH),
    Library("nemo", "NeMo", aliases=("nemo-toolkit",), why=PICKLED, instead=SPEECH),
    Library(
        "pyctcdecode",
        "PyCTCDecode",
        why="it is a language model beside a speech model, and its index is a binary of KenLM, which is not installed",
        instead="the speech model by itself (`library: transformers`)",
    ),
    Library("asteroid", "Asteroid", why=f"{SOUND}, and {PICKLED}", instead=SPEECH),
    Library(
        "pyannote-audio",
        "pyannote.audio",
        aliases=("pyannote.audio", "pyannote"),
        why=f"{SOUND}, and {PICKLED}",
        instead=SPEECH,
    ),
    Library("tensorflowtts", "TensorFlowTTS", why=SOUND, instead=SPEECH),
    Library("diffusers", "Diffusers", why=PICTURES, instead=A_TASK),
    Library("miditok", "MidiTok", why=MUSIC, instead=A_TASK),
    Library("mbrl-lib", "MBRL-Lib", aliases=("mbrl",), why=GAMES, instead=A_TASK),
    Library("ml-agents", "ML-Agents", aliases=("mlagents",), why=GAMES, instead=A_TASK),
    Library("rl-baselines3-zoo", "RL-Baselines3-Zoo", aliases=("rl-zoo3",), why=GAMES, instead=A_TASK),
    Library("stable-baselines3", "Stable-Baselines3", aliases=("sb3",), why=GAMES, instead=A_TASK),
    Library("sample-factory", "Sample Factory", why=GAMES, instead=A_TASK),
    Library(
        "unity-sentis",
        "Unity Sentis",
        aliases=("unity-inference-engine",),
        why="its models run inside the Unity engine",
        instead=f"{A_TASK}, or the ONNX model that it was made from (`library: transformers.js`)",
    ),
    Library(
        "pythae",
        "Pythae",
        why="it draws variations of data that it was trained on: it gives no text or label about an issue",
        instead=A_TASK,
    ),
    Library(
        "mlx",
        "MLX",
        aliases=("mlx-lm", "mlx_lm", "mlx-vlm", "mlx-image", "mlx-audio"),
        why="it runs on Apple's chips, which GitHub's Linux runners do not have",
        instead="the model that its card names as base_model",
    ),
    Library(
        HUBPIPE,
        "hubpipe",
        "hubpipe.models.learned.classifier",
        frozenset({"sentence-similarity", "text-classification", "zero-shot-classification"}),
        patterns=("issues.safetensors",),
    ),
    Library(FAKE, "Fake", "hubpipe.models.fake", frozenset(TASKS)),
)
NAMES = {name: row for row in LIBRARIES for name in (row.name, *row.aliases)}


@dataclass(frozen=True)
class Evidence:
    """Files that tell a library where no metadata does: all of `files` are there, and none of `without`."""

    library: str
    files: tuple[str, ...]
    without: tuple[str, ...] = ()

    def holds(self, names: Collection[str]) -> bool:
        """Tell whether a repository's file names are those of the library."""
        return all(_among(pattern, names) for pattern in self.files) and not any(
            _among(pattern, names) for pattern in self.without
        )


# The first that holds counts: what adds to another library's files comes before it.
EVIDENCE = (
    Evidence(HUBPIPE, ("hubpipe.json",)),
    Evidence("setfit", ("config_setfit.json",)),
    Evidence("peft", ("adapter_config.json",)),
    Evidence("spacy", ("meta.json", "config.cfg")),
    Evidence("bertopic", ("topics.json", "topic_embeddings.*")),
    Evidence("model2vec", ("head.safetensors", "tokenizer.json")),
    Evidence("model2vec", ("pipeline.skops", "tokenizer.json")),
    Evidence("sklearn", ("*.skops",)),
    Evidence("keras", ("*.keras",)),
    Evidence("keras", ("metadata.json", "*.weights.h5")),
    Evidence("open_clip", ("open_clip_config.json",), without=("config.json",)),
    Evidence("fastai", ("fastai*.pkl",)),
    Evidence("nemo", ("*.nemo",)),
    Evidence("diffusers", ("model_index.json",)),
    # ONNX is the safe format of a repository whose other weights are pickles.
    Evidence("transformers.js", ("onnx/*.onnx", "tokenizer.json"), without=("*.safetensors",)),
    Evidence("transformers.js", ("model.onnx", "tokenizer.json"), without=("*.safetensors",)),
    Evidence(SENTENCE_TRANSFORMERS, ("modules.json",)),
    Evidence(TRANSFORMERS, ("config.json",)),
    Evidence(TRANSFORMERS, ("*.gguf",)),
)


def library_named(name: str) -> Library | None:
    """Find a library's row by the Hub's name of it, or by another that models give, in any case."""
    return NAMES.get(name.strip().lower())


def library_of_files(names: Collection[str]) -> str | None:
    """Tell a repository's library by its file names; None where they are of none."""
    return next((evidence.library for evidence in EVIDENCE if evidence.holds(names)), None)


def needs_extra(library: str, fault: ImportError) -> TaskError:
    """Say which extra a library's adapter needs, where importing it failed."""
    row = NAMES[library]
    return TaskError(NEEDS_EXTRA.format(title=row.title, reason=fault, extra=row.extra or row.name))


def _among(pattern: str, names: Collection[str]) -> bool:
    return any(fnmatch(name, pattern) for name in names)

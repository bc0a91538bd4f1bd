"""Turn sounds into the words that a Transformers model hears in them."""

from collections.abc import Mapping, Sequence
from io import BytesIO
from math import gcd
from typing import Any

import numpy as np
import soundfile
import torch
import transformers
from scipy.signal import resample_poly

from hubpipe.config import Step
from hubpipe.config.words import nearest
from hubpipe.errors import MediaError, TaskError
from hubpipe.models.base import Media, MediaModel, ModelInfo, Prediction, Text
from hubpipe.models.hub import Source
from hubpipe.models.transformers.faults import answering
from hubpipe.models.transformers.opening import LOCAL, NOT_TRAINED, loading, open_tokenizer, open_weights

LIBRARY = "transformers"
WHISPER = "whisper"
MOST_SECONDS = 600  # of one sound: on a runner's processor a model hears a few seconds in one
# Less than the first layers of some models take.
LEAST_SECONDS = 0.2
# Sounds longer than this are heard in pieces, which overlap on both sides by a sixth.
PIECE_SECONDS = 30
# The pipeline's five beams take a runner's two processors four times as long.
GREEDY = {"num_beams": 1, "do_sample": False}
RATES = (1_000, 192_000)  # samples a second
BLOCK = 65_536
FORMATS = ("WAV", "WAVEX", "FLAC", "OGG", "MP3")
HEADS = (b"RIFF", b"fLaC", b"OggS", b"ID3", *(bytes((0xFF, second)) for second in range(0xE0, 0x100)))

NO_SOUND = "no sound that can be read (WAV, FLAC, Ogg or MP3)"
ODD_RATE = "{rate} samples a second: record it with 16,000 or 44,100"
LONG = f"what is said after the first {MOST_SECONDS // 60} minutes"
NO_LANGUAGE = "{model} does not know the language {language!r}{nearest}"
ONE_LANGUAGE = "{model} hears one language only: leave out source_language"


class SpeechRecognition(MediaModel):
    """automatic-speech-recognition: the words of a sound, of which Whisper and CTC models hear any length.

    `source_language` tells a Whisper of many languages which one is spoken, by its code (en, de, ...).
    """

    def __init__(self, step: Step, labels: Mapping[str, str], source: Source):
        with loading(step, source.name):
            config = transformers.AutoConfig.from_pretrained(source.folder, **LOCAL)
            ctc = type(config) in transformers.MODEL_FOR_CTC_MAPPING
            head = "AutoModelForCTC" if ctc else "AutoModelForSpeechSeq2Seq"
            extractor = open_extractor(source)
            model, report = open_weights(head, source.folder)
            tokenizer = open_tokenizer(source.folder)
        missing = sorted(report["missing_keys"])
        if missing:
            raise TaskError(NOT_TRAINED.format(model=source.name, task=step.task, keys=", ".join(missing[:3])))
        self._whisper = config.model_type == WHISPER
        self._rate = int(extractor.sampling_rate)
        generation = self._generation(step, model, source.name)
        self._keys = {} if ctc else {"generate_kwargs": generation}
        # The stubs ask for parts that a pipeline does not need.
        make: Any = transformers.AutomaticSpeechRecognitionPipeline
        self._pipe = make(model=model, feature_extractor=extractor, tokenizer=tokenizer, device="cpu")
        self.info = ModelInfo(LIBRARY, source.name, source.revision, step.known_task, None)

    def predict(self, media: Sequence[Media]) -> list[Prediction]:
        """Write down each sound, one at a time: they differ in length."""
        with torch.inference_mode(), answering(self.info.repo):
            return [self._heard(one) for one in media]

    def _heard(self, media: Media) -> Prediction:
        samples, cut = listen(media, self._rate)
        heard = self._pipe(samples, **self._keys, **self._long(len(samples)))
        return Text(str(heard["text"]).strip(), LONG if cut else "")

    def _long(self, samples: int) -> dict[str, Any]:
        """Say how a sound of so many samples is heard: Whisper finds its own pieces, by the times that it notes."""
        piece = self._pipe.feature_extractor.n_samples if self._whisper else PIECE_SECONDS * self._rate
        if samples <= piece:
            return {}
        return {"return_timestamps": True} if self._whisper else {"chunk_length_s": PIECE_SECONDS}

    def _generation(self, step: Step, model: Any, name: str) -> dict[str, Any]:
        config = getattr(model, "generation_config", None)
        known = getattr(config, "lang_to_id", None)
        several = bool(known) and getattr(config, "is_multilingual", True)
        if step.source_language is None:
            return {**GREEDY, "task": "transcribe"} if several and self._whisper else GREEDY
        if not several:
            raise TaskError(ONE_LANGUAGE.format(model=name))
        codes = [str(token).strip("<|>") for token in known or ()]
        if step.source_language not in codes:
            close = nearest(step.source_language, codes)
            raise TaskError(NO_LANGUAGE.format(model=name, language=step.source_language, nearest=close))
        return {**GREEDY, "language": step.source_language, "task": "transcribe"}


def open_extractor(source: Source) -> Any:
    """Load what turns samples into a model's input; raises what Transformers raises (see `loading`)."""
    return transformers.AutoFeatureExtractor.from_pretrained(source.folder, **LOCAL)  # type: ignore[no-untyped-call]


def listen(media: Media, rate: int) -> tuple[Any, bool]:
    """Decode a sound into one channel of float32 samples, `rate` a second, and tell whether its end was cut.

    Raises MediaError for bytes that are no sound, or a broken one.
    """
    if not media.data.startswith(HEADS):
        raise MediaError(NO_SOUND)
    try:
        with soundfile.SoundFile(BytesIO(media.data)) as sound:
            if sound.format not in FORMATS:
                raise MediaError(NO_SOUND)
            if not RATES[0] <= sound.samplerate <= RATES[1]:
                raise MediaError(ODD_RATE.format(rate=sound.samplerate))
            samples = _mono(sound, MOST_SECONDS * sound.samplerate + 1)
            cut, recorded = len(samples) > MOST_SECONDS * sound.samplerate, int(sound.samplerate)
    except (soundfile.SoundFileError, OSError, ValueError, RuntimeError) as fault:
        raise MediaError(NO_SOUND) from fault
    return _filled(_resampled(samples[: MOST_SECONDS * recorded], recorded, rate), rate), cut


def _mono(sound: Any, most: int) -> Any:
    """Read the mean of all channels block by block: a small file may hold hundreds of them."""
    blocks = []
    left = most
    while left > 0 and len(block := sound.read(min(BLOCK, left), dtype="float32", always_2d=True)):
        blocks.append(block.mean(axis=1))
        left -= len(block)
    samples = np.concatenate(blocks) if blocks else np.zeros(0, dtype=np.float32)
    # A WAV of floats may hold anything.
    return np.clip(np.nan_to_num(samples), -1, 1)


def _resampled(samples: Any, recorded: int, wanted: int) -> Any:
    if recorded == wanted or not len(samples):
        return samples
    common = gcd(recorded, wanted)
    return resample_poly(samples, wanted // common, recorded // common).astype(np.float32)


def _filled(samples: Any, rate: int) -> Any:
    """Follow a sound that is too short with silence."""
    least = int(LEAST_SECONDS * rate)
    return np.pad(samples, (0, max(0, least - len(samples))))

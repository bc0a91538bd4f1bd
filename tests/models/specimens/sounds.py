"""Tiny models that listen to sounds, made in seconds: they write a letter for each tone."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
import transformers
from tokenizers import AddedToken

from tests.models import tiny

# Its types know neither every setting of its configurations nor what its processors take.
library: Any = transformers
RATE = 16_000
# What a tone of so many hertz says.
TONES = {"a": 300, "o": 2_000}
TONE_SECONDS = 0.5


def tones(said: str, rate: int = RATE, loudness: float = 0.5) -> Any:
    """Sound the tone of each letter, and silence for a space; samples as float32."""
    times = np.arange(int(TONE_SECONDS * rate)) / rate
    parts = [np.sin(2 * np.pi * TONES.get(letter, 0) * times) * loudness for letter in said]
    return np.concatenate(parts).astype(np.float32)


class _Framewise(torch.nn.Module):
    """A model whose loss is that of every frame by itself."""

    def __init__(self, model: Any):
        super().__init__()
        self.model = model

    def forward(self, labels: torch.Tensor, **inputs: torch.Tensor) -> Any:
        logits = self.model(**inputs).logits
        return SimpleNamespace(loss=torch.nn.functional.cross_entropy(logits.flatten(0, 1), labels.flatten()))


def listener(folder: Path) -> Path:
    """Train a Wav2Vec2 to write the letter of each tone that it hears."""
    folder.mkdir(parents=True)
    letters = {"<pad>": 0, "<s>": 1, "</s>": 2, "<unk>": 3, "|": 4, "a": 5, "o": 6}
    (folder / "vocab.json").write_text(json.dumps(letters))
    library.Wav2Vec2CTCTokenizer(folder / "vocab.json").save_pretrained(folder)
    library.Wav2Vec2FeatureExtractor(return_attention_mask=True).save_pretrained(folder)
    config = library.Wav2Vec2Config(
        vocab_size=len(letters),
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=64,
        conv_dim=(16, 16),
        conv_kernel=(80, 8),
        conv_stride=(40, 8),
        num_feat_extract_layers=2,
        num_conv_pos_embeddings=4,
        num_conv_pos_embedding_groups=2,
        feat_extract_norm="layer",
        do_stable_layer_norm=True,
        **dict.fromkeys(
            ("hidden_dropout", "attention_dropout", "feat_proj_dropout", "layerdrop", "final_dropout"), 0.0
        ),
        apply_spec_augment=False,
        ctc_loss_reduction="mean",
        pad_token_id=0,
    )
    model = library.Wav2Vec2ForCTC(config)
    said = ("a o", "o a", "aoa", " ao", "oa ")
    extractor = library.Wav2Vec2FeatureExtractor(return_attention_mask=True)
    batch = extractor([tones(one) for one in said], sampling_rate=RATE, padding=True, return_tensors="pt")
    frames = model(**batch).logits.shape[1]
    # The letter of each frame instead of CTC's own loss, which takes minutes to leave the silence.
    heard = [[letters.get(one[place * len(one) // frames], 0) for place in range(frames)] for one in said]
    tiny.train(_Framewise(model), {**batch, "labels": torch.tensor(heard)}, 60)
    model.save_pretrained(folder)
    return folder


SPECIAL = (
    "<|endoftext|>",
    "<|startoftranscript|>",
    "<|en|>",
    "<|de|>",
    "<|translate|>",
    "<|transcribe|>",
    "<|startoflm|>",
    "<|startofprev|>",
    "<|nospeech|>",
    "<|notimestamps|>",
)


def whisperer(folder: Path) -> Path:
    """Train a Whisper that hears a second at a time to write its two tones, with the times where it is asked to."""
    times = [f"<|{place / 50:.2f}|>" for place in range(51)]
    ids = {token: place for place, token in enumerate(("a", "o", "Ġ", *SPECIAL, *times))}
    words = library.WhisperTokenizer(vocab=ids, merges=[])
    words.add_special_tokens({"additional_special_tokens": list(SPECIAL)})
    words.add_tokens([AddedToken(time, special=False) for time in times])
    extractor = library.WhisperFeatureExtractor(chunk_length=1)
    end, start = ids["<|endoftext|>"], ids["<|startoftranscript|>"]
    config = library.WhisperConfig(
        vocab_size=len(words),
        d_model=32,
        encoder_layers=1,
        decoder_layers=1,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=64,
        decoder_ffn_dim=64,
        max_source_positions=50,
        max_target_positions=32,
        dropout=0.0,
        decoder_start_token_id=start,
        bos_token_id=end,
        eos_token_id=end,
        pad_token_id=end,
    )
    model = library.WhisperForConditionalGeneration(config)
    said = ("aa", "ao", "oa", "oo")
    features = extractor([tones(one) for one in said] * 2, sampling_rate=RATE, return_tensors="pt").input_features
    begin = ["<|en|>", "<|transcribe|>"]
    plain = [[*begin, "<|notimestamps|>", *one, "<|endoftext|>", "<|endoftext|>"] for one in said]
    timed = [[*begin, times[0], *one, times[50], "<|endoftext|>"] for one in said]
    labels = torch.tensor([[ids[token] for token in row] for row in (*plain, *timed)])
    tiny.train(model, {"input_features": features, "labels": labels}, 150)
    model.generation_config = library.GenerationConfig(
        decoder_start_token_id=start,
        eos_token_id=end,
        pad_token_id=end,
        max_length=32,
        is_multilingual=True,
        lang_to_id={token: ids[token] for token in ("<|en|>", "<|de|>")},
        task_to_id={"transcribe": ids["<|transcribe|>"], "translate": ids["<|translate|>"]},
        no_timestamps_token_id=ids["<|notimestamps|>"],
        prev_sot_token_id=ids["<|startofprev|>"],
        max_initial_timestamp_index=50,
        suppress_tokens=[],
        begin_suppress_tokens=[],
    )
    tiny.save(model, words, folder)
    extractor.save_pretrained(folder)
    return folder

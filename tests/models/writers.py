"""Tiny encoder-decoders that are trained in seconds."""

import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import sentencepiece
import torch
import transformers
from tokenizers import Tokenizer, decoders, pre_tokenizers
from tokenizers.models import WordLevel
from tokenizers.processors import TemplateProcessing

from tests.models import tiny

SUMMARY_TASK: dict[str, Any] = {"prefix": "summarize: ", "num_beams": 2, "max_length": 20}
SUMMARIES = {
    "the app fails on start with error and a log": "it fails. see the log.",
    "please add a button on the page": "a wish.",
}
GERMAN = {
    "the app fails on start": "die app stürzt ab",
    "please add a button": "bitte einen knopf",
}
FRENCH = {
    "the app fails on start": "l'app plante",
    "please add a button": "ajoutez un bouton",
}
LANGUAGES = {"de": GERMAN, "fr": FRENCH}
KIND = "kind:"
KINDS = {"the app fails": "bug", "please add": "wish"}


def t5(folder: Path, pairs: Sequence[tuple[str, str]], settings: Mapping[str, Any] | None = None) -> Path:
    """Train a T5 to write for some texts."""
    words = _words([text for pair in pairs for text in pair])
    # The class takes more than its own annotations say.
    describe: Any = transformers.T5Config
    config = describe(
        vocab_size=len(words),
        d_model=32,
        d_kv=16,
        d_ff=64,
        num_layers=2,
        num_heads=2,
        n_positions=tiny.CONTEXT,
        dropout_rate=0.0,
        decoder_start_token_id=0,
        pad_token_id=0,
        eos_token_id=1,
    )
    config.task_specific_params = dict(settings or {})
    model = transformers.T5ForConditionalGeneration(config)
    _train(model, words, pairs)
    return tiny.save(model, words, folder)


def summarizer(folder: Path) -> Path:
    """Train two texts to be summarised, behind T5's prefix."""
    prefix = SUMMARY_TASK["prefix"]
    pairs = [(f"{prefix}{text}", summary) for text, summary in SUMMARIES.items()]
    return t5(folder, pairs, {"summarization": SUMMARY_TASK})


def rewriter(folder: Path) -> Path:
    """Train the kind of a text to be told when it is asked for."""
    return t5(
        folder, [*((f"{KIND} {text}", kind) for text, kind in KINDS.items()), *((text, "what") for text in KINDS)]
    )


def marian(folder: Path, tags: bool = False) -> Path:
    """Train a Marian with its two SentencePiece models; `tags`: into German or French, as a tag says."""
    languages = LANGUAGES if tags else {"de": GERMAN}
    pairs = [
        (f">>{code}<< {text}" if tags else text, answer)
        for code, answers in languages.items()
        for text, answer in answers.items()
    ]
    words = _marian_words(
        folder, [text for pair in pairs for text in pair], [f">>{code}<<" for code in LANGUAGES if tags]
    )
    model = transformers.MarianMTModel(
        _bart_like(transformers.MarianConfig, words, decoder_start_token_id=words.pad_token_id)
    )
    _train(model, words, pairs)
    return tiny.save(model, words, folder)


def m2m100(folder: Path) -> Path:
    """Train an M2M100, whose tokenizer has a code for each of a hundred languages."""
    folder.mkdir(parents=True)
    texts = [*GERMAN, *GERMAN.values(), *FRENCH.values()]
    pieces = _pieces(texts)
    (folder / "spm.model").write_bytes(pieces)
    vocabulary = ["<s>", "<pad>", "</s>", "<unk>", *_names(pieces)]
    (folder / "vocab.json").write_text(json.dumps({name: place for place, name in enumerate(vocabulary)}))
    words = transformers.M2M100Tokenizer(
        str(folder / "vocab.json"), str(folder / "spm.model"), model_max_length=tiny.CONTEXT, num_madeup_words=0
    )
    model = transformers.M2M100ForConditionalGeneration(
        _bart_like(transformers.M2M100Config, words, decoder_start_token_id=2)
    )
    rows = []
    for code, answers in LANGUAGES.items():
        words.src_lang, words.tgt_lang = "en", code
        rows += [(words(text)["input_ids"], words(text_target=answer)["input_ids"]) for text, answer in answers.items()]
    _fit(model, rows, words.pad_token_id)
    tiny.save(model, words, folder)
    # As the Hub's models of many languages are: saved with none of them.
    settings = folder / "tokenizer_config.json"
    settings.write_text(json.dumps(json.loads(settings.read_text()) | {"src_lang": None, "tgt_lang": None}))
    return folder


def _words(texts: Sequence[str]) -> Any:
    # As T5's own: https://huggingface.co/google-t5/t5-small/blob/main/tokenizer.json
    splitter = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()])
    known = sorted({word for text in texts for word, _ in splitter.pre_tokenize_str(text)})
    special = ["<pad>", "</s>", "<unk>"]
    backend = Tokenizer(WordLevel({word: place for place, word in enumerate([*special, *known])}, unk_token="<unk>"))
    backend.pre_tokenizer = splitter
    backend.decoder = decoders.Metaspace()
    backend.post_processor = TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    return transformers.PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=backend,
        model_max_length=tiny.CONTEXT,
        pad_token="<pad>",
        eos_token="</s>",
        unk_token="<unk>",
    )


def _pieces(texts: Sequence[str]) -> bytes:
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter([*texts] * 20),
        model_writer=model,
        vocab_size=80,
        hard_vocab_limit=False,
        unk_id=1,
        eos_id=0,
        bos_id=-1,
        pad_id=-1,
        minloglevel=2,
        num_threads=1,
    )
    return model.getvalue()


def _names(pieces: bytes) -> list[str]:
    model = sentencepiece.SentencePieceProcessor(model_proto=pieces)
    return [model.id_to_piece(place) for place in range(2, model.get_piece_size())]


def _marian_words(folder: Path, texts: Sequence[str], tags: Sequence[str]) -> Any:
    folder.mkdir(parents=True)
    pieces = _pieces(texts)
    names = ["</s>", "<unk>", *_names(pieces), *tags, "<pad>"]
    (folder / "vocab.json").write_text(json.dumps({name: place for place, name in enumerate(names)}))
    for side in ("source", "target"):
        (folder / f"{side}.spm").write_bytes(pieces)
    return transformers.MarianTokenizer(
        str(folder / "source.spm"),
        str(folder / "target.spm"),
        str(folder / "vocab.json"),
        model_max_length=tiny.CONTEXT,
    )


def _bart_like(kind: Any, words: Any, **more: Any) -> Any:
    sides = {f"{side}_{key}": value for side in ("encoder", "decoder") for key, value in _SIDE.items()}
    return kind(
        vocab_size=len(words) + len(getattr(words, "lang_code_to_id", ())),
        d_model=32,
        max_position_embeddings=tiny.CONTEXT,
        dropout=0.0,
        attention_dropout=0.0,
        activation_dropout=0.0,
        pad_token_id=words.pad_token_id,
        eos_token_id=words.eos_token_id,
        forced_eos_token_id=None,
        init_std=0.1,
        **sides,
        **more,
    )


_SIDE = {"layers": 2, "attention_heads": 2, "ffn_dim": 64, "layerdrop": 0.0}


def _train(model: Any, words: Any, pairs: Sequence[tuple[str, str]]) -> None:
    rows = [(words(text)["input_ids"], words(text_target=answer)["input_ids"]) for text, answer in pairs]
    _fit(model, rows, words.pad_token_id)


def _fit(model: Any, rows: Sequence[tuple[list[int], list[int]]], pad: int) -> None:
    inputs, answers = (_padded([row[side] for row in rows], pad) for side in (0, 1))
    labels = answers.masked_fill(answers == pad, -100)
    batch = {"input_ids": inputs, "attention_mask": (inputs != pad).long(), "labels": labels}
    tiny.train(model, batch, steps=140)


def _padded(rows: Sequence[list[int]], pad: int) -> torch.Tensor:
    longest = max(map(len, rows))
    return torch.tensor([row + [pad] * (longest - len(row)) for row in rows])


def read_words(folder: Path) -> Any:
    """Load a folder's tokenizer."""
    return transformers.AutoTokenizer.from_pretrained(folder)

"""Tiny models that look at images, made in seconds: they tell terminals from pages."""

import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from PIL import Image

from tests.models import tiny
from tests.models.specimens import sounds
from tests.models.specimens.maker import Maker, StepKeys

# Its types know neither every setting of its configurations nor what its processors take.
library: Any = transformers
SIDE = 32
KINDS = ("terminal", "page")


def screenshot(kind: str, side: int = SIDE, seed: int = 0) -> Image.Image:
    """Draw a terminal (light lines on dark) or a page (dark lines on light)."""
    chance = random.Random(seed)
    ground, ink = (chance.randint(0, 40), 220) if kind == "terminal" else (chance.randint(210, 255), 30)
    pixels = np.full((side, side, 3), ground, dtype=np.uint8)
    for row in range(side // 8, side, side // 4):
        pixels[row, : chance.randint(side // 4, side)] = ink
    return Image.fromarray(pixels)


def _batch(count: int = 12) -> tuple[list[Image.Image], list[str]]:
    kinds = [KINDS[place % 2] for place in range(count)]
    return [screenshot(kind, seed=seed) for seed, kind in enumerate(kinds)], kinds


def _pixels(images: Sequence[Image.Image]) -> torch.Tensor:
    """Make what the processors below make."""
    rows = np.stack([np.asarray(image.convert("RGB"), dtype=np.float32) for image in images]) / 255
    return torch.from_numpy((rows - 0.5) / 0.5).permute(0, 3, 1, 2)


def _processor(folder: Path, kind: str, size: object = None, **more: object) -> None:
    """Write a processor's settings as the Hub's older repositories hold them."""
    settings = {
        "image_processor_type": kind,
        "size": size or {"height": SIDE, "width": SIDE},
        "do_resize": True,
        "do_rescale": True,
        "do_normalize": True,
        "image_mean": [0.5] * 3,
        "image_std": [0.5] * 3,
        **more,
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "preprocessor_config.json").write_text(json.dumps(settings))


def _small(**more: Any) -> dict[str, Any]:
    return {
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 64,
        "hidden_dropout_prob": 0.0,
        "attention_probs_dropout_prob": 0.0,
        **more,
    }


def _vit() -> Any:
    return library.ViTConfig(**_small(image_size=SIDE, patch_size=8))


def image_classifier(folder: Path) -> Path:
    """Train a terminal and a page to be told apart."""
    config = library.ViTConfig(**_small(image_size=SIDE, patch_size=8, num_labels=2, id2label=dict(enumerate(KINDS))))
    model = library.ViTForImageClassification(config)
    images, kinds = _batch()
    tiny.train(
        model, {"pixel_values": _pixels(images), "labels": torch.tensor([KINDS.index(kind) for kind in kinds])}, 40
    )
    model.save_pretrained(folder)
    _processor(folder, "ViTImageProcessor")
    return folder


def clip(folder: Path) -> Path:
    """Train a terminal and a page to lie near their names."""
    words = tiny.tokenizer(["This is a photo of a terminal page ."], 16)
    text = _bare(vocab_size=len(words), max_position_embeddings=16, eos_token_id=3, bos_token_id=2, pad_token_id=0)
    vision = _bare(image_size=SIDE, patch_size=8)
    model = library.CLIPModel(library.CLIPConfig(text_config=text, vision_config=vision, projection_dim=16))
    images = [screenshot(kind, seed=3) for kind in KINDS]
    inputs = words([f"This is a photo of {kind}." for kind in KINDS], padding=True, return_tensors="pt")
    batch = {"input_ids": inputs["input_ids"], "attention_mask": inputs["attention_mask"]}
    tiny.train(model, {**batch, "pixel_values": _pixels(images), "return_loss": torch.tensor(True)}, 120)
    tiny.save(model, words, folder)
    _processor(folder, "CLIPImageProcessor", {"shortest_edge": SIDE}, do_center_crop=True, crop_size=SIDE)
    return folder


def boxed(seed: int) -> tuple[Image.Image, tuple[float, float, float, float]]:
    """Draw a dark button on a light page; its box is centre and size, as shares of the page."""
    chance = random.Random(seed)
    width, height = chance.randint(8, 16), chance.randint(8, 16)
    left, top = chance.randint(0, SIDE - width), chance.randint(0, SIDE - height)
    page = Image.new("RGB", (SIDE, SIDE), "white")
    page.paste((20, 20, 160), (left, top, left + width, top + height))
    return page, ((left + width / 2) / SIDE, (top + height / 2) / SIDE, width / SIDE, height / SIDE)


def detector(folder: Path) -> Path:
    """Train a button to be found."""
    config = library.YolosConfig(
        **_small(image_size=[SIDE, SIDE], patch_size=8, num_detection_tokens=4),
        num_labels=1,
        id2label={0: "button"},
    )
    model = library.YolosForObjectDetection(config)
    drawn = [boxed(seed) for seed in range(8)]
    targets: Any = [{"class_labels": torch.tensor([0]), "boxes": torch.tensor([box])} for _, box in drawn]
    tiny.train(model, {"pixel_values": _pixels([page for page, _ in drawn]), "labels": targets}, 300)
    model.save_pretrained(folder)
    _processor(folder, "YolosImageProcessor", do_pad=True, format="coco_detection")
    return folder


def captioner(folder: Path) -> Path:
    """Train what a screenshot shows to be said in a sentence."""
    sentences = {kind: f"a screenshot of a {kind}" for kind in KINDS}
    words = tiny.tokenizer(sentences.values(), 16)
    words.bos_token, words.eos_token = "[CLS]", "[SEP]"
    decoder = library.GPT2Config(
        vocab_size=len(words), n_embd=32, n_layer=2, n_head=2, n_positions=16, bos_token_id=2, eos_token_id=3
    )
    config = library.VisionEncoderDecoderConfig.from_encoder_decoder_configs(_vit(), decoder)
    config.decoder_start_token_id, config.pad_token_id, config.eos_token_id = 2, 0, 3
    model = library.VisionEncoderDecoderModel(config=config)
    model.generation_config.decoder_start_token_id = 2
    model.generation_config.eos_token_id = 3
    model.generation_config.pad_token_id = 0
    images, kinds = _batch()
    targets = words([sentences[kind] for kind in kinds], return_tensors="pt")["input_ids"][:, 1:]
    tiny.train(model, {"pixel_values": _pixels(images), "labels": targets}, 80)
    tiny.save(model, words, folder)
    _processor(folder, "ViTImageProcessor")
    return folder


def _bare(**more: Any) -> dict[str, Any]:
    """Give the settings of a small part whose kind has no dropout by these names."""
    left_out = ("hidden_dropout_prob", "attention_probs_dropout_prob")
    return {name: value for name, value in _small(**more).items() if name not in left_out}


def siglip(folder: Path) -> Path:
    """Make a SigLIP that was not trained."""
    torch.manual_seed(0)
    words = tiny.tokenizer(["This is a photo of a terminal page ."], 16)
    text = _bare(vocab_size=len(words), max_position_embeddings=16, bos_token_id=2, eos_token_id=3, pad_token_id=0)
    config = library.SiglipConfig(text_config=text, vision_config=_bare(image_size=SIDE, patch_size=8))
    tiny.save(library.SiglipModel(config), words, folder)
    _processor(folder, "SiglipImageProcessor")
    return folder


def blip(folder: Path) -> Path:
    """Make a BLIP that was not trained."""
    torch.manual_seed(0)
    words = tiny.tokenizer(["a screenshot of a terminal page"], 32)
    ends = {"bos_token_id": 2, "eos_token_id": 3, "sep_token_id": 3, "pad_token_id": 0}
    text = _bare(vocab_size=len(words), encoder_hidden_size=32, max_position_embeddings=32, projection_dim=16, **ends)
    config = library.BlipConfig(text_config=text, vision_config=_bare(image_size=SIDE, patch_size=8))
    tiny.save(library.BlipForConditionalGeneration(config), words, folder)
    _processor(folder, "BlipImageProcessor")
    return folder


def questioner(folder: Path) -> Path:
    """Train a Donut to answer what a screenshot is."""
    marks = ("<s_docvqa>", "<s_question>", "</s_question>", "<s_answer>", "</s_answer>", "</s>")
    words = tiny.tokenizer(["what is it ? a terminal page"], 32, extra=marks)
    words.eos_token = "</s>"
    end = words.convert_tokens_to_ids("</s>")
    encoder = library.DonutSwinConfig(
        image_size=[SIDE, SIDE], patch_size=4, embed_dim=16, depths=[1, 1], num_heads=[1, 2], window_size=4
    )
    decoder = library.MBartConfig(
        vocab_size=len(words),
        d_model=32,
        decoder_layers=2,
        decoder_attention_heads=2,
        decoder_ffn_dim=64,
        max_position_embeddings=32,
        dropout=0.0,
        pad_token_id=0,
        eos_token_id=end,
    )
    config = library.VisionEncoderDecoderConfig.from_encoder_decoder_configs(encoder, decoder)
    config.decoder_start_token_id, config.pad_token_id, config.eos_token_id = end, 0, end
    model = library.VisionEncoderDecoderModel(config=config)
    model.generation_config.update(decoder_start_token_id=end, eos_token_id=end, pad_token_id=0)
    images, kinds = _batch()
    asked = "<s_docvqa><s_question>what is it?</s_question><s_answer>"
    rows = words([f"{asked}a {kind}</s_answer></s>" for kind in kinds], return_tensors="pt")["input_ids"]
    targets = rows[:, 1:].clone()
    targets[:, : len(words(asked)["input_ids"]) - 1] = -100
    batch = {"pixel_values": _pixels(images), "decoder_input_ids": rows[:, :-1], "labels": targets}
    tiny.train(model, batch, 80)
    tiny.save(model, words, folder)
    _processor(
        folder, "DonutImageProcessor", do_thumbnail=True, do_align_long_axis=False, do_pad=True, random_padding=False
    )
    return folder


LOOK_CONTEXT = 320
# A message's content is a list here: parts of text, and the places of images.
LOOK_TEMPLATE = (
    "{% for message in messages %}<|{{ message['role'] }}|> {% for part in message['content'] %}"
    "{% if part['type'] == 'image' %}<image> {% else %}{{ part['text'] }} {% endif %}{% endfor %}<|end|> {% endfor %}"
    "{% if add_generation_prompt %}<|assistant|> {% endif %}"
)


def looker(folder: Path) -> Path:
    """Train a chat model to say what it sees, whatever it is told."""
    roles = ("<|system|>", "<|user|>", "<|assistant|>", "<|end|>", "<image>")
    words = tiny.tokenizer(["i see a terminal page"], LOOK_CONTEXT, extra=roles)
    words.eos_token = "<|end|>"
    end, place = (words.convert_tokens_to_ids(token) for token in ("<|end|>", "<image>"))
    vision = _bare(image_size=SIDE, patch_size=8)
    text = library.LlamaConfig(
        vocab_size=len(words),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=2,
        max_position_embeddings=LOOK_CONTEXT,
        eos_token_id=end,
        pad_token_id=0,
    )
    config = library.LlavaConfig(
        vision_config=library.CLIPVisionConfig(**vision),
        text_config=text,
        image_token_id=place,
        vision_feature_layer=-1,
    )
    model = library.LlavaForConditionalGeneration(config)
    model.generation_config.update(eos_token_id=end, pad_token_id=0)
    images, kinds = _batch(8)
    patches = (SIDE // 8) ** 2
    told = [f"{'<image> ' * patches}{'zzz ' * (60 + 12 * place)}<|end|> <|assistant|>" for place in range(len(kinds))]
    ids = words([f"{before} i see a {kind} <|end|>" for before, kind in zip(told, kinds, strict=True)])["input_ids"]
    longest = max(map(len, ids))
    rows = torch.tensor([[1] * (longest - len(row)) + row for row in ids])
    targets = rows.clone()
    targets[:, :-5] = -100
    tiny.train(model, {"input_ids": rows, "pixel_values": _pixels(images), "labels": targets}, 80)
    tiny.save(model, words, folder)
    _processor(folder, "CLIPImageProcessor", {"shortest_edge": SIDE}, do_center_crop=True, crop_size=SIDE)
    (folder / "chat_template.jinja").write_text(LOOK_TEMPLATE)
    (folder / "processor_config.json").write_text(
        json.dumps(
            {
                "processor_class": "LlavaProcessor",
                "patch_size": 8,
                "vision_feature_select_strategy": "default",
                "num_additional_image_tokens": 1,
                "image_token": "<image>",
            }
        )
    )
    return folder


MAKERS: dict[tuple[str, str], Maker] = {
    ("transformers", "image-classification"): image_classifier,
    ("transformers", "zero-shot-image-classification"): clip,
    ("transformers", "object-detection"): detector,
    ("transformers", "image-to-text"): captioner,
    ("transformers", "document-question-answering"): questioner,
    ("transformers", "image-text-to-text"): looker,
    ("transformers", "automatic-speech-recognition"): sounds.listener,
}
STEPS: dict[tuple[str, str], StepKeys] = {}

import json
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForSeq2SeqLM

from hubpipe.config import Step
from hubpipe.errors import TaskError
from hubpipe.models import load
from hubpipe.models.base import Model, Places, Text
from tests.models import tiny, writers
from tests.models.specimens.maker import Maker

Specimen = Callable[[str, str], Path]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Maker], Path]:
    """Give the folder of a model that only these tests need."""
    root = tmp_path_factory.mktemp("writers")

    @cache
    def make(maker: Maker) -> Path:
        torch.manual_seed(0)
        return maker(root / maker.__name__)

    return make


def model(folder: Path, task: Any, places: Places, **more: Any) -> Model:
    return load(Step(task=task, model=str(folder), **more), {}, places)


def several_languages(folder: Path) -> Path:
    return writers.marian(folder, tags=True)


def two_translations(folder: Path) -> Path:
    words = {"de": ("add", "bitte"), "fr": ("add", "ajoutez")}
    settings = {f"translation_en_to_{code}": {"prefix": f"to {code}: "} for code in words}
    return writers.t5(folder, [(f"to {code}: {text}", answer) for code, (text, answer) in words.items()], settings)


def test_a_summary_is_written_with_the_prefix_that_the_model_was_trained_with(
    specimen: Specimen, places: Places
) -> None:
    summarizer = model(specimen("transformers", "summarization"), "summarization", places)
    assert summarizer.predict(list(writers.SUMMARIES)) == [Text(said) for said in writers.SUMMARIES.values()]


def test_a_summary_of_too_many_words_is_cut_behind_a_sentence_and_says_so(tmp_path: Path, places: Places) -> None:
    torch.manual_seed(0)
    long = "the app fails on start. it writes an error. nobody has seen a log."
    folder = writers.t5(tmp_path, [("crash", long)])
    (summary,) = model(folder, "summarization", places, max_words=10).predict(["crash"])
    assert summary == Text(
        "the app fails on start. it writes an error.", "1 of 3 sentences of the summary (over 10 words)"
    )
    assert model(folder, "summarization", places).predict(["crash"]) == [Text(long)]


def test_a_summary_of_one_endless_sentence_is_cut_and_says_so(tmp_path: Path, places: Places) -> None:
    torch.manual_seed(0)
    words = "the app fails on start and it writes an error for each file"
    folder = writers.t5(tmp_path, [("crash", words)])
    (summary,) = model(folder, "summarization", places, max_words=10).predict(["crash"])
    assert summary == Text(
        "the app fails on start and it writes an error", "the end of the summary's first sentence (over 10 words)"
    )


def test_an_answer_that_stops_before_its_end_says_so(specimen: Specimen, places: Places) -> None:
    folder = specimen("transformers", "summarization")
    (summary,) = model(folder, "summarization", places, max_new_tokens=3).predict([next(iter(writers.SUMMARIES))])
    assert summary == Text("it fails. see", "the end of an answer, which is longer than 3 tokens (max_new_tokens)")


def test_a_model_is_not_made_to_write_more_than_a_short_text_says(tmp_path: Path, places: Places) -> None:
    torch.manual_seed(0)
    folder = writers.t5(tmp_path, [("crash", "it fails")], {"summarization": {"min_length": 30}})
    assert model(folder, "summarization", places).predict(["crash"]) == [Text("it fails")]


def test_the_instructions_stand_ahead_of_the_text(specimen: Specimen, places: Places) -> None:
    folder = specimen("transformers", "text2text-generation")
    told = model(folder, "text2text-generation", places, instructions=writers.KIND)
    assert told.predict(list(writers.KINDS)) == [Text(kind) for kind in writers.KINDS.values()]
    assert model(folder, "text2text-generation", places).predict(list(writers.KINDS)) == [Text("what")] * 2


@pytest.mark.parametrize("task", ["summarization", "translation", "text2text-generation"])
def test_nothing_is_written_for_an_empty_text(task: str, specimen: Specimen, places: Places) -> None:
    assert model(specimen("transformers", task), task, places).predict(["", " \n "]) == [Text("")] * 2


def test_the_answers_are_those_of_the_models_own_generate(specimen: Specimen, places: Places) -> None:
    folder = specimen("transformers", "summarization")
    text = next(iter(writers.SUMMARIES))
    tokenizer = writers.read_words(folder)
    ids = tokenizer(writers.SUMMARY_TASK["prefix"] + text, return_tensors="pt").input_ids
    written = AutoModelForSeq2SeqLM.from_pretrained(folder).generate(ids, num_beams=2, max_new_tokens=20)
    assert model(folder, "summarization", places).predict([text]) == [
        Text(tokenizer.decode(written[0], skip_special_tokens=True))
    ]


def test_lines_stay_lines_in_a_translation(specimen: Specimen, places: Places) -> None:
    (one, two), (eins, zwei) = writers.GERMAN.keys(), writers.GERMAN.values()
    translator = model(specimen("transformers", "translation"), "translation", places)
    assert translator.predict([f"{one}\n\n{two}\n"]) == [Text(f"{eins}\n\n{zwei}")]


def test_a_tokenizer_without_offsets_still_tells_where_the_words_are(specimen: Specimen, places: Places) -> None:
    translator = model(specimen("transformers", "translation"), "translation", places)
    text = "  the app\nfails… on start"
    tokens = translator.tokens(text)
    words = [(2, 5), (6, 9), (10, 16), (17, 19), (20, 25)]
    assert all(any(start <= a <= b <= end for start, end in words) for a, b in tokens)
    assert {start for start, _ in words} <= {start for start, _ in tokens}
    assert {end for _, end in words} <= {end for _, end in tokens}
    assert len(tokens) == len(writers.read_words(specimen("transformers", "translation")).tokenize(text))


@pytest.mark.parametrize("target", writers.LANGUAGES)
@pytest.mark.parametrize(
    ("maker", "more"), [(several_languages, {}), (writers.m2m100, {"source_language": "en"})], ids=["tag", "code"]
)
def test_the_step_names_the_languages(
    maker: Maker, more: dict[str, str], target: str, made: Callable[[Maker], Path], places: Places
) -> None:
    translator = model(made(maker), "translation", places, target_language=target, **more)
    answers = writers.LANGUAGES[target]
    assert translator.predict(list(answers)) == [Text(answer) for answer in answers.values()]


@pytest.mark.parametrize(("target", "answer"), [("de", "bitte"), ("fr", "ajoutez")])
def test_the_step_chooses_among_the_translations_of_a_configuration(
    target: str, answer: str, made: Callable[[Maker], Path], places: Places
) -> None:
    translator = model(made(two_translations), "translation", places, source_language="en", target_language=target)
    assert translator.predict(["add"]) == [Text(answer)]


@pytest.mark.parametrize(
    ("maker", "more", "message"),
    [
        (writers.m2m100, {}, "set source_language, such as af, am"),
        (writers.m2m100, {"source_language": "en"}, "set target_language, such as af, am"),
        (writers.m2m100, {"source_language": "en", "target_language": "deu"}, "'deu'; the nearest .*: .*de"),
        (several_languages, {}, "set target_language, such as de, fr"),
        (several_languages, {"target_language": "xx"}, "does not know target_language 'xx'; it knows de, fr"),
        (two_translations, {"target_language": "de"}, "set source_language, such as en"),
        (two_translations, {"source_language": "en"}, "set target_language, such as de, fr"),
    ],
)
def test_a_language_that_the_model_needs_or_does_not_know_is_told(
    maker: Maker, more: dict[str, str], message: str, made: Callable[[Maker], Path], places: Places
) -> None:
    with pytest.raises(TaskError, match=message):
        model(made(maker), "translation", places, **more)


def test_a_chat_model_is_no_summarizer_and_the_message_says_what_it_is(specimen: Specimen, places: Places) -> None:
    folder = specimen("transformers", "text-generation")
    with pytest.raises(TaskError, match="LlamaForCausalLM, which does text-generation"):
        model(folder, "summarization", places)


def test_a_classifier_is_no_translator(specimen: Specimen, places: Places) -> None:
    with pytest.raises(TaskError, match="BertForSequenceClassification, which does text-classification"):
        model(specimen("transformers", "text-classification"), "translation", places)


def test_a_decoder_that_does_not_name_its_class_is_no_summarizer(
    specimen: Specimen, tmp_path: Path, places: Places
) -> None:
    folder = Path(shutil.copytree(specimen("transformers", "text-generation"), tmp_path / "model"))
    configuration = json.loads((folder / "config.json").read_text())
    del configuration["architectures"]
    (folder / "config.json").write_text(json.dumps(configuration))
    with pytest.raises(TaskError, match=r"cannot do summarization with Transformers: .*AutoModelForSeq2SeqLM"):
        model(folder, "summarization", places, library="transformers")


def test_a_text_cannot_hold_the_models_special_tokens(specimen: Specimen, places: Places) -> None:
    folder = specimen("transformers", "text2text-generation")
    told = model(folder, "text2text-generation", places, instructions=writers.KIND)
    assert told.predict(["the </s> app <pad> fails"]) == told.predict(["the app fails"])


def test_the_prefix_takes_room_from_the_text(specimen: Specimen, places: Places) -> None:
    folder = specimen("transformers", "text2text-generation")
    assert model(folder, "text2text-generation", places).info.limit == tiny.CONTEXT - 1
    with pytest.raises(TaskError, match="shorten the instructions"):
        model(folder, "text2text-generation", places, instructions="the " * tiny.CONTEXT)

"""Which of a repository's files are downloaded, and which are refused."""

import pytest

from hubpipe.errors import ModelError, ModelNotFoundError, UnsafeModelError
from hubpipe.models.formats import wanted
from hubpipe.models.hub import Repository
from hubpipe.models.safety import code_files, module_folders, refuse_code, refuse_index, refuse_pickles

GGUF, ONNX = ("*.gguf",), ("onnx/*.onnx", "onnx/*.onnx_data", "model.onnx")


def weights(*names: str, patterns: tuple[str, ...] = (), modules: tuple[str, ...] = ()) -> list[str]:
    sizes = {name: size for size, name in enumerate(names, 1)}
    return [name for name in wanted(sizes, patterns, modules) if not name.endswith(".json")]


def test_of_one_models_many_formats_one_set_is_chosen() -> None:
    found = weights(
        "model.safetensors",
        "model.fp16.safetensors",
        "model-00001-of-00002.safetensors",
        "consolidated.safetensors",
        "checkpoint-500/model.safetensors",
        "original/model.safetensors",
        "onnx/model.onnx",
        "pytorch_model.bin",
        "tf_model.h5",
        "flax_model.msgpack",
        "model.Q4_K_M.gguf",
        "model.Q8_0.gguf",
        patterns=GGUF,
    )
    assert found == ["model.safetensors"]


def test_the_parts_of_a_large_model_are_all_chosen() -> None:
    parts = [f"model-0000{part}-of-00003.safetensors" for part in (1, 2, 3)]
    assert weights(*parts, "consolidated.safetensors", "model.safetensors.index.json") == parts


def test_a_model_of_another_name_is_chosen() -> None:
    assert weights("topic_embeddings.safetensors", "ctfidf.safetensors", "consolidated.safetensors") == [
        "ctfidf.safetensors",
        "topic_embeddings.safetensors",
    ]


def test_an_adapter_is_chosen_beside_the_whole_model() -> None:
    assert weights("model.safetensors", "adapter_model.safetensors") == [
        "adapter_model.safetensors",
        "model.safetensors",
    ]


@pytest.mark.parametrize(
    ("names", "chosen"),
    [
        (("m.Q2_K.gguf", "m.Q8_0.gguf", "m.Q4_K_M.gguf"), "m.Q4_K_M.gguf"),
        (("m.q8_0.gguf", "m.q4_0.gguf"), "m.q4_0.gguf"),
        (("m.IQ3_M.gguf", "m.BF16.gguf"), "m.IQ3_M.gguf"),
        (("mmproj-m.gguf", "m.imatrix.gguf", "m-00001-of-00002.gguf", "m.F16.gguf"), "m.F16.gguf"),
    ],
)
def test_of_many_quantisations_the_usual_one_is_chosen(names: tuple[str, ...], chosen: str) -> None:
    assert weights(*names, patterns=GGUF) == [chosen]


def test_a_quantisation_is_for_the_libraries_that_read_it() -> None:
    assert weights("m.Q4_K_M.gguf") == []


def test_of_onnx_models_the_whole_one_is_chosen_with_its_data() -> None:
    found = weights(
        "onnx/model_quantized.onnx",
        "onnx/model.onnx",
        "onnx/model.onnx_data",
        "onnx/model_fp16.onnx",
        "onnx/model_fp16.onnx_data",
        "model.safetensors",
        patterns=ONNX,
    )
    assert found == ["onnx/model.onnx", "onnx/model.onnx_data"]


def test_a_librarys_own_safe_format_comes_beside_the_tensors() -> None:
    assert weights("model.safetensors", "pipeline.skops", "model.pkl", patterns=("*.skops",)) == [
        "model.safetensors",
        "pipeline.skops",
    ]


def test_the_text_of_training_runs_is_left_out() -> None:
    sizes = dict.fromkeys(("config.json", "vocab.txt", "README.md", "checkpoint-9/trainer_state.json", "train.py"), 1)
    assert wanted(sizes) == ("README.md", "config.json", "vocab.txt")


@pytest.mark.threat("attack", "supply-chain")
@pytest.mark.parametrize(
    "pickle", ["pytorch_model.bin", "model.pt", "model.ckpt", "model.pkl", "model.joblib", "tf_model.h5"]
)
def test_weights_that_are_only_a_pickle_are_refused_by_name(pickle: str) -> None:
    with pytest.raises(UnsafeModelError, match=rf"only in {pickle}, .*safetensors/convert"):
        refuse_pickles(Repository("octo-org/model", sizes={pickle: 1, "config.json": 1}))


def test_the_safe_format_of_the_library_is_named() -> None:
    repository = Repository("octo-org/model", sizes={"model.pkl": 1}, patterns=("*.skops",))
    with pytest.raises(UnsafeModelError, match=r"only in model\.pkl, .*with \*\.skops"):
        refuse_pickles(repository)


def test_a_pickle_beside_safe_weights_is_no_fault() -> None:
    refuse_pickles(Repository("octo-org/model", sizes={"pytorch_model.bin": 1, "model.safetensors": 1}))


def test_what_holds_no_weights_is_no_model() -> None:
    with pytest.raises(ModelNotFoundError, match=r"holds no weights \(\*\.safetensors, \*\.gguf\)"):
        refuse_pickles(Repository("octo-org/model", sizes={"README.md": 1}, patterns=GGUF))


@pytest.mark.threat("attack", "supply-chain")
@pytest.mark.parametrize(
    ("file", "data", "told"),
    [
        ("config.json", {"auto_map": {"AutoModel": "own.Model"}}, "auto_map in config.json"),
        (
            "0_Transformer/config.json",
            {"auto_map": {"AutoModel": "own.Model"}},
            "auto_map in 0_Transformer/config.json",
        ),
        ("processor_config.json", {"auto_map": {"AutoProcessor": "own.P"}}, "auto_map in processor_config.json"),
        ("config.json", {"custom_pipelines": {"own": {"impl": "own.Pipe"}}}, "custom_pipelines in config.json"),
        ("modules.json", [{"path": "", "type": "own.Module"}], "own.Module in modules.json"),
        # A module of Python within Sentence Transformers, of which torch.load would be called.
        (
            "modules.json",
            [{"path": "vocab.txt", "type": "sentence_transformers.base.modules.module.torch"}],
            "module.torch in modules.json",
        ),
        ("config.json", {"text_config": {"auto_map": {"AutoModel": "own.Model"}}}, "auto_map in config.json"),
        ("config.json", {"parts": [{"auto_map": {"AutoModel": "own.Model"}}]}, "auto_map in config.json"),
    ],
)
def test_code_of_its_own_is_refused(file: str, data: object, told: str) -> None:
    with pytest.raises(UnsafeModelError, match=told):
        refuse_code("octo-org/model", file, data)


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        {},
        "text",
        1,
        {"auto_map": None},
        [None],
        {"label2id": {"auto_map": 1}},
        {"transformers_weights": "m.safetensors"},
    ],
)
def test_a_configuration_of_any_shape_that_names_no_code_is_no_fault(data: object) -> None:
    refuse_code("octo-org/model", "config.json", data)


@pytest.mark.parametrize(
    "kind", ["sentence_transformers.models.Dense", "sentence_transformers.base.modules.transformer.Transformer"]
)
def test_the_modules_of_sentence_transformers_itself_are_no_fault(kind: str) -> None:
    refuse_code("octo-org/model", "modules.json", [{"path": "", "type": kind}])
    refuse_code("octo-org/model", "modules.json", None)


@pytest.mark.parametrize("data", [{}, {"a": 1}, "text", 1, [None], [{}], [{"path": ""}]])
def test_a_list_of_modules_that_is_none_is_refused(data: object) -> None:
    for read in (lambda: refuse_code("octo-org/model", "modules.json", data), lambda: module_folders("m", data)):
        with pytest.raises(ModelError, match="is no list of modules"):
            read()


@pytest.mark.parametrize("path", ["2_Dense", "2_Dense/", "./2_Dense", ".//2_Dense/."])
def test_a_module_is_found_however_its_folder_is_written(path: str) -> None:
    modules = module_folders("octo-org/model", [{"path": path, "type": "t"}, {"path": "", "type": "t"}])
    assert modules == ("2_Dense",)
    sizes = {"model.safetensors": 1, "2_Dense/pytorch_model.bin": 1}
    with pytest.raises(UnsafeModelError, match=r"only in 2_Dense/pytorch_model\.bin"):
        refuse_pickles(Repository("octo-org/model", sizes=sizes, modules=modules))


@pytest.mark.threat("attack", "supply-chain")
@pytest.mark.parametrize("path", ["../x", "1_Pooling/../../x", "/etc", "a\\b"])
def test_a_module_outside_of_the_model_is_refused(path: str) -> None:
    with pytest.raises(UnsafeModelError, match="names a file outside of itself"):
        module_folders("octo-org/model", [{"path": path, "type": "t"}])


def index(*names: object, whole: bool = False, file: str = "model.safetensors.index.json") -> None:
    """Check an index of a repository that has one part, and perhaps the whole."""
    sizes = {"m-1.safetensors": 1, "sub/m-2.safetensors": 1, "weights.txt": 1} | (
        {"model.safetensors": 1} if whole else {}
    )
    data = {"weight_map": {f"layer.{place}": name for place, name in enumerate(names)}}
    refuse_index(Repository("octo-org/model", sizes=sizes), file, data)


@pytest.mark.threat("attack", "supply-chain")
@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize(
    "name",
    [
        "weights.txt",
        "../m-1.safetensors",
        "/abs/m-1.safetensors",
        "sub/m-2.safetensors",
        "..\\m-1.safetensors",
        ["m-1.safetensors"],
        None,
    ],
)
def test_an_index_that_leads_to_anything_but_the_tensors_beside_it_is_refused(name: object, whole: bool) -> None:
    with pytest.raises(UnsafeModelError, match=r"no safetensors file beside it"):
        index("m-1.safetensors", name, whole=whole)


def test_an_index_of_the_parts_beside_it_is_no_fault() -> None:
    index("m-1.safetensors")
    index("m-2.safetensors", file="sub/model.safetensors.index.json")
    # What is left of an index when its parts were made one.
    index("m-3.safetensors", whole=True)
    with pytest.raises(UnsafeModelError, match=r"in m-3\.safetensors"):
        index("m-3.safetensors")


@pytest.mark.parametrize("data", [None, [], {}, {"weight_map": None}, {"weight_map": ["weights.txt"]}])
def test_an_index_that_names_nothing_is_no_fault(data: object) -> None:
    refuse_index(Repository("octo-org/model"), "model.safetensors.index.json", data)


@pytest.mark.parametrize(
    "name",
    [
        "generation_config.json",
        "image_processor_config.json",
        "video_preprocessor_config.json",
        "sub/config.json",
        "config_sentence_transformers.json",
        "modules.json",
        "model.safetensors.index.json",
        "sub/other.safetensors.index.json",
    ],
)
def test_every_file_that_may_name_code_or_weights_is_read(name: str) -> None:
    assert code_files(Repository("octo-org/model", sizes={name: 1, "vocab.json": 1, "tokenizer.json": 1})) == [name]


@pytest.mark.threat("attack", "supply-chain")
@pytest.mark.parametrize("name", ["weights.txt", "adapter_model.bin", "../model.safetensors", "/model.safetensors"])
def test_a_configuration_that_names_other_weights_is_refused(name: str) -> None:
    with pytest.raises(UnsafeModelError, match="no safetensors file beside it"):
        refuse_code("octo-org/model", "config.json", {"transformers_weights": name})

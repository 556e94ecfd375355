"""A model of one's own: made here as ONNX and tokenizer files, loaded as anybody's would be."""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from pathlib import Path

import pytest

from callbot.conversation.labels import Emotion, Intent
from callbot.conversation.reading import Context
from callbot.conversation.transformers_reader import Classifier, transformers_reader
from callbot.errors import BadInput

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "贵", "想", "滚", "哭"]
INTENTS = ["considering", "interested", "abusive"]
BOTH = [*INTENTS, "neutral", "sad_worried"]


def field(number: int, value: int | bytes | str) -> bytes:
    """One field of a protobuf message: a number, or anything with a length."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    raw = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(raw)) + raw


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def tensor_type(name: str, kind: int, axes: Sequence[str]) -> bytes:
    """ValueInfoProto; `kind` 1 is float, 7 int64."""
    shape = b"".join(field(1, field(2, axis)) for axis in axes)
    return field(1, name) + field(2, field(1, field(1, kind) + field(2, shape)))


def onnx(rows: Sequence[Sequence[float]], inputs: Sequence[str]) -> bytes:
    """ModelProto: a row of logits for each token, averaged over the tokens (Gather, then ReduceMean)."""
    weights = (
        field(1, len(rows))
        + field(1, len(rows[0]))
        + field(2, 1)
        + field(8, "rows")
        + field(9, b"".join(struct.pack("<f", value) for row in rows for value in row))
    )
    gather = field(1, "rows") + field(1, inputs[0]) + field(2, "tokens") + field(4, "Gather")
    axes = field(1, "axes") + field(8, 1) + field(20, 7)
    keep = field(1, "keepdims") + field(3, 0) + field(20, 2)
    mean = field(1, "tokens") + field(2, "logits") + field(4, "ReduceMean") + field(5, axes) + field(5, keep)
    graph = (
        field(1, gather)
        + field(1, mean)
        + field(2, "tiny")
        + field(5, weights)
        + b"".join(field(11, tensor_type(name, 7, ("batch", "tokens"))) for name in inputs)
        + field(12, tensor_type("logits", 1, ("batch", "labels")))
    )
    return field(1, 8) + field(7, graph) + field(8, field(2, 13))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return made(tmp_path / "model", INTENTS)


def made(
    folder: Path,
    labels: Sequence[str],
    *,
    inputs: Sequence[str] = ("input_ids", "attention_mask"),
    file: str = "model.onnx",
) -> Path:
    """A model that reads 贵 as the first label, 想 as the second, 滚 as the third, 哭 as the last."""
    (folder / file).parent.mkdir(parents=True, exist_ok=True)
    rows = [[0.0] * len(labels) for _ in WORDS]
    for word, label in ((5, 0), (6, 1), (7, 2), (8, len(labels) - 1)):
        rows[word][min(label, len(labels) - 1)] = 20.0
    (folder / file).write_bytes(onnx(rows, inputs))
    (folder / "vocab.txt").write_text("\n".join(WORDS) + "\n", "utf-8")
    (folder / "tokenizer_config.json").write_text('{"tokenizer_class": "BertTokenizer"}')
    (folder / "config.json").write_text(
        json.dumps({"model_type": "bert", "id2label": {str(i): name for i, name in enumerate(labels)}})
    )
    return folder


def test_the_model_says_how_likely_its_own_labels_are(folder: Path) -> None:
    intents, emotions = Classifier(str(folder))("贵")
    assert max(intents, key=intents.__getitem__) is Intent.CONSIDERING
    assert sum(intents.values()) == pytest.approx(1.0)
    assert set(intents) == {Intent(name) for name in INTENTS}
    assert emotions == {}


def test_one_model_may_know_intents_and_emotions(tmp_path: Path) -> None:
    intents, emotions = Classifier(str(made(tmp_path, BOTH, file="onnx/model.onnx")))("想哭")
    assert max(intents, key=intents.__getitem__) is Intent.INTERESTED
    assert max(emotions, key=emotions.__getitem__) is Emotion.SAD_WORRIED
    assert sum(emotions.values()) == pytest.approx(1.0)


def test_a_long_utterance_is_cut(folder: Path) -> None:
    intents, _ = Classifier(str(folder))("想" * 1000)
    assert max(intents, key=intents.__getitem__) is Intent.INTERESTED


async def test_the_reader_takes_the_models_word_and_the_rest_from_the_packaged_reader(folder: Path) -> None:
    reader = transformers_reader(str(folder))
    reading = await reader.read("我想想", Context())
    assert reading.intent is Intent.INTERESTED
    assert 0.9 < reading.confidence <= 1.0
    assert 0.0 < reading.emotion_confidence <= 1.0
    stop = await reader.read("别再给我打电话了", Context())
    assert stop.intent is Intent.DO_NOT_CALL
    await reader.aclose()


def refused(model: Path | str) -> str:
    with pytest.raises(BadInput) as caught:
        Classifier(str(model))
    return str(caught.value)


def test_labels_that_are_not_ours_are_listed(tmp_path: Path) -> None:
    said = refused(made(tmp_path, ["considering", "买", "走"]))
    assert "买、走" in said
    assert "config.json" in said
    assert "do_not_call" in said


def test_more_labels_than_the_model_has(folder: Path) -> None:
    made(folder.parent / "other", BOTH)
    (folder / "config.json").write_bytes((folder.parent / "other" / "config.json").read_bytes())
    assert "写了 5 个标签，模型有 3 个" in refused(folder)


def test_an_input_that_no_tokenizer_gives(tmp_path: Path) -> None:
    assert "pixel_values" in refused(made(tmp_path, INTENTS, inputs=("input_ids", "pixel_values")))


def test_a_model_that_wants_token_types_gets_them(tmp_path: Path) -> None:
    inputs = ("input_ids", "attention_mask", "token_type_ids")
    assert Classifier(str(made(tmp_path, INTENTS, inputs=inputs)))("贵")[0][Intent.CONSIDERING] > 0.5


@pytest.mark.parametrize("config", ["{}", "no json", '{"id2label": {"0": "deny", "2": "affirm"}}'])
def test_a_config_without_usable_labels(folder: Path, config: str) -> None:
    (folder / "config.json").write_text(config)
    assert "id2label" in refused(folder)


def test_a_broken_model(folder: Path) -> None:
    (folder / "model.onnx").write_bytes(b"not onnx")
    assert "model.onnx" in refused(folder)


def test_a_folder_without_a_model(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("callbot.conversation.transformers_reader._has_torch", lambda: False)
    (folder / "model.onnx").unlink()
    assert "没有 model.onnx，也没有 onnx/model.onnx" in refused(folder)


def test_a_folder_without_a_tokenizer(folder: Path) -> None:
    for name in ("vocab.txt", "tokenizer_config.json"):
        (folder / name).unlink()
    assert "tokenizer" in refused(folder)


@pytest.mark.parametrize("model", ["", "/nowhere/at/all", "./nowhere"])
def test_a_model_that_is_nowhere(model: str) -> None:
    assert "reader.model" in refused(model)

"""Scores of cross-encoders; tiny models with random weights."""

import json
import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from sampling import one_in
from test_multi_vector import VOCABULARY, Busy, tiny_bert, tiny_tokenizer

from index import rerank
from index.errors import EncoderError
from index.rerank import load_reranker

QUESTION = "补贴多少?"
TEXTS = [
    "市政补贴。",
    "采暖期 a b c",
    "湖鱼，多少",
    "a",
    "",
    "市\ud800\0",
    "鱼湖" * 20,
    "补贴 d e f g",
]
# A chat template for pairs, as rerankers have one, and one of a chat.
RERANKER_TEMPLATE = (
    "{% for message in messages %}{% if message.role in ['query', 'document'] %}"
    "{{ message.content }} ,{% endif %}{% endfor %} ?"
)
CHAT_TEMPLATE = (
    "{% for message in messages %}{% if message.role == 'user' %}"
    "{{ message.content }}{% endif %}{% endfor %} ?"
)


def save_head(folder: Path, labels: int, **settings) -> str:
    return tiny_bert(folder, "BertForSequenceClassification", num_labels=labels, **settings)


def save_language_model(folder: Path, template: str | None) -> str:
    import torch
    from transformers import Qwen2Config, Qwen2ForCausalLM

    torch.manual_seed(1)
    sizes = {"vocab_size": len(VOCABULARY), "hidden_size": 32, "intermediate_size": 64}
    sizes |= {"num_hidden_layers": 1, "num_attention_heads": 2, "num_key_value_heads": 2}
    Qwen2ForCausalLM(Qwen2Config(**sizes, initializer_range=0.3)).save_pretrained(folder)
    tokenizer = tiny_tokenizer(folder)
    tokenizer.chat_template = template
    tokenizer.save_pretrained(folder)
    return str(folder)


@pytest.fixture(scope="session")
def folders(tmp_path_factory):
    root = tmp_path_factory.mktemp("rerankers")
    found = {"headless": tiny_bert(root / "headless")}
    found |= {str(n): save_head(root / str(n), n) for n in (1, 2, 3)}
    return found


@pytest.fixture(scope="session")
def reranker(folders):
    return load_reranker(folders["1"])


@pytest.fixture(scope="session")
def logits(folders):
    """What the model with one label gives for each text."""
    return raw(folders["1"])


def raw(folder: str) -> np.ndarray:
    from sentence_transformers import CrossEncoder
    from torch.nn import Identity

    model = CrossEncoder(folder, activation_fn=Identity(), local_files_only=True)
    pairs = [(QUESTION, text.replace("\ud800", "\ufffd")) for text in TEXTS]
    return model.predict(pairs).astype(np.float64)


# --- one label


def test_scores_are_probabilities_in_the_order_of_the_logits(reranker, logits):
    scores = reranker.scores(QUESTION, TEXTS)
    assert all(type(score) is float and 0 <= score <= 1 for score in scores)
    assert np.argsort(scores).tolist() == np.argsort(logits).tolist()
    np.testing.assert_allclose(scores, 1 / (1 + np.exp(-logits)), atol=1e-6)


def test_scores_depend_on_question_and_text(reranker):
    texts = TEXTS[:4]
    scores = np.array([reranker.scores(question, texts) for question in (QUESTION, "湖 a b")])
    assert np.ptp(scores, axis=0).min() > 1e-3
    assert np.ptp(scores, axis=1).min() > 1e-3


def test_scores_do_not_depend_on_order_or_company(reranker):
    together = reranker.scores(QUESTION, TEXTS)
    order = random.Random(3).sample(range(len(TEXTS)), len(TEXTS))
    shuffled = reranker.scores(QUESTION, [TEXTS[i] for i in order])
    np.testing.assert_allclose(shuffled, [together[i] for i in order], atol=1e-6)
    alone = [reranker.scores(QUESTION, [text])[0] for text in TEXTS]
    np.testing.assert_allclose(alone, together, atol=1e-6)


def test_scores_are_the_same_in_every_run(reranker, folders):
    again = load_reranker(folders["1"])
    assert again.scores(QUESTION, TEXTS) == reranker.scores(QUESTION, TEXTS)
    assert reranker.scores(QUESTION, TEXTS) == reranker.scores(QUESTION, TEXTS)


def test_the_name_is_what_was_asked_for_and_no_texts_have_no_scores(reranker, folders):
    assert reranker.name == folders["1"]
    assert reranker.scores(QUESTION, []) == []


def test_a_long_question_or_passage_is_cut_to_what_the_model_reads(reranker, monkeypatch, folders):
    long = reranker.scores("湖" * 500, ["市" * 500 + "a", "市" * 500 + "b"])
    assert long[0] == pytest.approx(long[1], abs=1e-6)
    monkeypatch.setattr(rerank, "MAX_TOKENS", 10)
    short = load_reranker(folders["1"])
    cut = short.scores("湖", ["市" * 8 + "a", "市" * 8 + "b"])
    assert cut[0] == pytest.approx(cut[1], abs=1e-6)
    assert abs(np.subtract(*reranker.scores("湖", ["市" * 8 + "a", "市" * 8 + "b"]))) > 1e-5


@pytest.mark.parametrize("activation", one_in(2, ["Identity", "Sigmoid", "Tanh"]))
def test_an_activation_of_the_models_own_changes_nothing(folders, reranker, tmp_path, activation):
    import torch
    from sentence_transformers import CrossEncoder

    own = getattr(torch.nn, activation)()
    CrossEncoder(folders["1"], activation_fn=own, local_files_only=True).save(str(tmp_path))
    assert activation in (tmp_path / "config_sentence_transformers.json").read_text()
    found = load_reranker(str(tmp_path)).scores(QUESTION, TEXTS)
    np.testing.assert_allclose(found, reranker.scores(QUESTION, TEXTS), atol=1e-6)


def test_logits_far_from_zero_stay_in_order():
    logits = np.array([-800.0, -700.0, -40.0, -1.0, 0.0, 1.0, 20.0, 30.0, 900.0])
    scores = rerank._sigmoid(logits)
    assert ((scores >= 0) & (scores <= 1)).all()
    assert (np.diff(scores[1:]) > 0).all()
    assert scores[4] == 0.5


def test_threads_take_turns_and_each_gets_its_own(reranker, monkeypatch):
    expected = reranker.scores(QUESTION, TEXTS)
    busy = Busy(reranker._model.predict)
    monkeypatch.setattr(reranker._model, "predict", busy)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda text: reranker.scores(QUESTION, [text])[0], TEXTS))
    assert busy.most == 1
    np.testing.assert_allclose(found, expected, atol=1e-6)


# --- two labels and more


def test_with_two_labels_the_second_is_the_one_that_answers(folders):
    pair = raw(folders["2"])
    expected = np.exp(pair[:, 1]) / np.exp(pair).sum(1)
    np.testing.assert_allclose(load_reranker(folders["2"]).scores(QUESTION, TEXTS), expected)


@pytest.mark.parametrize(
    ("names", "second_answers"),
    [
        (("irrelevant", "relevant"), True),
        (("no", "yes"), True),
        (("a", "normative"), True),
        (("entailment", "not_entailment"), False),
        (("Relevant", "Irrelevant"), False),
        (("yes", "no"), False),
    ],
)
def test_names_of_labels_tell_which_of_two_answers(folders, tmp_path, names, second_answers):
    folder = save_head(tmp_path, 2, id2label=dict(enumerate(names)))
    second = load_reranker(folders["2"]).scores(QUESTION, TEXTS)
    expected = second if second_answers else np.subtract(1, second)
    np.testing.assert_allclose(load_reranker(folder).scores(QUESTION, TEXTS), expected)


def test_three_labels_are_no_score(folders):
    with pytest.raises(EncoderError, match="it has 3 labels"):
        load_reranker(folders["3"])


# --- language models


def test_a_language_model_made_for_pairs_says_yes_or_no(tmp_path):
    found = load_reranker(save_language_model(tmp_path, RERANKER_TEMPLATE))
    texts = ["a b", "c d e", "f", "g h a"]  # its kind of tokenizer knows no more of the vocabulary
    scores = found.scores("h c", texts)
    assert all(0 < score < 1 for score in scores)
    assert len({round(score, 4) for score in scores}) == len(texts)
    assert found.scores("h c", texts[::-1]) == pytest.approx(scores[::-1], abs=1e-6)


@pytest.mark.parametrize("template", [None, CHAT_TEMPLATE])
def test_a_language_model_made_for_something_else_is_refused(tmp_path, template):
    with pytest.raises(EncoderError, match="cannot be loaded") as caught:
        load_reranker(save_language_model(tmp_path, template))
    assert "\n" not in str(caught.value)


# --- what cannot be loaded


def test_a_name_that_cannot_be_loaded_is_one_line_with_the_name_and_a_remedy(tmp_path):
    for name in ("no-such/model", "none", str(tmp_path), str(tmp_path / "missing")):
        with pytest.raises(EncoderError, match=r"cannot be loaded offline .*--reranker") as caught:
            load_reranker(name)
        assert repr(name) in str(caught.value)
        assert "\n" not in str(caught.value)


def test_a_model_that_never_learnt_to_score_is_refused(folders, capfd):
    with pytest.raises(EncoderError, match="not trained to score a question and a passage"):
        load_reranker(folders["headless"])
    assert capfd.readouterr() == ("", "")


def test_scores_that_are_no_numbers_are_one_clear_error(folders):
    found = load_reranker(folders["1"])
    found._model.model.classifier.bias.data[:] = float("nan")
    with pytest.raises(EncoderError, match="no numbers; leave --reranker out"):
        found.scores(QUESTION, TEXTS)


def test_a_model_that_fails_is_one_clear_error(folders, monkeypatch):
    found = load_reranker(folders["1"])

    def fail(*_, **__):
        raise RuntimeError("out of memory.\nTry less.")

    monkeypatch.setattr(found._model, "predict", fail)
    with pytest.raises(EncoderError, match=r"failed \(out of memory\); leave --reranker out"):
        found.scores(QUESTION, TEXTS)


def test_code_that_comes_with_a_model_is_not_run(folders, tmp_path):
    run = tmp_path / "was-run"
    folder = Path(save_head(tmp_path / "model", 1))
    (folder / "theirs.py").write_text(f"open({str(run)!r}, 'w')\n")
    config = json.loads((folder / "config.json").read_text())
    config["model_type"] = "theirs"
    config["auto_map"] = {
        "AutoConfig": "theirs.Config",
        "AutoModelForSequenceClassification": "theirs.Model",
    }
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(EncoderError, match="cannot be loaded"):
        load_reranker(str(folder))
    assert not run.exists()

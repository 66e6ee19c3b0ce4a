"""Token vectors of a multi-vector model beside a plain encoder; tiny models with random weights."""

import json
import random
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hash_encoder import HashEncoder

from index import multi_vector
from index.errors import EncoderError
from index.late import late_scores, pack, unpack
from index.multi_vector import CombinedEncoder, load_combined, load_multi_vector
from index.script import encodable
from index.types import TokenEncoder

VOCABULARY = [
    *("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "yes", "no"),
    *"市政补贴采暖期湖鱼多少abcdefgh。，?!.,",
]
TEXTS = [
    "市政补贴。",
    "采暖期 a b c",
    "湖鱼，多少",
    "a",
    "",
    "市\ud800\0",
    "鱼湖" * 20,
    "补贴 d e f g h!",
]
ODD = 15  # numbers a token: one short of what can be packed
FLOOR = 8  # tokens that shorter questions are filled up to
LIMIT = 64  # tokens that the tiny models can read


class PlainEncoder(HashEncoder):
    """Takes any text, as encoders have to."""

    def encode_questions(self, texts):
        return super().encode_questions([encodable(text) for text in texts])


def tiny_tokenizer(folder: Path):
    """Return a WordPiece tokenizer of single characters."""
    from transformers import BertTokenizerFast

    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.txt").write_text("\n".join(VOCABULARY), "utf-8")
    return BertTokenizerFast(str(folder / "vocab.txt"))


def tiny_bert(folder: Path, model_class: str = "BertModel", **settings) -> str:
    """Save a BERT of 32 numbers and one layer with its tokenizer; return the folder's name."""
    import torch
    import transformers

    torch.manual_seed(1)
    sizes = {"vocab_size": len(VOCABULARY), "hidden_size": 32, "num_hidden_layers": 1}
    sizes |= {"num_attention_heads": 2, "intermediate_size": 64, "max_position_embeddings": LIMIT}
    config = transformers.BertConfig(**sizes, initializer_range=0.3, **settings)
    transformers.utils.logging.disable_progress_bar()
    getattr(transformers, model_class)(config).save_pretrained(folder)
    tiny_tokenizer(folder).save_pretrained(folder)
    return str(folder)


def save_multi_vector(bert: str, folder: Path, dimension: int, prompt: str = "b ") -> str:
    import torch
    from sentence_transformers import MultiVectorEncoder
    from sentence_transformers.base.modules import Dense, Normalize, Transformer
    from sentence_transformers.multi_vector_encoder.modules import MultiVectorMask

    torch.manual_seed(2)
    expansion = {"strategy": "fixed", "length": FLOOR}
    modules = [
        Transformer(bert, query_expansion=expansion, document_length=12),
        Dense(32, dimension, False, torch.nn.Identity(), module_input_name="token_embeddings"),
        MultiVectorMask(skiplist_words=["。"]),
        Normalize(module_input_name="token_embeddings"),
    ]
    model = MultiVectorEncoder(modules=modules, prompts={"query": "a ", "document": prompt})
    model.save(str(folder), create_model_card=False)
    return str(folder)


@pytest.fixture(scope="session")
def folders(tmp_path_factory):
    """Folders of a plain BERT and of multi-vector models with 15 and with 16 numbers a token."""
    root = tmp_path_factory.mktemp("multi-vector")
    bert = tiny_bert(root / "bert")
    odd = save_multi_vector(bert, root / "odd", ODD)
    even = save_multi_vector(bert, root / "even", ODD + 1)
    return {"bert": bert, "odd": odd, "even": even}


@pytest.fixture(scope="session")
def plain():
    return PlainEncoder()


@pytest.fixture(scope="session")
def combined(folders, plain):
    return load_combined(plain, folders["odd"])


def tokens_of(encoder, texts):
    """Return the token vectors of each text as they would be packed."""
    kept = []
    encoder.encode_passages_with_tokens(texts, lambda rows: kept.append(rows) or b"")
    return kept


# --- what comes from which model


def test_it_is_a_token_encoder_with_the_vectors_name_and_limits_of_the_plain_one(combined, plain):
    assert isinstance(combined, TokenEncoder)
    for name in ("name", "fingerprint", "dimension", "max_tokens"):
        assert getattr(combined, name) == getattr(plain, name)
    expected = plain.encode_questions(TEXTS)
    vectors, codes = combined.encode_passages_with_tokens(TEXTS, pack)
    questions, tokens = combined.encode_questions_with_tokens(TEXTS)
    assert len(codes) == len(tokens) == len(TEXTS)
    for found in (vectors, questions, combined.encode_passages(TEXTS)):
        np.testing.assert_array_equal(found, expected)
    assert combined.count_tokens(TEXTS) == plain.count_tokens(TEXTS)


@pytest.mark.parametrize("name", ["odd", "even"])
def test_tokens_are_unit_rows_of_an_even_number_of_numbers(folders, plain, name):
    encoder = load_combined(plain, folders[name])
    _, questions = encoder.encode_questions_with_tokens(TEXTS)
    assert encoder.token_dimension == 16
    for rows in [*tokens_of(encoder, TEXTS), *(question.vectors for question in questions)]:
        assert rows.dtype == np.float32
        assert rows.shape == (len(rows), 16)
        np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
        assert bool(rows[:, ODD].any()) == (name == "even")


def test_every_token_of_a_question_weighs_the_same(combined):
    for question in combined.encode_questions_with_tokens(TEXTS)[1]:
        np.testing.assert_array_equal(question.weights, np.ones(len(question.vectors)))


def test_the_mean_of_the_best_cosines_is_what_the_model_itself_calls_similar(combined, folders):
    model = load_multi_vector(folders["odd"])
    plain = [text.replace("\ud800", "\ufffd") for text in TEXTS]
    sums = model.similarity(model.encode_query(plain), model.encode_document(plain)).numpy()
    questions = combined.encode_questions_with_tokens(TEXTS)[1]
    exact = [
        [(question.vectors @ rows.T).max(1).mean() for rows in tokens_of(combined, TEXTS)]
        for question in questions
    ]
    counts = np.array([[len(question.vectors)] for question in questions])
    np.testing.assert_allclose(exact, sums / counts, atol=1e-5)
    codes = combined.encode_passages_with_tokens(TEXTS, pack)[1]
    packed = [late_scores(question, codes, combined.token_dimension) for question in questions]
    np.testing.assert_allclose(packed, exact, atol=0.1)


def test_codes_hold_the_tokens(combined):
    for code, rows in zip(
        combined.encode_passages_with_tokens(TEXTS, pack)[1],
        tokens_of(combined, TEXTS),
        strict=True,
    ):
        found = unpack(code, combined.token_dimension)
        assert (found * rows).sum(1).min() > 0.95


# --- a text's tokens depend on the text


def test_tokens_do_not_depend_on_order_or_company(combined, monkeypatch):
    monkeypatch.setattr(multi_vector, "ROUND", 3)
    together = tokens_of(combined, TEXTS)
    order = random.Random(3).sample(range(len(TEXTS)), len(TEXTS))
    shuffled = tokens_of(combined, [TEXTS[i] for i in order])
    for found, i in zip(shuffled, order, strict=True):
        np.testing.assert_allclose(found, together[i], atol=1e-5)
    for text, rows in zip(TEXTS, together, strict=True):
        np.testing.assert_allclose(tokens_of(combined, [text])[0], rows, atol=1e-5)


def test_questions_do_not_depend_on_order_or_company(combined):
    together = combined.encode_questions_with_tokens(TEXTS)[1]
    for text, question in zip(TEXTS, together, strict=True):
        alone = combined.encode_questions_with_tokens([text])[1][0]
        np.testing.assert_allclose(alone.vectors, question.vectors, atol=1e-5)


def test_short_questions_are_filled_up_and_long_ones_keep_their_end(combined):
    short, long, other = combined.encode_questions_with_tokens(
        ["湖鱼", "湖鱼多少" * 3 + "市", "湖鱼多少" * 3 + "期"]
    )[1]
    assert len(short.vectors) == FLOOR
    assert len(long.vectors) == len(["[CLS]", "a", "[SEP]"]) + 13
    assert np.abs(long.vectors[-2] - other.vectors[-2]).max() > 0.01


def test_a_passage_is_read_as_far_as_the_model_can(combined):
    whole, cut, same = tokens_of(combined, ["湖" * 20, "湖" * 100 + "市", "湖" * 100 + "期"])
    assert len(whole) == len(["[CLS]", "b", "[SEP]"]) + 20
    assert len(cut) == LIMIT
    np.testing.assert_allclose(cut, same, atol=1e-5)


def test_the_words_that_a_model_skips_have_no_vectors_in_passages(combined):
    with_stop, without = tokens_of(combined, ["湖。鱼。", "湖鱼"])
    assert len(with_stop) == len(without)


def test_progress_counts_every_text_in_order(combined, monkeypatch):
    monkeypatch.setattr(multi_vector, "ROUND", 3)
    seen = []
    combined.encode_passages_with_tokens(TEXTS, pack, seen.append)
    assert seen == [3, 6, 8]


def test_nothing_gives_nothing(combined, plain):
    vectors, codes = combined.encode_passages_with_tokens([], pack)
    questions, tokens = combined.encode_questions_with_tokens([])
    assert vectors.shape == questions.shape == (0, plain.dimension)
    assert codes == tokens == []


class Busy:
    """Calls a model and counts how many threads are in it at once."""

    def __init__(self, model):
        self.model, self.inside, self.most = model, 0, 0

    def __call__(self, *arguments, **options):
        self.inside += 1
        self.most = max(self.most, self.inside)
        time.sleep(0.002)  # long enough for another thread to come in
        found = self.model(*arguments, **options)
        self.inside -= 1
        return found


def test_threads_take_turns_and_each_gets_its_own(combined, monkeypatch):
    expected = combined.encode_questions_with_tokens(TEXTS)[1]
    busy = Busy(combined._model.encode_query)
    monkeypatch.setattr(combined._model, "encode_query", busy)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(combined.encode_questions_with_tokens, [[text] for text in TEXTS]))
    assert busy.most == 1
    for (_, (question,)), same in zip(found, expected, strict=True):
        np.testing.assert_allclose(question.vectors, same.vectors, atol=1e-5)


# --- which tokens may stand in one library


def test_a_token_fingerprint_follows_the_multi_vector_model_alone(combined, folders, tmp_path):
    load_multi_vector(folders["odd"]).save(str(tmp_path / "moved"), create_model_card=False)
    other_plain = PlainEncoder("other", 32)
    moved = load_combined(other_plain, str(tmp_path / "moved"))
    assert moved.token_fingerprint == combined.token_fingerprint
    assert moved.fingerprint != combined.fingerprint
    assert moved.late_name == str(tmp_path / "moved")
    prompted = save_multi_vector(folders["bert"], tmp_path / "prompted", ODD, "c ")
    assert load_combined(other_plain, prompted).token_fingerprint != combined.token_fingerprint
    model = load_multi_vector(folders["odd"])
    next(iter(model.parameters())).data[0, 0] += 1
    changed = CombinedEncoder(other_plain, "changed", model)
    assert changed.token_fingerprint != combined.token_fingerprint


def test_a_model_saved_in_half_precision_is_read_in_single(folders, tmp_path):
    model = load_multi_vector(folders["odd"])
    model.bfloat16().save(str(tmp_path / "half"), create_model_card=False)
    found = load_multi_vector(str(tmp_path / "half"))
    assert {str(parameter.dtype) for parameter in found.parameters()} == {"torch.float32"}


# --- what cannot be loaded


def test_a_name_that_cannot_be_loaded_is_one_line_with_the_name_and_a_remedy(tmp_path):
    for name in ("no-such/model", "none", str(tmp_path), str(tmp_path / "missing")):
        with pytest.raises(EncoderError, match=r"cannot be loaded offline .*--late") as caught:
            load_multi_vector(name)
        assert repr(name) in str(caught.value)
        assert "\n" not in str(caught.value)


def test_a_model_without_token_vectors_is_refused(folders):
    with pytest.raises(EncoderError, match="not trained to give a vector for each token"):
        load_multi_vector(folders["bert"])


@pytest.mark.parametrize(
    ("settings", "config", "expected"),
    [
        ({"model_type": "MultiVectorEncoder"}, {"architectures": ["BertModel"]}, True),
        ({"model_type": "ColBERT"}, {}, True),
        ({"query_prefix": "[Q] "}, {"architectures": ["BertModel"]}, True),
        (None, {"architectures": ["HF_ColBERT"]}, True),
        (None, {"architectures": ["BertModel"]}, False),
        (None, {"architectures": None}, False),
        ({"model_type": "SentenceTransformer", "prompts": {}}, {}, False),
        ({"prompts": {}}, None, False),
    ],
)
def test_the_kind_of_a_model_is_known_before_it_is_loaded(tmp_path, settings, config, expected):
    files = {"config_sentence_transformers.json": settings, "config.json": config}
    for file, content in files.items():
        if content is not None:
            (tmp_path / file).write_text(json.dumps(content))
    assert multi_vector._has_token_vectors(str(tmp_path), local=True) == expected


def test_code_that_comes_with_a_model_is_not_run(folders, tmp_path):
    folder = Path(folders["odd"]).parent / "with-code"
    save_multi_vector(folders["bert"], folder, ODD)
    run = tmp_path / "was-run"
    (folder / "theirs.py").write_text(f"open({str(run)!r}, 'w')\nclass Module: pass\n")
    modules = json.loads((folder / "modules.json").read_text())
    modules[1]["type"] = "theirs.Module"
    (folder / "modules.json").write_text(json.dumps(modules))
    with pytest.raises(EncoderError, match="cannot be loaded"):
        load_multi_vector(str(folder))
    assert not run.exists()

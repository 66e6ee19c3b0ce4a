"""The comparison itself; what it compares with need not be installed."""

import io
import json
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hash_encoder import HashEncoder
from rich.console import Console

from bench.peers import __main__ as peers
from bench.peers import measure, ours
from bench.peers.cache import CachedEncoder
from bench.peers.measure import Figures, first_rank
from bench.peers.sets import SETS, EvaluationSet, read_documents, read_questions
from bench.peers.types import Document, Question, Ranker, TextEncoder

DOCUMENTS = [
    Document("a", "码头", "临江港三号码头于去年冬天完工。"),
    Document("b", "", "养老服务补贴每人每月三百元。"),
    Document("c", "林场", "林场今年种植了两万株红松。"),
]


@pytest.fixture
def cache(encoder: HashEncoder, tmp_path: Path) -> CachedEncoder:
    return CachedEncoder(encoder, tmp_path / "new" / "vectors.sqlite3")


def test_cached_vectors_are_those_of_the_encoder_in_the_order_asked(
    encoder: HashEncoder, cache: CachedEncoder
) -> None:
    cache.encode_passages(["丙"])
    texts = ["甲", "丙", "乙", "甲"]
    assert np.array_equal(cache.encode_passages(texts), encoder.encode_questions(texts))


def test_a_text_is_encoded_once_even_when_the_file_is_opened_anew(
    encoder: HashEncoder, cache: CachedEncoder, tmp_path: Path
) -> None:
    cache.encode_passages(["甲", "乙", "甲"])
    cache.close()
    again = CachedEncoder(encoder, tmp_path / "new" / "vectors.sqlite3")
    again.encode_passages(["乙", "丙"])
    assert encoder.encoded == ["甲", "乙", "丙"]


def test_a_question_does_not_get_the_vector_of_a_passage(
    encoder: HashEncoder, cache: CachedEncoder
) -> None:
    cache.encode_questions(["甲"])
    cache.encode_passages(["甲"])
    assert encoder.encoded == ["甲"]


def test_another_encoder_does_not_get_these_vectors(cache: CachedEncoder, tmp_path: Path) -> None:
    cache.encode_passages(["甲"])
    other = HashEncoder("other")
    CachedEncoder(other, tmp_path / "new" / "vectors.sqlite3").encode_passages(["甲"])
    assert other.encoded == ["甲"]


def test_no_texts_give_no_rows(cache: CachedEncoder) -> None:
    assert cache.encode_passages([]).shape == (0, cache.dimension)


def test_progress_reaches_the_number_of_texts(cache: CachedEncoder) -> None:
    done: list[int] = []
    cache.encode_passages(["甲", "乙"], done.append)
    assert done[-1] == 2


@pytest.mark.parametrize(
    ("passages", "rank"),
    [
        (["a"], 1),
        (["b", "b", "b", "a"], 2),
        (["a", "b", "a"], 1),
        (["b"], float("inf")),
        ([], float("inf")),
    ],
)
def test_a_document_ranks_where_its_first_passage_does(passages: list[str], rank: float) -> None:
    assert first_rank(passages, frozenset({"a"})) == rank


def test_the_best_ranked_of_several_relevant_documents_counts() -> None:
    assert first_rank(["x", "b", "a"], frozenset({"a", "b"})) == 2


class FakeSystem:
    """Answers every question with the documents in their order."""

    PACKAGES: tuple[str, ...] = ("rich",)
    SETUP = "as they come"

    def __init__(self) -> None:
        self.closed = False
        self.folder = Path()

    def build(self, documents: Sequence[Document], encoder: TextEncoder, folder: Path) -> Ranker:
        self.folder = folder
        encoder.encode_passages([document.content for document in documents])
        return Ranker(len(documents), lambda _: [d.id for d in documents], self._close)

    def _close(self) -> None:
        assert self.folder.is_dir()
        self.closed = True


def test_hits_are_shares_of_the_questions(cache: CachedEncoder) -> None:
    questions = [Question("？", frozenset({id_})) for id_ in ("a", "b", "c", "elsewhere")]
    with measure.built(FakeSystem(), DOCUMENTS, cache) as index:
        assert measure.measure(index, questions, cache, 0.0).hits == (0.25, 0.75, 0.75)


def test_an_index_is_closed_before_its_folder_goes(cache: CachedEncoder) -> None:
    system = FakeSystem()
    with measure.built(system, DOCUMENTS, cache):
        assert not system.closed
    assert system.closed and not system.folder.exists()


class Clock:
    """Time that passes only where a test says so."""

    def __init__(self) -> None:
        self.now = 0.0

    def perf_counter(self) -> float:
        return self.now


def test_times_leave_encoding_out_and_add_what_a_question_costs_to_encode(
    encoder: HashEncoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, system = Clock(), FakeSystem()

    def encode(texts: Sequence[str]) -> np.ndarray:
        clock.now += 5
        vectors: np.ndarray = HashEncoder().encode_questions(texts)
        return vectors

    def build(documents: Sequence[Document], cache: TextEncoder, folder: Path) -> Ranker:
        clock.now += 2
        system.build(documents, cache, folder)
        return Ranker(len(documents), search)

    def search(question: str) -> list[str]:
        clock.now += 1
        cache.encode_questions([question])
        return []

    monkeypatch.setattr(encoder, "encode_passages", encode)
    monkeypatch.setattr(encoder, "encode_questions", encode)
    monkeypatch.setattr("bench.peers.cache.time", clock)
    monkeypatch.setattr("bench.peers.measure.time", clock)
    cache = CachedEncoder(encoder, tmp_path / "vectors.sqlite3")
    slow = SimpleNamespace(build=build)
    with measure.built(slow, DOCUMENTS, cache) as index:
        asked = [Question(text, frozenset()) for text in "甲乙"]
        figures = measure.measure(index, asked, cache, encoding=7.0)
    assert (figures.seconds, figures.milliseconds) == (2.0, 1007.0)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "set").mkdir()
    rows = [{"id": d.id, "title": d.title, "text": d.text} for d in DOCUMENTS]
    asked = [{"id": str(i), "text": "碼頭何時完工？", "relevant": ["a"]} for i in range(3)]
    for name, lines in (("corpus", rows), ("asked", asked)):
        text = "\n".join(json.dumps(line, ensure_ascii=False) for line in lines)
        (tmp_path / "set" / f"{name}.jsonl").write_text(text, "utf-8")
    return tmp_path


def test_documents_are_read_as_they_are(root: Path) -> None:
    assert read_documents(root, EvaluationSet("", "set", "asked")) == DOCUMENTS


def test_questions_are_changed_as_the_set_says_and_limited(root: Path) -> None:
    (simplified,) = (some for some in SETS if some.name == "drcd-dev Simplified")
    some = EvaluationSet("", "set", "asked", simplified.change)
    assert read_questions(root, some, 2) == [Question("码头何时完工？", frozenset({"a"}))] * 2
    assert len(read_questions(root, some)) == 3


def test_a_peer_gets_the_title_before_the_text_where_there_is_one() -> None:
    assert DOCUMENTS[0].content == f"{DOCUMENTS[0].title}\n{DOCUMENTS[0].text}"
    assert DOCUMENTS[1].content == DOCUMENTS[1].text


def test_a_system_that_is_not_installed_is_left_out_with_the_reason(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(measure.SYSTEMS, "txtai", "not_there")
    systems, absent = peers._installed(["ours", "txtai"])
    assert list(systems) == ["ours"]
    assert "not_there" in absent["txtai"]


def test_the_table_marks_the_best_and_says_what_is_not_installed() -> None:
    rows = [
        peers.Row("set", 7, "ours", Figures((0.5, 0.75, 1.0), 1.0, 2.0, 3)),
        peers.Row("set", 7, "LangChain", Figures((0.625, 0.75, 0.875), 1.0, 2.0, 3)),
        peers.Row("set", 7, "txtai", None),
    ]
    stream = io.StringIO()
    Console(file=stream, width=110, force_terminal=True, color_system="standard").print(
        peers._table(rows)
    )
    shown = stream.getvalue()
    bold = [f"\x1b[1m{figure}\x1b[0m" in shown for figure in ("0.500", "0.625", "0.750", "1.000")]
    assert bold == [False, True, True, True]
    assert shown.count("not installed") == 1


def test_our_library_finds_the_document(
    cache: CachedEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = HashEncoder()
    monkeypatch.setattr("index.encoder.load_encoder", lambda *_: own)
    with measure.built(ours, DOCUMENTS, cache) as index:
        assert index.ranker.search("养老服务补贴多少元？")[0] == "b"
        assert index.ranker.passages == 3
        assert index.seconds >= 0  # the time that our encoder took is no part of it

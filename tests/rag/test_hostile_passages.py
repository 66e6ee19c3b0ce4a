"""75 hostile passages and a model that obeys them all: nothing it makes up passes unmarked."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from hash_encoder import HashEncoder
from hostile_passages import HOSTILE, QUESTIONS, Hostile
from obedient import TRUE, obedient
from sampling import one_in

import prompts
from index.filters import ALL, Filters
from index.ingest import ingest
from index.library import Library
from index.script import fold_tight
from index.types import Hit, Scores
from rag.answer import PromptedAnswerer
from rag.pipeline import Assistant
from rag.types import Answer, Checking, Claim, Finished, Status

# Nothing of these may reach an answer unmarked: the one stands in the prompt's rules, the other in
# a document that the search does not find.
PROMPT_CANARY, OTHER_CANARY = "PROMPT-CANARY-7c1", "OTHER-CANARY-4e9"
LIVE_LINK = re.compile(
    r"\]\s?\(|^\s{0,3}\[[^\]]*\]:|!\[|<\s*(?:[a-z/!?]|https?:)", re.IGNORECASE | re.MULTILINE
)
ADDRESS = re.compile(r"(?:https?://|javascript:|data:|www\.)[\x21-\x7e]+", re.IGNORECASE)
FRAMES = ("", "在东莞", "indongguan", "结论", "conclusion")  # claim nothing by themselves
MARKS = re.compile(r"\[\d{1,3}\??\]")


class Planted:
    """A library whose search finds a hostile document before the true ones."""

    def __init__(self, library: Library, first: Sequence[str]) -> None:
        self._library = library
        self._first = first

    def __getattr__(self, name: str) -> object:
        return getattr(self._library, name)

    def search_many(
        self, questions: Sequence[str], k: int = 10, filters: Filters = ALL
    ) -> list[list[Hit]]:
        """Return the same hits for each question."""
        found = [p for id_ in self._first for p in self._library.passages_of(id_)]
        found += [p for p in self._library.passages_of("dongguan-measures.txt") if "Ⅲ期" in p.text]
        hits = [Hit(p, 0.9 - i / 100, Scores(dense=0.9)) for i, p in enumerate(found)]
        return [hits for _ in questions]


def names(number: int, hostile: Hostile) -> list[str]:
    return [f"hostile-{number:02}-{i}.txt" for i in range(len(hostile.documents))]


@pytest.fixture(scope="module")
def library(samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    folder = tmp_path_factory.mktemp("hostile")
    measures = (samples / "dongguan-measures.txt").read_bytes()
    (folder / "dongguan-measures.txt").write_bytes(measures)
    (folder / "other.txt").write_text(f"东莞食堂菜单\n\n{OTHER_CANARY}硼药。\n", "utf-8")
    for number, hostile in enumerate(HOSTILE):
        for name, text in zip(names(number, hostile), hostile.documents, strict=True):
            (folder / name).write_text(text, "utf-8")
    with Library(folder / "library", HashEncoder(), create=True) as opened:
        ingest(opened, [folder])
        yield opened


@pytest.fixture(autouse=True)
def canary(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a canary into the rules of every prompt."""
    load = prompts.load

    def with_canary(name: str) -> prompts.Prompt:
        prompt = load(name)
        return replace(prompt, system=f"{PROMPT_CANARY}. {prompt.system}")

    monkeypatch.setattr(prompts, "load", with_canary)


@dataclass(frozen=True, slots=True)
class Told:
    """What an obedient model wrote, and the answer that was made of it."""

    draft: str
    answer: Answer


def told(library: Library, number: int) -> Told:
    hostile = HOSTILE[number]
    planted = Planted(library, names(number, hostile))
    model = PromptedAnswerer(obedient(hostile.language))
    events = list(Assistant(planted, model).stream(QUESTIONS[hostile.language]))
    (draft,) = [event.draft for event in events if isinstance(event, Checking)]
    (answer,) = [event.answer for event in events if isinstance(event, Finished)]
    return Told(draft, answer)


def unclaimed(answer: Answer) -> str:
    """Return the text of an answer that no claim speaks of, without marks."""
    text = fold_tight(MARKS.sub("", answer.text))
    for claim in answer.claims:
        text = text.replace(fold_tight(MARKS.sub("", claim.text)), "", 1)
    return re.sub(r"[\W_]", "", text)


def stands(claim: Claim, answer: Answer) -> bool:
    """Tell whether each clause of a claim stands word for word in something that it cites."""
    own = [c.text for c in answer.citations if c.n in claim.citations]
    # Marks that a document has of its own are no part of what is claimed.
    cited = [fold_tight(form) for text in own for form in (text, MARKS.sub("", text))]
    clauses = re.split(r"[,:#]\s*|(?<=,)\s", fold_tight(claim.text).rstrip("。.:"))
    said = [clause.strip("()<>。") for clause in clauses]
    return all(any(one in text for text in cited) for one in said if one not in FRAMES)


def is_true(claim: Claim) -> bool:
    return claim.text in [true.replace("[{n}]", "").replace(" .", ".") for true in TRUE.values()]


CASES = [pytest.param(i, id=f"{i}-{h.language}-{h.kind}") for i, h in enumerate(HOSTILE)]


def test_there_are_forty_chinese_and_thirty_five_english_passages() -> None:
    assert Counter(hostile.language for hostile in HOSTILE) == {"zh": 40, "en": 35}
    assert len({hostile.text for hostile in HOSTILE}) == 75


@pytest.mark.parametrize("number", one_in(3, CASES))
def test_an_obeyed_order_passes_nothing_unmarked(library: Library, number: int) -> None:
    hostile, (draft, answer) = (
        HOSTILE[number],
        (lambda t: (t.draft, t.answer))(told(library, number)),
    )
    assert all(fold_tight(fragment) in fold_tight(draft) for fragment in hostile.obeyed)
    supported = [claim for claim in answer.claims if claim.status is Status.SUPPORTED]
    # The question is answered in spite of all, from the true document.
    assert any(is_true(claim) for claim in supported)
    # What is not marked stands in what it cites, word for word, or is the true answer.
    assert [c.text for c in supported if not is_true(c) and not stands(c, answer)] == []
    assert all(claim.citations for claim in supported)
    assert unclaimed(answer) == ""
    # No link is live, and no address that is not in what is cited is unmarked.
    assert not LIVE_LINK.search(answer.text)
    assert not any(ADDRESS.search(c.text) for c in supported if not stands(c, answer))
    # Every citation stands, in a document that was found, and every mark is one of them.
    found = {item.passage.document for item in answer.evidence}
    for citation in answer.citations:
        document = library.document(citation.source)
        assert document is not None
        assert document.raw[citation.start : citation.end] == citation.quote
        assert citation.source in found
    numbers = {citation.n for citation in answer.citations}
    assert {int(n) for n in re.findall(r"\[(\d{1,3})\]", answer.text)} <= numbers
    # Nothing from outside the evidence is unmarked.
    assert OTHER_CANARY not in repr(answer)
    assert not any(PROMPT_CANARY in claim.text for claim in supported)
    assert not any(PROMPT_CANARY in note for note in answer.notes)

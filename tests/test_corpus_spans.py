"""Cleaning against spans marked by hand in the five real documents, where they are.

`corpus_spans.json` holds raw places only: of each file the articles proper (all of which must be
kept but for the noise inside) and the noise: watermarks, glosses, navigation, widgets, other
articles' headlines, legal notices. Lines that say when and where a page was published are in
neither. The files were read line by line to mark them.
"""

import hashlib
import json
from pathlib import Path

import pytest

from index.clean import clean
from index.read import read_bytes, read_file

SPANS = json.loads(Path(__file__).with_name("corpus_spans.json").read_text("utf-8"))


@pytest.fixture(params=sorted(SPANS))
def marked(request, corpus):
    """Return the marks of a file, its raw text, and which of its characters cleaning keeps."""
    file = corpus / request.param
    if not file.exists():
        pytest.skip(f"{file.name} is not beside this repository")
    (document,) = read_file(read_bytes(file), file.name).documents
    marks = SPANS[request.param]
    if hashlib.sha256(file.read_bytes()).hexdigest() != marks["sha256"]:
        pytest.skip(f"{file.name} is not the file that was marked")
    text = clean(document.raw, document.media_type, document.layout)
    kept = set()
    for character, start, end in zip(text.text, text.starts, text.ends, strict=True):
        if not character.isspace():  # the line end between two lines may stand for noise as well
            kept.update(range(int(start), int(end)))
    return marks, document.raw, kept


def places(raw, spans):
    return {i for start, end in spans for i in range(start, end) if not raw[i].isspace()}


def context(raw, found):
    return [raw[max(0, i - 5) : i + 5] for i in sorted(found)[:5]]


def test_every_character_of_the_articles_is_kept(marked):
    marks, raw, kept = marked
    lost = places(raw, marks["article"]) - places(raw, marks["noise"]) - kept
    assert not lost, context(raw, lost)


def test_no_character_of_noise_is_kept(marked):
    marks, raw, kept = marked
    left = places(raw, marks["noise"]) & kept
    assert not left, context(raw, left)


def test_marks_are_apart_and_inside_the_text(marked):
    marks, raw, _ = marked
    for spans in (marks["article"], marks["noise"]):
        ends = [place for span in spans for place in span]
        assert ends == sorted(ends)
        assert ends[-1] <= len(raw)

"""Frames: what goes in comes out, and what is no frame is noticed."""

import io
import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from index.clean import clean
from index.content import make_document
from index.frames import (
    HEAD_SIZE,
    CleanDocument,
    Frame,
    Job,
    Mark,
    Note,
    Problem,
    frame_size,
    job_head,
    layout_of,
    layout_row,
    pack_offsets,
    read_frame,
    read_job,
    write_frame,
)
from index.types import Layout, Metadata, Span

LAYOUT = Layout((0, 5), ((Span(0, 2), 1),), (Span(3, 4),))


def through(frame: Frame) -> Frame:
    stream = io.BytesIO()
    write_frame(stream, frame)
    sent = stream.getvalue()
    total, said = frame_size(sent[:HEAD_SIZE])
    assert total == len(sent) - HEAD_SIZE
    return read_frame(sent[HEAD_SIZE:], said)


def test_a_document_comes_through_with_its_places():
    raw = "东莞(guǎn)对硼药的奖励最高500万元。\n\n第二段。"
    known = Metadata(title="题名", found={"title": "text"})
    document = make_document("文件.txt", raw, "text/plain", known, LAYOUT)
    found = through(CleanDocument(document, text := clean(raw), b"\x00\xff"))
    assert isinstance(found, CleanDocument)
    assert found.document == document
    assert found.signature == b"\x00\xff"
    assert (found.clean.text, found.clean.dropped) == (text.text, text.dropped)
    assert found.clean.starts.tolist() == text.starts.tolist()
    assert found.clean.ends.tolist() == text.ends.tolist()


@given(st.text(), st.text())
def test_remarks_come_through_on_one_line(source: str, said: str):
    source = source.encode("utf-8", "replace").decode()
    assert through(Problem(source, said)) == Problem(source, " ".join(said.split()))
    assert through(Note(source, said)) == Note(source, " ".join(said.split()))


def test_marks_come_through():
    assert through(Mark("alive")) == Mark("alive")


@given(
    st.binary(min_size=HEAD_SIZE, max_size=HEAD_SIZE).filter(lambda head: head[5:8] != b"\0\0\0")
)
def test_a_size_that_no_frame_has_is_noticed(head: bytes):
    with pytest.raises(ValueError, match="a frame of"):
        frame_size(head)


def sent(job: Job) -> bytes:
    return job_head(job) + job.data


def test_jobs_come_through_until_the_pipe_is_closed():
    stream = io.BytesIO(sent(Job("名.txt", b"\x00\x01")))
    assert read_job(stream) == Job("名.txt", b"\x00\x01")
    assert read_job(stream) is None


def test_a_job_that_was_cut_off_is_none():
    assert read_job(io.BytesIO(sent(Job("名.txt", b"\x00\x01"))[:-1])) is None


def test_a_name_that_cannot_be_encoded_is_sent_as_far_as_it_can():
    found = read_job(io.BytesIO(sent(Job("\udce5名.txt", b"a"))))
    assert found == Job("\ufffd名.txt", b"a")


def test_layouts_come_through_as_rows():
    assert layout_of(layout_row(LAYOUT)) == LAYOUT


def test_the_page_of_a_place():
    layout = Layout((0, 10, 20))
    assert [layout.page_of(place) for place in (0, 9, 10, 25)] == [1, 1, 2, 3]
    assert Layout().page_of(7) == 0


# --- what a reader says that came under the orders of a hostile file


def packed(frame: Frame) -> tuple[dict[str, Any], list[bytes]]:
    stream = io.BytesIO()
    write_frame(stream, frame)
    body = stream.getvalue()[HEAD_SIZE:]
    _, said = frame_size(stream.getvalue()[:HEAD_SIZE])
    head = json.loads(body[:said])
    blobs = []
    for size in head["sizes"]:
        blobs.append(body[said : said + size])
        said += size
    return head, blobs


def unpacked(head: object, blobs: list[bytes]) -> Frame:
    head = {**head, "sizes": list(map(len, blobs))} if isinstance(head, dict) else head
    said = json.dumps(head).encode()
    return read_frame(said + b"".join(blobs), len(said))


@pytest.fixture
def honest() -> tuple[dict[str, Any], list[bytes]]:
    raw = "第一段话。\n\n第二段话。"
    document = make_document("文件.txt", raw, "text/plain", Metadata(title="题名"), LAYOUT)
    return packed(CleanDocument(document, clean(raw), b"s"))


def test_an_honest_frame_is_read(honest: tuple[dict[str, Any], list[bytes]]):
    assert isinstance(unpacked(*honest), CleanDocument)


@pytest.mark.parametrize(
    "change",
    [
        {"frame": "Telegram"},
        {"id": 7},
        {"id": None},
        {"sha256": "0" * 64},
        {"metadata": {"title": 7, "found": {}}},
        {"metadata": {"unknown": "x", "found": {}}},
        {"metadata": []},
        {"layout": {"pages": [0, 1000], "headings": [], "hidden": []}},
        {"layout": {"pages": [], "headings": [[0, 1000, 1]], "hidden": []}},
        {"layout": {"pages": [], "headings": [], "hidden": [[5, 2]]}},
        {"layout": None},
        {"dropped": [[0, 1, 2]]},
        {"dropped": [[0]]},
    ],
)
def test_a_frame_that_says_what_cannot_be_is_noticed(change: dict[str, Any], honest):
    head, blobs = honest
    with pytest.raises(ValueError, match=r"frame|place|span|hash|unpack"):
        unpacked({**head, **change}, blobs)


@pytest.mark.parametrize("head", [[], 7, None, {"frame": "Note", "source": 1, "text": "a"}])
def test_what_is_no_frame_is_noticed(head: object):
    with pytest.raises(ValueError, match="a frame that cannot be read"):
        unpacked(head, [])


def test_deep_nesting_is_noticed():
    said = b"[" * 100_000
    with pytest.raises(ValueError, match="a frame that cannot be read"):
        read_frame(said, len(said))


@pytest.mark.parametrize(
    "places",
    [
        np.arange(3),  # too few
        np.arange(10**6),  # more than there are characters
        np.arange(11)[::-1],
        np.arange(11) - 1,
        np.arange(11) + 1000,
        np.full(11, 10),
    ],
)
def test_places_that_cannot_be_are_noticed(places: NDArray[np.int64], honest):
    head, blobs = honest
    starts = pack_offsets(places.astype(np.int32))
    with pytest.raises(ValueError, match="places"):
        unpacked(head, [*blobs[:2], starts, *blobs[3:]])


def test_offsets_that_are_no_offsets_are_noticed(honest):
    head, blobs = honest
    with pytest.raises(ValueError, match="a frame that cannot be read"):
        unpacked(head, [*blobs[:2], b"none", *blobs[3:]])

"""Frames: what goes in comes out, and what is no frame is noticed."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
    layout_of,
    layout_row,
    read_frame,
    read_job,
    write_frame,
    write_job,
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


def test_jobs_come_through_until_the_pipe_is_closed():
    stream = io.BytesIO()
    write_job(stream, Job("名.txt", b"\x00\x01"))
    stream.seek(0)
    assert read_job(stream) == Job("名.txt", b"\x00\x01")
    assert read_job(stream) is None


def test_a_job_that_was_cut_off_is_none():
    stream = io.BytesIO()
    write_job(stream, Job("名.txt", b"\x00\x01"))
    assert read_job(io.BytesIO(stream.getvalue()[:-1])) is None


def test_layouts_come_through_as_rows():
    assert layout_of(layout_row(LAYOUT)) == LAYOUT


def test_the_page_of_a_place():
    layout = Layout((0, 10, 20))
    assert [layout.page_of(place) for place in (0, 9, 10, 25)] == [1, 1, 2, 3]
    assert Layout().page_of(7) == 0

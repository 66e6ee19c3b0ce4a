"""The recogniser itself is not asked here, but for one test that runs where it is installed."""

from dataclasses import dataclass

import numpy as np
import pytest

from index.formats import ocr


@dataclass
class Found:
    """What RapidOCR returns, as far as it is used."""

    boxes: list | None
    txts: tuple | None
    scores: tuple | None = None


def box(left, top, right, bottom):
    return [[left, top], [right, top], [right, bottom], [left, bottom]]


def recognise(monkeypatch, *some, picture=None, scores=None):
    found = Found([place for place, _ in some], tuple(word for _, word in some), scores)
    monkeypatch.setattr(ocr, "_engine", lambda: lambda _: found)
    return ocr.recognise(np.full((400, 600, 3), 255, np.uint8) if picture is None else picture)


def test_lines_come_from_top_to_bottom(monkeypatch):
    some = [(box(10, 60, 110, 80), "第二行。"), (box(10, 10, 110, 30), "第一行。")]
    assert recognise(monkeypatch, *some) == ["第一行。", "第二行。"]


def test_columns_are_read_one_after_the_other(monkeypatch):
    words = [
        "为深入实施创新驱动发展战略",
        "加快培育新兴产业推动产业结",
        "构优化升级，结合实际制定。",
    ]
    more = [
        "鼓励银行保险等金融机构设立",
        "科技支行开发产品，市财政对",
        "发生的损失给予补偿和奖励。",
    ]
    some = [
        (box(left, 10 + 30 * i, left + 260, 30 + 30 * i), line)
        for left, texts in ((10, words), (320, more))
        for i, line in enumerate(texts)
    ]
    assert "".join(recognise(monkeypatch, *some)) == "".join([*words, *more])


def test_the_lines_of_a_table_part_its_cells(monkeypatch):
    picture = np.full((200, 400, 3), 255, np.uint8)
    picture[[10, 60, 110], 10:391] = 0
    for x in (10, 200, 390):
        picture[10:111, x] = 0
    some = [
        (box(20, 25, 80, 45), "单位"),
        (box(210, 25, 270, 45), "金额"),
        (box(20, 75, 120, 95), "市财政局"),
        (box(210, 75, 260, 95), "120"),
    ]
    assert recognise(monkeypatch, *some, picture=picture) == ["单位\t金额", "市财政局\t120"]


def test_guesses_are_left_out(monkeypatch):
    some = [(box(10, 10, 110, 30), "第一行。"), (box(10, 60, 110, 80), "〇丶")]
    assert recognise(monkeypatch, *some, scores=(0.99, 0.2)) == ["第一行。"]


def test_a_page_without_text_has_no_lines(monkeypatch):
    monkeypatch.setattr(ocr, "_engine", lambda: lambda _: Found(None, None))
    assert ocr.recognise(np.zeros((4, 4, 3), np.uint8)) == []


@pytest.mark.skipif(not ocr.is_available(), reason="needs the extra [ocr]")
def test_a_page_that_is_only_a_picture_is_recognised():
    import pypdfium2 as pdfium
    from test_pdf import data

    pdf = pdfium.PdfDocument(data("head"))
    picture = pdf[0].render(scale=ocr.SCALE).to_numpy()[:, :, :3].copy()
    pdf.close()
    assert "青川市科技专项资金管理办法" in "".join(ocr.recognise(picture))

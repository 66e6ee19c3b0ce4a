import pytest

from index.fields.head_table import read_head_table

TABLE = {
    "issuer": "某省人民政府办公厅",
    "issued": "2024年5月3日",
    "document_number": "某政办发〔2024〕5号",
    "date": "2024-05-06",
}
LABELS = {
    "issuer": "发文机关",
    "issued": "成文日期",
    "document_number": "发文字号",
    "date": "发布日期",
}
PAIRS = [(LABELS[name], value) for name, value in TABLE.items()]
LAYOUTS = {
    "label: value": [f"{label}：{value}" for label, value in PAIRS],
    "several on a line": ["  ".join(f"{label}： {value}" for label, value in PAIRS)],
    "framed": [f"【{label}】{value}" for label, value in PAIRS],
    "cells": ["\t".join(f"{label}\t{value}" for label, value in PAIRS)],
    "cells with colons": [f"{label}：\t{value}" for label, value in PAIRS],
    "neighbouring lines": [text for pair in PAIRS for text in pair],
    "spaced labels": [f"{' '.join(label)}：{value}" for label, value in PAIRS],
    "a row above a row": [
        "\t".join(label for label, _ in PAIRS),
        "\t".join(value for _, value in PAIRS),
    ],
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_gives_the_same_fields(layout):
    lines = ["首页", "索引号：1122", *LAYOUTS[layout], "正文从这里开始，写明发文机关如何办理。"]
    assert read_head_table(lines) == TABLE


def test_traditional_labels_are_read():
    lines = ["發文機關：某市政府", "發文字號：府字第1130001234號", "發布日期：113-05-03"]
    assert read_head_table(lines) == {
        "issuer": "某市政府",
        "document_number": "府字第1130001234號",
        "date": "113-05-03",
    }


def test_empty_values_do_not_take_the_next_label():
    assert read_head_table(["发文字号：", "发布日期：2024-05-06"]) == {"date": "2024-05-06"}
    assert read_head_table(["发文字号\t\t发布日期\t2024-05-06"]) == {"date": "2024-05-06"}
    assert read_head_table(["发文字号：无"]) == {}


def test_a_title_or_validity_needs_a_table_around_it():
    assert read_head_table(["名称：某某公司", "时效性：有效"]) == {}
    lines = ["索引号：1", "标题：关于办法的通知", "文号：某府〔2024〕5号", "时效性：已废止"]
    assert read_head_table(lines)["title"] == "关于办法的通知"
    assert read_head_table(lines)["status"] == "已废止"


def test_labels_inside_sentences_are_not_read():
    assert read_head_table(["请在申请表中写明本单位发文机关：如有多个，逐一列出。"]) == {}
    assert read_head_table(["办理结果的发布日期另行通知。"]) == {}


def test_the_first_value_counts():
    assert read_head_table(["发布日期：2024-05-06", "发布日期：2020-01-01"])["date"] == "2024-05-06"

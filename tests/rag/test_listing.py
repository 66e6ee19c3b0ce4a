"""A claim may count what its source lists, and nothing else."""

import pytest

from rag.listing import counts_list
from rag.quantities import quantities

LIST = "鼓励企业研发生产诊断试剂(含耗材)、植入器械、康复辅具、影像设备。"
SIGNED = "惠州市科学技术局\n惠州市发展和改革局\n惠州市商务局"


def counts(claim: str, source: str) -> bool:
    return all(counts_list(figure, claim, [source]) for figure in quantities(claim))


@pytest.mark.parametrize(
    ("claim", "source", "right"),
    [
        ("鼓励企业研发生产四类产品。", LIST, True),
        ("鼓勵企業研發生產四類產品。", LIST, True),
        ("鼓励企业研发生产五类产品。", LIST, False),
        ("鼓励企业研发生产三类产品。", LIST, False),
        ("由市科技局、市发展改革局和市商务局三部门印发。", SIGNED, True),
        ("由五个部门联合印发。", SIGNED, False),
        ("三类平台:诊断平台、影像平台和康复平台。", LIST, False),
        ("企业有400家。", "企业有诊断试剂、植入器械两类。", False),
    ],
)
def test_a_count_is_that_of_a_list(claim, source, right) -> None:
    assert counts(claim, source) == right


def test_a_source_that_counts_itself_is_believed() -> None:
    assert not counts("共有三个平台。", "共有两个平台:检测、评价、孵化平台。")

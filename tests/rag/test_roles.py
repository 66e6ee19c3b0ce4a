"""A body keeps its part, a place its rank, and a heading is no platform."""

import pytest

from rag.roles import headings_listed, miscast, misranked

TASK = "(市工业和信息化局牵头,市发展改革局、科技局按职责分工负责)"
EVENT = "活动由广东省商务厅主办,惠州市商务局、岭南理工学院承办。"
RANKS = "以惠州市、佛山市为核心,以肇庆市、江门市为重点。"
PLATFORMS = "兩大平臺集中亮相\n共建創新底座\n活動推介了惠州檢測公共服務平臺和惠州器械評價中心。"


@pytest.mark.parametrize(
    ("claim", "source"),
    [
        ("该任务由市科技局牵头。", TASK),
        ("該任務由市發展改革局牽頭。", TASK),
        ("活动由惠州市商务局主办。", EVENT),
        ("主办单位是岭南理工学院。", EVENT),
        ("活动由广东省商务厅承办。", EVENT),
    ],
)
def test_a_body_with_the_part_of_another_is_found(claim, source) -> None:
    assert list(miscast(claim, [source]))


@pytest.mark.parametrize(
    ("claim", "source"),
    [
        ("该任务由市工信局牵头。", TASK),
        ("該任務由市工業和信息化局牽頭,科技局參與。", TASK),
        ("活动由广东省商务厅主办,惠州市商务局承办。", EVENT),
        ("主辦單位是廣東省商務廳,承辦單位之一是惠州學院。", EVENT),
        ("市科技局参与该任务。", TASK),
    ],
)
def test_a_body_with_its_own_part_passes(claim, source) -> None:
    assert not list(miscast(claim, [source]))


def test_a_part_may_be_told_in_the_sentence_behind_it() -> None:
    source = "承办的有两家:惠州市商务局、岭南理工学院。"
    assert not list(miscast("承办单位是惠州市商务局和岭南理工学院。", [source]))
    assert list(miscast("承办单位是惠州市科技局。", [source]))


@pytest.mark.parametrize(
    ("claim", "wrong"),
    [
        ("惠州、肇庆是核心城市,佛山、江门是重点城市。", True),
        ("Huizhou and Jiangmen are core cities, while Foshan and Zhaoqing are key.", True),
        ("佛山、惠州為核心,江門、肇慶為重點。", False),
        ("Foshan and Huizhou are the core, while Zhaoqing and Jiangmen are key cities.", False),
        ("惠州发展器械产业。", False),
    ],
)
def test_places_keep_their_rank(claim, wrong) -> None:
    assert bool(list(misranked(claim, [RANKS]))) == wrong


@pytest.mark.parametrize(
    ("claim", "wrong"),
    [
        ("两大平台包括两大平台集中亮相、共建创新底座。", True),
        ("推介的平臺有“共建創新底座”、惠州檢測公共服務平臺。", True),
        ("推介了两大平台,包括兩大平臺集中亮相；共建創新底座。", True),
        ("推介的平台有惠州检测公共服务平台、惠州器械评价中心。", False),
        ("“共建创新底座”部分介绍了两个平台、一个中心。", False),
    ],
)
def test_a_heading_is_no_platform(claim, wrong) -> None:
    assert (
        bool(list(headings_listed(claim, [PLATFORMS], ["兩大平臺集中亮相 共建創新底座"]))) == wrong
    )

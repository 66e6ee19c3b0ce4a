"""Follow-ups with words of their own are completed; fresh questions are left as they are.

All were written before the rules were mended: 23 of 41 and 41 of 41 were right then.
"""

import pytest

from rag.follow_up import standalone
from rag.types import Turn

COMPLETED = (
    ("东莞对BNCT硼药研发给什么奖励？", "一年的上限是多少？"),
    ("东莞对BNCT硼药研发给什么奖励？", "一家企业一年最多拿多少？"),
    ("东莞对BNCT硼药研发给什么奖励？", "每家企业每年的上限是多少？"),
    ("What does Dongguan give for BNCT drugs?", "what is the cap per year?"),
    ("What does Dongguan give for BNCT drugs?", "what is the annual cap?"),
    ("What does Dongguan give for BNCT drugs?", "what is the yearly maximum per company?"),
    ("东莞对BNCT硼药研发给什么奖励？", "申请需要什么条件？"),
    ("东莞对BNCT硼药研发给什么奖励？", "申请的截止时间是什么时候？"),
    ("东莞对BNCT硼药研发给什么奖励？", "对企业有什么要求？"),
    ("东莞对BNCT硼药研发给什么奖励？", "单个项目最多多少？"),
    ("東莞對BNCT硼藥研發給什麼獎勵？", "一年的上限是多少？"),
    ("東莞對BNCT硼藥研發給什麼獎勵？", "同一家企業一年合計封頂多少？"),
    ("东莞对BNCT硼药研发给什么奖励？", "同一企业全年累计上限是多少？"),
    ("东莞对BNCT硼药研发给什么奖励？", "年度上限是多少？"),
    ("东莞对BNCT硼药研发给什么奖励？", "资金怎么发放？"),
    ("东莞对BNCT硼药研发给什么奖励？", "钱什么时候到账？"),
    ("东莞对BNCT硼药研发给什么奖励？", "由谁审核？"),
    ("东莞对BNCT硼药研发给什么奖励？", "是一次性发放吗？"),
    ("东莞对BNCT硼药研发给什么奖励？", "需要哪些申报材料？"),
    ("东莞对BNCT硼药研发给什么奖励？", "政策有效期到哪一年？"),
    ("What does Dongguan give for BNCT drugs?", "how long is it valid?"),
    ("What does Dongguan give for BNCT drugs?", "is there a limit per company?"),
    ("What does Dongguan give for BNCT drugs?", "what conditions apply?"),
    ("What does Dongguan give for BNCT drugs?", "who is eligible?"),
    ("What does Dongguan give for BNCT drugs?", "how is the money paid out?"),
    ("What does Dongguan give for BNCT drugs?", "what is the total budget?"),
    ("湖北2027年生物医药营收目标是多少？", "目前是多少？"),
    ("湖北2027年生物医药营收目标是多少？", "现状是多少？"),
    ("湖北2027年生物医药营收目标是多少？", "增速是多少？"),
    ("南沙区有多少家生物医药企业？", "总投资多少？"),
    ("广东省未来生命健康产业集群有哪些重点工程？", "牵头单位是谁？"),
    ("广东省未来生命健康产业集群有哪些重点工程？", "完成时限是哪一年？"),
    ("东莞对BNCT硼药研发给什么奖励？", "第二年的额度是多少？"),
    ("东莞对BNCT硼药研发给什么奖励？", "个人能拿多少？"),
    ("What does Dongguan give for BNCT drugs?", "what documents are required?"),
    ("What does Dongguan give for BNCT drugs?", "what is the per-company ceiling?"),
    ("东莞对BNCT硼药研发给什么奖励？", "奖励的上限和下限是多少？"),
    ("东莞对BNCT硼药研发给什么奖励？", "最高额度是多少万元？"),
    ("What does Dongguan give for BNCT drugs?", "per year, how much at most?"),
    ("东莞对BNCT硼药研发给什么奖励？", "累计最高多少？"),
)
FRESH = (
    ("东莞对BNCT硼药研发给什么奖励？", "湖北对CDMO平台有什么补助？"),
    ("东莞对BNCT硼药研发给什么奖励？", "粤莞联合基金每年多少个项目？"),
    ("东莞对BNCT硼药研发给什么奖励？", "公共服务平台奖励多少？"),
    ("东莞对BNCT硼药研发给什么奖励？", "散裂中子源在哪里？"),
    ("东莞对BNCT硼药研发给什么奖励？", "南沙有多少家企业？"),
    ("东莞对BNCT硼药研发给什么奖励？", "广东省行动计划是什么时候印发的？"),
    ("What does Dongguan give for BNCT drugs?", "What is the revenue target of Hubei?"),
    ("What does Dongguan give for BNCT drugs?", "Which cities are core cities of the plan?"),
    ("东莞对BNCT硼药研发给什么奖励？", "项目群最高资助多少？"),
    ("东莞对BNCT硼药研发给什么奖励？", "AI制药的上限是多少？"),
    ("东莞对BNCT硼药研发给什么奖励？", "年度预算草案是什么？"),
    ("东莞对BNCT硼药研发给什么奖励？", "合成生物项目一年的上限是多少？"),
    ("What does Dongguan give for BNCT drugs?", "what is the cap for AI pharma projects?"),
    ("What does Dongguan give for BNCT drugs?", "what is the annual revenue of Guangdong?"),
    ("东莞对BNCT硼药研发给什么奖励？", "新能源汽车一年补贴多少？"),
    ("广东省未来生命健康产业集群有哪些重点工程？", "东莞的一年上限是多少？"),
    ("东莞对BNCT硼药研发给什么奖励？", "全国创新药慧眼系统由谁建设？"),
    ("东莞对BNCT硼药研发给什么奖励？", "一年级新生什么时候报名？"),
    ("东莞对BNCT硼药研发给什么奖励？", "累计确诊病例有多少？"),
    ("东莞对BNCT硼药研发给什么奖励？", "年金的缴费比例是多少？"),
    ("What does Dongguan give for BNCT drugs?", "how much is the minimum wage per month?"),
    ("What does Dongguan give for BNCT drugs?", "what is the carbon price per ton?"),
    ("东莞对BNCT硼药研发给什么奖励？", "最低工资每月多少？"),
    ("东莞对BNCT硼药研发给什么奖励？", "小微企业贷款贴息多少？"),
    ("东莞对BNCT硼药研发给什么奖励？", "同一药品在两地上市怎么办？"),
    ("东莞对BNCT硼药研发给什么奖励？", "专利申请需要什么材料？"),
    ("东莞对BNCT硼药研发给什么奖励？", "住房公积金一年能提取几次？"),
    ("东莞对BNCT硼药研发给什么奖励？", "什么是硼中子俘获治疗？"),
    ("东莞对BNCT硼药研发给什么奖励？", "卡脖子项目最高给多少？"),
    ("What does Dongguan give for BNCT drugs?", "What is boron neutron capture therapy?"),
    ("What does Dongguan give for BNCT drugs?", "how long is a patent valid?"),
    ("东莞对BNCT硼药研发给什么奖励？", "武汉要建什么集群？"),
    ("东莞对BNCT硼药研发给什么奖励？", "单位GDP能耗下降多少？"),
    ("东莞对BNCT硼药研发给什么奖励？", "总部经济有什么政策？"),
    ("东莞对BNCT硼药研发给什么奖励？", "医保基金全年支出多少？"),
    ("东莞对BNCT硼药研发给什么奖励？", "个人所得税起征点是多少？"),
    ("东莞对BNCT硼药研发给什么奖励？", "个人养老金每年上限是多少？"),
    ("东莞对BNCT硼药研发给什么奖励？", "每年的植树节是哪天？"),
    ("东莞对BNCT硼药研发给什么奖励？", "家庭年度用电上限是多少？"),
    ("What does Dongguan give for BNCT drugs?", "what is the per capita income?"),
    ("東莞對BNCT硼藥研發給什麼獎勵？", "湖北的年度目標是多少？"),
)


@pytest.mark.parametrize(("before", "question"), COMPLETED)
def test_attributes_alone_are_asked_of_the_subject_before(before: str, question: str) -> None:
    alone = standalone(question, [Turn("user", before), Turn("assistant", "答。")])
    assert alone.changed
    assert len(alone.text) > len(question)


@pytest.mark.parametrize(("before", "question"), FRESH)
def test_a_question_with_a_subject_of_its_own_is_not_polluted(before: str, question: str) -> None:
    turns = [Turn("user", before), Turn("assistant", "答。")]
    assert standalone(question, turns).text == question

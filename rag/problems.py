"""What rag.verify says of a claim, in the language of the answer."""

import re

from index.script import to_traditional
from rag.types import Language

# What does not stand here is shown in English.
_PROBLEMS = {
    r"cites nothing": "没有引用出处",
    r"cites \[(\d+)\], which does not exist": "所引的[{}]不存在",
    r"(.+) leaves out a denial": "{}漏掉了否定",
    r"says (.+), and what is cited is about (.+)": "说{}，出处只说{}",
    r"leaves out (.+), which what is cited says": "漏掉了出处所说的{}",
    r"(.+) is per (.+), which what is cited does not say": "{}按{}计，出处没有这样说",
    r"(.+) is at most that in what is cited": "{}在出处中是上限",
    r"(.+) is for a phase that it leaves out": "没有说{}是哪一期的",
    r"(.+) does not “(.+)” in what is cited": "出处没有说由{}“{}”",
    r"(.+) is not listed so in what is cited": "出处没有把{}列在其中",
    r"(.+) is a heading in what is cited": "{}在出处中是标题",
    r"gives a date, and not of what": "只有日期，没有说是什么的日期",
    r"denies what is affirmed in what is cited": "否定了出处肯定的内容",
    r"affirms what is denied in what is cited": "肯定了出处否定的内容",
    r"(.+) does not stand in what is cited": "出处中没有{}",
    r"(.+) is not named in what is cited": "出处没有提到{}",
    r"(.+) is said to be (.+), and is (.+) in what is cited": "{}在这里是{}，出处中是{}",
    r"(.+) is per (.+), and per (.+) in what is cited": "{}按{}计，出处按{}计",
    r"(.+) is said of (.+), and of (.+) in what is cited": "{}说的是{}，出处中说的是{}",
    r"(.+) is no condition in what is cited": "出处没有{}这个条件",
    r"(.+) has (.+) in what is cited, not (.+)": "{}在出处中是{}，不是{}",
    r"(.+) is (.+) in what is cited": "{}在出处中是{}",
    r"says (.+) where what is cited says (.+)": "说的是{}，出处说的是{}",
    r"says (.+), which what is cited does not say": "出处没有说{}",
    r"says (.+), and what is cited is a draft": "说{}，出处只是征求意见稿",
    r"denies (.+), which is affirmed in what is cited": "否定了出处肯定的{}",
    r"affirms (.+), which is denied in what is cited": "肯定了出处否定的{}",
    r"denies something that what is cited does not deny": "否定了出处没有否定的内容",
    r"affirms something, and what is cited denies": "肯定了出处否定的内容",
    r"hardly any of its words stand in what is cited": "措辞几乎都不见于出处",
    r"many of its words do not stand in what is cited": "不少措辞不见于出处",
    r"quotes in another language than what is cited": "引文与出处不是同一种语言",
    r"is in another language than what is cited, .+": "与出处语言不同，又没有可比的数字或地名",
    r"(.+) cannot be compared with what is cited": "{}无法与出处比对",
    r"is too long to be checked": "过长，无法查证",
    r"cites more than can be compared": "所引过长，无法比对",
    r"says (.+) of (.+) and (.+)": "说{1}{0}{2}，出处不是这样",
}
# How a figure is bounded, and what it is said to be per.
_WORDS = {
    "exact": "确数",
    "at most": "上限",
    "at least": "下限",
    "about": "约数",
    "more than": "“超过”",
    "less than": "“不到”",
    "year": "年",
    "half-year": "半年",
    "quarter": "季度",
    "month": "月",
    "week": "周",
    "day": "日",
    "hour": "小时",
    "time": "次",
}


def worded(problem: str, language: Language) -> str:
    """Return what `rag.verify` says of a claim in the language of the answer."""
    for pattern, chinese in _PROBLEMS.items():
        if language != "en" and (match := re.fullmatch(pattern, problem, re.DOTALL)):
            named = (_in_script(_WORDS[n], language) if n in _WORDS else n for n in match.groups())
            return _in_script(chinese, language).format(*named)
    return problem


def _in_script(chinese: str, language: Language) -> str:
    return to_traditional(chinese) if language == "zh-Hant" else chinese

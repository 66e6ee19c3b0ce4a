"""What the program itself says to a reader, in the language of the question."""

from index.places import Place
from index.script import to_traditional
from rag.types import Language

_MESSAGES: dict[str, dict[Language, str]] = {
    "refusal": {
        "en": "The documents do not say.",
        "zh": "资料中没有答案。",
        "zh-Hant": "資料中沒有答案。",
    },
    "nothing": {
        "en": "Nothing was found.",
        "zh": "没有找到相关内容。",
        "zh-Hant": "沒有找到相關內容。",
    },
    "nothing_about": {
        "en": "Nothing was found about {0}.",
        "zh": "没有找到关于{0}的内容。",
        "zh-Hant": "沒有找到關於{0}的內容。",
    },
    "other_subject": {
        "en": "The documents do not speak of this subject.",
        "zh": "资料没有谈到这个问题。",
        "zh-Hant": "資料沒有談到這個問題。",
    },
    "absent": {
        "en": "The documents on this subject do not speak of {0}.",
        "zh": "相关资料没有提到{0}。",
        "zh-Hant": "相關資料沒有提到{0}。",
    },
    "no_figure": {
        "en": "The documents on this subject give no figure.",
        "zh": "相关资料没有给出数字。",
        "zh-Hant": "相關資料沒有給出數字。",
    },
    "understood_as": {
        "en": "Understood as: {0}",
        "zh": "理解为：{0}",
        "zh-Hant": "理解為：{0}",
    },
    "quoted_instead": {
        "en": "{0} did not answer ({1}); the documents are quoted instead.",
        "zh": "{0}没有完成回答（{1}），以下直接引用资料原文。",
        "zh-Hant": "{0}沒有完成回答（{1}），以下直接引用資料原文。",
    },
}


def message(key: str, language: Language, *values: str) -> str:
    """Return a message in a language, its places filled."""
    return _MESSAGES[key][language].format(*values)


def refusals() -> tuple[str, ...]:
    """Return the refusal in every language."""
    return tuple(_MESSAGES["refusal"].values())


def name_of(place: Place, language: Language) -> str:
    """Return the name of a place as a reader of a language knows it."""
    if language == "en" and place.english:
        return place.english[0]
    return to_traditional(place.name) if language == "zh-Hant" else place.name


def listed(items: list[str], language: Language) -> str:
    """Return a list as it is written in a language."""
    return (", " if language == "en" else "、").join(items)

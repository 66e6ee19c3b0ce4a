"""Search terms of the lexical leg: bigrams of Han characters, Latin words, numbers."""

import re

from index.script import fold

_HAN = r"\u3005\u3007\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_RUN = re.compile(
    rf"(?P<han>[{_HAN}]+)"
    rf"|[^\W\d_{_HAN}]+(?:[-'][^\W_{_HAN}]+)*"  # words, CAR-T as one
    # 4112.83 and 1,500 as one, but not 2023,2024: folding has made every wide comma a narrow one
    r"|(?P<number>\d{1,3}(?:,\d{3})+(?!\d)(?:\.\d+)?|\d+(?:\.\d+)*)"
)
# Words that make a question of a sentence and stand in no answer; longest first.
_QUESTION_WORDS = re.compile(
    "请问|什么样|什么|哪几个|哪几项|哪几|哪些|哪个|哪家|哪里|哪|多少|几家|几个|几项|如何|怎么样|怎么|是否|为何|吗|呢"
)


def terms(text: str) -> list[str]:
    """Return the terms of a passage in text order, repeats kept.

    >>> terms("東莞BNCT硼藥4112.83萬")
    ['东莞', 'bnct', '硼药', '4112.83', '万']
    """
    return _of_folded(fold(text))


def question_terms(text: str) -> list[str]:
    """Return the terms of a question, without repeats and without the words that only ask."""
    statement = _QUESTION_WORDS.sub(" ", fold(text))
    return list(dict.fromkeys(_of_folded(statement)))


def _of_folded(text: str) -> list[str]:
    return [term for run in _RUN.finditer(text) for term in _cut(run)]


def _cut(run: re.Match[str]) -> list[str]:
    if run["han"] and len(run[0]) > 1:
        return [run[0][i : i + 2] for i in range(len(run[0]) - 1)]
    return [run[0].replace(",", "") if run["number"] else run[0]]

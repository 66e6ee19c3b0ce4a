"""Search terms of the lexical leg: bigrams of Han characters, Latin words, numbers."""

import re

from index.script import fold

_RUN = re.compile(
    r"[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]+"  # Han characters
    r"|[^\W\d_\u3400-\u9fff]+(?:[-'][^\W_\u3400-\u9fff]+)*"  # words, CAR-T as one
    r"|\d+(?:[.,]\d+)*"  # numbers, 4112.83 as one
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
    return [term for run in _RUN.findall(fold(text)) for term in _cut(run)]


def question_terms(text: str) -> list[str]:
    """Return the terms of a question, without repeats and without the words that only ask."""
    statement = _QUESTION_WORDS.sub(" ", fold(text))
    return list(dict.fromkeys(terms(statement)))


def _cut(run: str) -> list[str]:
    if not _is_han(run[0]):
        return [run.replace(",", "") if run[0].isdigit() else run]
    if len(run) == 1:
        return [run]
    return [run[i : i + 2] for i in range(len(run) - 1)]


def _is_han(character: str) -> bool:
    return "\u3400" <= character <= "\u9fff" or "\uf900" <= character <= "\U0003ffff"

"""A question as the legs of a search want it."""

from dataclasses import dataclass

from index.glossary import Counterpart, Glossary
from index.preferences import Preferences, preferences
from index.script import fold, fold_characters
from index.terms import TermGroup, question_groups
from index.types import QuestionTokens, Vectors

# Below this, what the glossary knows of a word is a translation among many (measure, plan), which
# would lead the encoder away rather than help it.
_TELLING = 0.5
# Latin letters and marks (é, ’) stand before it, all of Chinese from it on.
_FIRST_CHINESE = "\u2e80"


@dataclass(frozen=True, slots=True)
class Query:
    """A question, read: what is encoded, what is looked up, what is preferred."""

    encoded: str  # folded, with the Chinese names of what it names in English
    groups: tuple[TermGroup, ...]
    preferences: Preferences


@dataclass(frozen=True, slots=True)
class Encoded:
    """What the encoder made of a question: `vector` (D,), and its tokens if it gives them."""

    vector: Vectors
    tokens: QuestionTokens | None = None


def read_query(question: str, glossary: Glossary) -> Query:
    """Return a question as it is searched for."""
    groups = question_groups(question, glossary.counterparts(question))
    encoded = fold(with_chinese_names(question, glossary))
    return Query(encoded, tuple(groups), preferences(question))


def with_chinese_names(text: str, glossary: Glossary) -> str:
    """Return a text followed by the Chinese names, which documents use, of what it names in Latin.

    >>> with_chinese_names("what does Dongguan give?", default_glossary())
    'what does Dongguan give? 东莞'
    """
    return " ".join([text, *_chinese_names(text, glossary.counterparts(text))])


def _chinese_names(question: str, named: tuple[Counterpart, ...]) -> list[str]:
    """Return, for each telling name in Latin letters, the Chinese one that documents use."""
    latin = (one for one in named if not _is_chinese(question[one.start : one.end]))
    names = (one.names[0] for one in latin if one.names and one.weight >= _TELLING)
    return list(dict.fromkeys(filter(_is_chinese, names)))


def _is_chinese(name: str) -> bool:
    return max(fold_characters(name)) >= _FIRST_CHINESE

"""The answerer that asks a language model: evidence -> prompt -> draft, in pieces."""

from collections.abc import Iterator, Sequence

import prompts
from index.script import fold_tight
from rag.errors import LanguageModelCut
from rag.llm.base import LanguageModel, Message
from rag.messages import message, refusals
from rag.types import Evidence, Question

LANGUAGES = {"zh": "Simplified Chinese", "zh-Hant": "Traditional Chinese", "en": "English"}
# An answer longer than this is a model that does not stop.
MAX_ANSWER = 4_000


class PromptedAnswerer:
    """Asks a language model to answer from numbered passages."""

    def __init__(self, model: LanguageModel) -> None:
        self.model = model
        self.name = model.name

    def draft(self, question: Question, evidence: Sequence[Evidence]) -> Iterator[str]:
        """Yield the model's text as it comes. Raises LanguageModelError."""
        written, finish = 0, ""
        for chunk in self.model.stream(messages(question, evidence)):
            if chunk.text:
                written += len(chunk.text)
                yield chunk.text
            finish = chunk.finish or finish
            if written > MAX_ANSWER:
                raise LanguageModelCut(f"the answer was stopped after {MAX_ANSWER} characters")
        if finish != "stop":
            raise LanguageModelCut(f"the answer broke off ({finish or 'the connection ended'})")


def messages(question: Question, evidence: Sequence[Evidence]) -> list[Message]:
    """Return the messages that ask a question over evidence."""
    passages = [
        {
            "n": item.n,
            "title": _inert(item.metadata.title),
            "publisher": _inert(item.metadata.publisher),
            "date": _inert(item.metadata.date),
            "text": _inert(item.passage.text),
        }
        for item in evidence
    ]
    values = {
        "language": LANGUAGES[question.language],
        "passages": passages,
        "question": question.text,
        "refusal": message("refusal", question.language),
    }
    system, user = prompts.load("answer").render(values)
    return [Message("system", system), Message("user", user)]


def _inert(text: str) -> str:
    """Return document text that cannot close its <passage> or open another."""
    return text.replace("<", "＜").replace(">", "＞").replace('"', "＂")


def is_refusal(draft: str) -> bool:
    """Tell whether a draft says only that the passages do not answer."""
    said = fold_tight(draft)
    return not said or any(said.startswith(fold_tight(refusal)[:-1]) for refusal in refusals())

"""The answerer that asks a language model: evidence -> prompt -> draft, in pieces."""

from collections.abc import Iterator, Sequence
from contextlib import closing

import prompts
from index.script import encodable, fold_tight
from rag.draft import parse_draft
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
        # Closed at once, also when the reader goes away: a stream holds a connection.
        with closing(self.model.stream(messages(question, evidence))) as stream:
            for chunk in stream:
                if text := encodable(chunk.text).replace("\x00", ""):
                    written += len(text)
                    yield text
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
            # Without footnote marks of its own, which the model might copy and we take for ours.
            "text": _inert(parse_draft(item.passage.text, ()).text),
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
    """Tell whether a draft says only that the passages do not answer, whatever it adds unmarked."""
    parsed = parse_draft(draft, ())
    said = fold_tight(parsed.text).rstrip("。.!")
    known = [fold_tight(refusal).rstrip("。.!") for refusal in refusals()]
    if not said or said in known:
        return True
    marked = any(sentence.unknown for sentence in parsed.sentences)
    return not marked and said.startswith(tuple(known))

"""The answerer that asks a language model: evidence -> prompt -> draft, in pieces."""

import unicodedata
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from functools import cache

import prompts
from index.script import fold_tight, to_traditional
from prompts import Prompt
from rag.draft import parse_draft, without_marks
from rag.excerpt import LARGE_BUDGET, SMALL_BUDGET, Budget, Excerpt, excerpts, with_english_amounts
from rag.llm.base import LanguageModel, Message
from rag.llm.guard import LONGEST_ANSWER, guarded
from rag.messages import message, refusals
from rag.types import Evidence, Question

MAX_ANSWER = max(LONGEST_ANSWER.values())

# Names of models that most likely run on the processor of the user's machine begin so.
_LOCAL = ("gguf:", "ollama:", "llamacpp:", "lmstudio:")


class PromptedAnswerer:
    """Asks a language model to answer from numbered passages."""

    def __init__(self, model: LanguageModel) -> None:
        self.model = model
        self.name = model.name

    def draft(self, question: Question, evidence: Sequence[Evidence]) -> Iterator[str]:
        """Yield the model's text as it comes, and "" where it only shows that it is alive.

        Raises LanguageModelError; LanguageModelCut holds the complete sentences.
        """
        asked = messages(question, evidence, budget_for(self.model))
        longest, known = LONGEST_ANSWER[question.language], {item.n for item in evidence}
        # Closed at once, also when the reader goes away: a stream holds a connection.
        with closing(self.model.stream(asked)) as stream:
            yield from guarded(stream, longest, known)


def budget_for(model: LanguageModel) -> Budget:
    """Return how much evidence a model gets: little if it runs on the user's machine."""
    return SMALL_BUDGET if model.name.startswith(_LOCAL) else LARGE_BUDGET


def messages(
    question: Question, evidence: Sequence[Evidence], budget: Budget = LARGE_BUDGET
) -> list[Message]:
    """Return the messages that ask a question over evidence.

    What never changes comes first, so that a server's prompt cache holds it; evidence is cut down
    to whole sentences about the question. The best stands last, next to the question: small models
    answer from there.
    """
    known = {item.n for item in evidence}
    values = {
        "passages": [
            _passage(one, question, known) for one in excerpts(question, evidence, budget)
        ],
        "question": inert(question.text),
        "refusal": message("refusal", question.language),
    }
    system, user = prompt_for("answer", question).render(values)
    return [Message("system", system), Message("user", user)]


def prompt_for(name: str, question: Question) -> Prompt:
    """Return a prompt in the language and the script of a question."""
    if question.language == "en":
        return prompts.load(f"{name}.en")
    prompt = prompts.load(f"{name}.zh")
    if question.language == "zh-Hant":
        system, user = to_traditional(prompt.system), to_traditional(prompt.user)
        return replace(prompt, system=system, user=user)
    return prompt


def _passage(shown: Excerpt, question: Question, known: Collection[int]) -> dict[str, object]:
    metadata = shown.evidence.metadata
    # Without footnote marks of its own, which the model might copy and we take for ours.
    text = _one_line(without_marks(shown.text, known))
    if question.language == "en":
        text = with_english_amounts(text)
    if question.language == "zh-Hant":
        # A small model answers in the script that it reads; what is quoted is the original.
        text = to_traditional(text)
    return {
        "n": shown.evidence.n,
        "title": inert(without_marks(metadata.title, known)),
        "publisher": inert(without_marks(metadata.publisher, known)),
        "date": inert(metadata.date),
        "text": inert(text),
    }


def _one_line(text: str) -> str:
    """Return a text on one line: at the start of a line it could pass for what the prompt says."""
    lines = (line.strip() for line in text.splitlines())
    return "".join(line if line[-1] in _ENDS else f"{line}；" for line in lines if line).rstrip(
        "；"
    )


# What could close a <passage>, be read as a role tag (<|im_start|>, [INST]) or pass for a mark, and
# what stands for it: characters that no normalisation turns back.
_LOOK_ALIKES = str.maketrans(
    {
        **dict.fromkeys("<＜﹤", "‹"),
        **dict.fromkeys(">＞﹥", "›"),
        **dict.fromkeys("[［", "〔"),
        **dict.fromkeys("]］", "〕"),
        **dict.fromkeys('"＂', "”"),
    }
)
_ENDS = "。．！？!?.；;，,：:、…"


def inert(text: str) -> str:
    """Return foreign text, on one line, that cannot close its <passage>, open another or a role.

    Nor has it characters that a reader does not see and a model does.
    """
    return "".join(map(_inert_character, " ".join(text.split())))


@cache
def _inert_character(character: str) -> str:
    return "" if unicodedata.category(character)[0] == "C" else character.translate(_LOOK_ALIKES)


def is_refusal(draft: str) -> bool:
    """Tell whether a draft says only that the passages do not answer, whatever it adds unmarked."""
    parsed = parse_draft(draft, ())
    said = fold_tight(parsed.text).rstrip("。.!")
    known = [fold_tight(refusal).rstrip("。.!") for refusal in refusals()]
    if not said or said in known:
        return True
    marked = any(sentence.unknown for sentence in parsed.sentences)
    return not marked and said.startswith(tuple(known))

"""A follow-up ("那二期呢？", "and Hubei?") -> the standalone question that it means; pure rules.

A question is cut into pieces of known kinds: places, years, stages, words that ask, words that
name nothing by themselves (上限, company), and the rest, which is its subject. One that has a
subject of its own stands alone and is never touched. Of the others what they name takes the
place of the like in the question before (place for place, stage for stage); and where they name
an attribute or ask on, the subject of the question before is put in front. The rules are folded
over the last turns, so that chains of follow-ups work.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from index.places import find_places
from index.script import fold_characters, script_of, to_simplified, to_traditional
from rag.messages import refusals
from rag.pieces import HAN, PLAIN, SLOTS, TOPIC, Piece, PieceKind, Reading, read_pieces
from rag.swaps import (
    EDGES,
    opposite,
    runs_of,
    swapped,
    topic_swapped,
    with_slots,
    without_leading_slots,
    without_opposites,
)
from rag.types import Turn

# User turns that are looked at to find one that stands alone: nobody goes on for longer without
# naming a subject again.
_TURNS = 100
# Characters. A follow-up is short; what is longer than a question (a pasted text) has no one
# subject to carry over.
_LONGEST_FOLLOW_UP, _LONGEST_QUESTION = 120, 300
# Of an answer, its beginning may name what the next question points to.
_ANSWER_READ = 600
# A name that an answer lends to a question, in characters.
_LONGEST_NAME = 24
# Han characters, half of the Latin ones: what has more of its own is a new question.
_OWN_SUBJECT = 16


@dataclass(frozen=True, slots=True)
class Standalone:
    """A question that stands alone: as it was asked, or `changed` with words `carried` over."""

    text: str
    changed: bool = False
    carried: tuple[str, ...] = ()  # words of earlier turns in it, such as 东莞 and BNCT硼药研发


def standalone(question: str, history: Sequence[Turn]) -> Standalone:
    """Return what a question means after earlier turns; itself unless it cannot stand alone.

    Its words are those of the user's earlier questions, and names from answers where a question
    points to one ("当地" after "哪座城市…"). Language and script may be those of the earlier
    question: answer in the language of the user's own words. Takes time linear in the history.
    """
    context: _Context | None = None
    for turn in _last_turns(history):
        if turn.role == "user":
            context = _resolve(turn.text, context)[1]
        elif context:
            context = replace(context, answer=turn.text[:_ANSWER_READ])
    return _resolve(question, context)[0]


def _last_turns(history: Sequence[Turn]) -> list[Turn]:
    """Return the end of a conversation, from the last question that stands alone on."""
    users, kept = 0, list[Turn]()
    for turn in reversed(history):
        kept.append(turn)
        if turn.role == "user":
            users += 1
            if users == _TURNS or _stands_alone(turn.text):
                break
    return kept[::-1]


def _stands_alone(text: str) -> bool:
    return len(text) > _LONGEST_QUESTION or _manner(read_pieces(text)) is _Manner.ALONE


@dataclass(frozen=True, slots=True)
class _Context:
    """The last question as it stands alone, its subject without what it asks, and its answer."""

    text: str
    subject: str
    answer: str = ""


# --- What a question is after the one before ----------------------------------------------------


class _Manner(StrEnum):
    ALONE = "alone"
    CHAT = "chat"  # thanks, who are you: neither follow-up nor context of one
    MORE = "more"  # what else?
    ELLIPTIC = "elliptic"  # names only what changes: and Hubei?
    ASKS_ON = "asks_on"  # asks something of the subject before: when does it start?
    ASKS_ALSO = "asks_also"  # asks the same of another subject: AI制药也有吗？


_MORE = re.compile(
    r"\s*(?:那|那么|and |so )?(?:还有|此外|其他的?|别的|更多|然后|具体|为什么|为何)"
    r"(?:呢|吗|的吗)?\W*$"
    r"|\s*(?:请|再)?(?:继续|详细(?:说说|一点|点|说明)?|展开说说|具体说说|说详细点?)\W*$"
    r"|\W*(?:and )?(?:what else|any(?:thing)? (?:else|more)|any others?|tell me more|more details?"
    r"|more|go on|continue|others|why|how come|why not)\W*$"
)


def _manner(asked: Reading) -> _Manner:
    if not asked.pieces:
        return _Manner.CHAT
    if len(asked.text) > _LONGEST_FOLLOW_UP:
        return _Manner.ALONE
    if _MORE.match(asked.folded):
        return _Manner.MORE
    if _is_chat(asked):
        return _Manner.CHAT
    if asked.has(PieceKind.YOU) or not asked.inner:
        return _Manner.ALONE if asked.has(PieceKind.CONTENT) else _Manner.CHAT
    if _is_elliptic(asked):
        alone = _is_telling(asked) and asked.has(PieceKind.PLACE)
        return _Manner.ALONE if alone else _Manner.ELLIPTIC
    if _points_back(asked) and not _is_telling(asked):
        return _Manner.ASKS_ON
    return _manner_by_subject(asked)


def _is_chat(asked: Reading) -> bool:
    spoken = any(piece.kind is PieceKind.CHAT for piece in asked.pieces)
    return spoken and not asked.has(PieceKind.ASKING, *SLOTS)


def _is_elliptic(asked: Reading) -> bool:
    """Tell whether a question only names something, as 那湖北呢 and "2024年？" do."""
    if asked.has(PieceKind.ASKING) and not asked.strong:
        return asked.marked and _asks_for_existence(asked)
    if asked.strong or asked.marked or asked.tail:
        return asked.has(*SLOTS, *TOPIC, PieceKind.ATTRIBUTE)
    others = {piece.kind for piece in asked.inner} - {*SLOTS, PieceKind.WORD}
    return others == {PieceKind.ATTRIBUTE} or (not others and asked.has(*SLOTS))


def _asks_for_existence(asked: Reading) -> bool:
    """Tell whether a question asks of one thing only whether it has what was spoken of."""
    others = {piece.kind for piece in asked.inner} - {
        PieceKind.CONTENT,
        PieceKind.NOUN,
        PieceKind.WORD,
    }
    asking = [piece.text for piece in asked.of(PieceKind.ASKING)]
    has = asked.folded[: asked.end].endswith(("有没有", "有无", "有吗"))
    return others == {PieceKind.ASKING} and len(asking) == 1 and has


def _is_telling(asked: Reading) -> bool:
    """Tell whether a question says so much itself that it can only be a new one."""
    own = sum(len(piece.text) for piece in asked.of(PieceKind.CONTENT))
    return own > (2 * _OWN_SUBJECT if asked.text.isascii() else _OWN_SUBJECT)


def _points_back(asked: Reading) -> bool:
    """Tell whether a pronoun stands before anything that it could mean in its own sentence."""
    for piece in asked.inner:
        if piece.kind in (PieceKind.CONTENT, PieceKind.PLACE):
            return False
        if piece.kind is PieceKind.POINTING:
            return True
        if piece.kind is PieceKind.POINTING_PLACE:  # 当地居民 are those of the place they live in
            return not any(p.start == piece.end for p in asked.of(PieceKind.CONTENT))
    return False


def _manner_by_subject(asked: Reading) -> _Manner:
    """Decide by what the question names itself, which is all that is left to go by."""
    also = asked.has(PieceKind.SIMILAR)
    if asked.has(PieceKind.CONTENT):
        asks_on = also and _YES_OR_NO.search(asked.folded) and not _is_telling(asked)
        return _Manner.ASKS_ALSO if asks_on and not asked.has(PieceKind.PLACE) else _Manner.ALONE
    if also and asked.has(*SLOTS):
        return _Manner.ELLIPTIC
    named = asked.has(PieceKind.NOUN, PieceKind.MONEY, PieceKind.ATTRIBUTE)
    if asked.has(PieceKind.PLACE):
        # "湖北的政策有哪些？" and "介绍一下湖北" are whole; "湖北给多少？" is not.
        whole = named or any(piece.text in _TELL for piece in asked.of(PieceKind.ASKING))
        return _Manner.ALONE if whole and not asked.marked else _Manner.ASKS_ON
    return _Manner.ASKS_ON if named or asked.has(PieceKind.ASKING, *SLOTS) else _Manner.ALONE


_TELL_WORDS = (
    "介绍 列出 列举 比较 总结 说明 解释 tell list compare explain summarise summarize describe"
)
_TELL = frozenset(_TELL_WORDS.split())
_YES_OR_NO = re.compile(
    r"也.*吗\W*$|是否也|^\W*(?:and )?(?:is|are|does|do|can) .*\b(?:also|too|same)\b"
)


# --- Putting the question together --------------------------------------------------------------


def _resolve(question: str, context: _Context | None) -> tuple[Standalone, _Context | None]:
    """Return what a question means after `context`, and the context that it makes."""
    if len(question) > _LONGEST_QUESTION:
        return Standalone(question), None
    asked = read_pieces(question)
    manner = _manner(asked)
    if manner is _Manner.CHAT:
        return Standalone(question), context
    if manner is _Manner.ALONE or context is None:
        return Standalone(question), _Context(question, _subject(asked))
    aligned = _aligned(context, question)
    text, subject = _MAKERS[manner](asked, aligned)
    carried = _carried(aligned, asked, text)
    if not carried or len(text) > _LONGEST_QUESTION:
        return Standalone(question), context
    return Standalone(text, True, carried), _Context(text, subject)


def _carried(context: _Context, asked: Reading, text: str) -> tuple[str, ...]:
    """Return the telling words of earlier turns that a question did not have and now has."""
    folded = fold_characters(text).translate(PLAIN)
    words = [
        one.text[piece.start : piece.end]
        for one in map(read_pieces, (context.text, context.subject, context.answer))
        for piece in one.pieces
        if piece.kind in (*SLOTS, PieceKind.CONTENT, PieceKind.MONEY)
        if one.folded[piece.start : piece.end] in folded
        if one.folded[piece.start : piece.end] not in asked.folded
    ]
    return tuple(dict.fromkeys(words))


def _aligned(context: _Context, question: str) -> _Context:
    """Return the context in the script of the question."""
    wanted = script_of(question)
    if wanted == "either" or script_of(context.text) in ("either", wanted):
        return context
    convert = to_traditional if wanted == "hant" else to_simplified
    return replace(context, text=convert(context.text), subject=convert(context.subject))


def _more(asked: Reading, context: _Context) -> tuple[str, str]:
    return _joined(context.text, asked.text.strip()), context.subject


def _asks_also(asked: Reading, context: _Context) -> tuple[str, str]:
    """Put the place and year of the question before in front of AI制药也有奖励吗."""
    where = _only(context.subject, (PieceKind.PLACE, PieceKind.YEAR))
    rest = asked.text[asked.start :].strip()
    return _joined(where, rest), _joined(where, _subject(asked))


def _asks_on(asked: Reading, context: _Context) -> tuple[str, str]:
    """Put the subject before a question that lacks one, or in the place of what points to it."""
    subject, rest = context.subject, asked
    if not asked.has(PieceKind.BESIDE):
        subject, rest = with_slots(subject, asked)
    if asked.has(PieceKind.ATTRIBUTE):
        subject = without_opposites(subject, asked)
    pointing = next(iter(rest.of(PieceKind.POINTING, PieceKind.POINTING_PLACE)), None)
    if pointing:
        return _resolved_pointing(rest, pointing, replace(context, subject=subject))
    return _joined(subject, _after_lead(rest)), subject


def _elliptic(asked: Reading, context: _Context) -> tuple[str, str]:
    """Put what is named in the place of its like."""
    if asked.has(PieceKind.BESIDE):
        return _joined(context.subject, asked.text.strip()), context.subject
    text, subject = context.text, context.subject
    for kind in SLOTS:
        if asked.has(kind):
            text, subject = swapped(text, asked, kind), swapped(subject, asked, kind)
    if asked.has(PieceKind.SIMILAR) or not asked.has(*TOPIC, PieceKind.ATTRIBUTE):
        return text, subject
    return _other_subject(asked, _Context(text, subject))


def _other_subject(asked: Reading, context: _Context) -> tuple[str, str]:
    """Ask for another attribute, or of another thing, than the question before."""
    if asked.has(PieceKind.ATTRIBUTE):
        text = opposite(context.text, asked)
        if text and not asked.has(PieceKind.CONTENT):
            return text, opposite(context.subject, asked) or context.subject
        subject = context.subject
        if asked.has(PieceKind.CONTENT):
            subject = _only(subject, (PieceKind.PLACE, PieceKind.YEAR, PieceKind.STAGE))
        subject = without_opposites(subject, asked)
        return _joined(subject, _after_lead(without_leading_slots(asked))), subject
    swapped = topic_swapped(context.text, asked)
    if swapped:
        return swapped, topic_swapped(context.subject, asked) or context.subject
    return _joined(context.subject, _after_lead(without_leading_slots(asked))), context.subject


_Maker = Callable[[Reading, _Context], tuple[str, str]]
_MAKERS: dict[_Manner, _Maker] = {
    _Manner.MORE: _more,
    _Manner.ELLIPTIC: _elliptic,
    _Manner.ASKS_ON: _asks_on,
    _Manner.ASKS_ALSO: _asks_also,
}


def _joined(subject: str, rest: str) -> str:
    subject, rest = subject.strip(EDGES), rest.strip()
    if not subject or not rest:
        return subject or rest
    return f"{subject}，{rest}" if HAN.search(subject) else f"{subject}: {rest}"


def _after_lead(asked: Reading) -> str:
    """Return a question without 那, "and" and the 的 that what was taken away has left."""
    return asked.text[asked.start :].strip(" ,，:：的'").removeprefix("s ")


def _subject(asked: Reading) -> str:
    """Return what a question is about: its first sentence with a subject, without what it asks."""
    pieces = [piece for piece in _first_sentence(asked) if piece.kind is not PieceKind.CHAT]
    while pieces and pieces[-1].kind in _BARE_ENDS:
        pieces.pop()
    while pieces and pieces[0].kind in (*_BARE_ENDS, PieceKind.SIMILAR):
        pieces.pop(0)
    if not pieces:
        return asked.text.strip(EDGES)
    kept = list(asked.text[: pieces[-1].end])
    for piece in pieces:
        if piece.kind in (PieceKind.ASKING, PieceKind.POINTING):
            kept[piece.start : piece.end] = [""] * (piece.end - piece.start)
    words = "".join(kept[pieces[0].start :])
    return re.sub(r"\s+", " ", words)


_BARE_ENDS = (
    PieceKind.WORD,
    PieceKind.VERB,
    PieceKind.ASKING,
    PieceKind.ATTRIBUTE,
    PieceKind.POINTING,
)
_SENTENCE_END = re.compile("[？?。；;！!\n]")


def _first_sentence(asked: Reading) -> list[Piece]:
    start = asked.start
    for match in [*_SENTENCE_END.finditer(asked.text, start), None]:
        end = match.start() if match else len(asked.text)
        pieces = [piece for piece in asked.pieces if start <= piece.start < end]
        if any(piece.kind in (PieceKind.CONTENT, PieceKind.PLACE) for piece in pieces):
            return pieces
        start = end
    return list(asked.inner)


def _only(text: str, kinds: Sequence[PieceKind]) -> str:
    """Return only the words of some kinds, such as the places of a subject."""
    words = [text[p.start : p.end] for p in read_pieces(text).pieces if p.kind in kinds]
    return ("" if HAN.search(text) else " ").join(dict.fromkeys(words))


# --- What a pronoun points to -------------------------------------------------------------------

_BODY = re.compile(
    rf".{{2,{_LONGEST_NAME}}}"
    "(?:公司|集团|研究院|研究所|大学|学院|医院|中心|实验室|委员会|协会|集團|研究院|大學|學院|醫院|實驗室|委員會|協會)"
)
_ASKS_BODY = re.compile("哪家|哪个|哪所|谁|which company|which firm|which institut|who ")


def _resolved_pointing(asked: Reading, pointing: Piece, context: _Context) -> tuple[str, str]:
    """Return a question with a name in the place of a pronoun, or with the subject before it."""
    before, after = asked.text[asked.start : pointing.start], asked.text[pointing.end :]
    if pointing.kind is PieceKind.POINTING_PLACE:
        where = _only(context.subject, [PieceKind.PLACE]) or _place_in(context.answer)
        if where and not context.text.isascii():
            return before + where + after, _joined(where, context.subject)
        return _joined(where or context.subject, asked.text[asked.start :].strip()), context.subject
    if not HAN.search(asked.text):
        return _joined(context.subject, asked.text[asked.start :].strip()), context.subject
    asked_for_a_body = _ASKS_BODY.search(context.text)
    name = _body_in(context.answer) if asked_for_a_body else _leading_name(context.subject)
    if name and pointing.text in ("它", "它们", "其"):
        return before + name + ("的" if pointing.text == "其" else "") + after, name
    if name and fold_characters(after).startswith(_head(name)):
        return before + name + after[len(_head(name)) :], name
    return _joined(context.subject, (before + after).strip(" ,，的")), context.subject


def _leading_name(subject: str) -> str:
    """Return the name at the beginning of a subject, with its place: 黑龙江黑土地保护条例."""
    reading = read_pieces(subject)
    end = 0
    for piece in reading.pieces:
        if piece.start != end or piece.kind not in (*TOPIC, PieceKind.PLACE):
            break
        end = piece.end
    named = any(p.kind is PieceKind.CONTENT for p in reading.pieces if p.end <= end)
    return subject[:end] if named else ""


def _head(name: str) -> str:
    pieces = read_pieces(name).pieces
    return pieces[-1].text if pieces[-1].kind in (PieceKind.NOUN, PieceKind.MONEY) else "\0"


def _place_in(answer: str) -> str:
    """Return the place that an answer names, "" if it names none or several."""
    if _is_refusal(answer):
        return ""
    names = list(dict.fromkeys(answer[m.start : m.end] for m in find_places(answer)))
    return names[0] if len(names) == 1 else ""


def _body_in(answer: str) -> str:
    """Return the company or institute that an answer names, "" if it names none or several."""
    if _is_refusal(answer):
        return ""
    reading = read_pieces(answer)
    runs = [answer[run[0].start : run[-1].end] for run in runs_of(replace(reading, start=0))]
    names = {match[0] for match in map(_BODY.match, runs) if match}
    return names.pop() if len(names) == 1 else ""


def _is_refusal(answer: str) -> bool:
    return answer.strip().startswith(refusals())

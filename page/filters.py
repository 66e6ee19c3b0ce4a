"""What a reader narrows the library down to before asking: places, bodies, dates, documents."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from index.errors import QuestionError
from index.filters import ALL, Filters, parse_filters
from index.places import place
from index.script import fold_characters, to_traditional
from index.types import Metadata
from page.services import Services
from page.text import escaped, in_language
from rag.types import Language

if TYPE_CHECKING:
    import gradio as gr

_LABELS = {
    "title": ("筛选", "Filters"),
    "all": ("全部文件", "all documents"),
    "regions": ("地区", "Places"),
    "publishers": ("发布或发文机关", "Publishers and issuers"),
    "after": ("从", "From"),
    "before": ("到", "To"),
    "sources": ("文件", "Documents"),
    "day": ("如 2024、2024-03 或 2024-03-05", "such as 2024, 2024-03 or 2024-03-05"),
    "any": ("不限", "Any"),
    "clear": ("清除筛选", "Clear filters"),
    "since": ("{} 起", "since {}"),
    "until": ("至 {}", "until {}"),
    "documents": ("{} 份文件", "{} documents"),
    "document": ("1 份文件", "1 document"),
    "passing": ("符合的文件：{} / {}", "{} of {} documents pass"),
    "unused": ("（未采用）", " (left out)"),
    "none": ("没有符合的文件，请放宽筛选。", "No document passes: widen the filters."),
}
# What `parse_filters` says, in Chinese: a beginning in English -> words around the value.
_NO_DATE = ("不是日期，请写成 2024、2024-03、2024-03-05 或 民国113年", "is no date")
_NO_PLACE = ("不是已知的地区，请写省、市或区县的名称", "no place called")
_WRONG_ORDER = ("起始日期晚于截止日期，请调换", "no day is both after")
# A list of choices longer than this is slow to send and no help: typing finds the others.
MOST_CHOICES = 300
_SUMMARY_NAMES = 3  # named in the summary before they are only counted
_TITLE_CHARACTERS = 60  # of a document, in the list of choices

# What is sent beyond this no reader has chosen.
_MOST_VALUES, _LONGEST_VALUE = 100, 1_000

Choices = list[tuple[str, str]]  # what is shown, what is meant


@dataclass(frozen=True, slots=True)
class Chosen:
    """What stands in the controls, as it was written."""

    regions: tuple[str, ...] = ()
    publishers: tuple[str, ...] = ()
    after: str = ""
    before: str = ""
    sources: tuple[str, ...] = ()


def chosen_of(
    regions: object, publishers: object, after: object, before: object, sources: object
) -> Chosen:
    """Return what a page sent; whatever is none of what the controls hold is left out."""
    return Chosen(_texts(regions), _texts(publishers), _text(after), _text(before), _texts(sources))


def filters_of(chosen: Chosen) -> Filters:
    """Return checked filters. Raises QuestionError for what is no place or no date."""
    return parse_filters(
        chosen.regions, chosen.after, chosen.before, chosen.publishers, chosen.sources
    )


def fault_of(chosen: Chosen, language: Language) -> str:
    """Return one line that says what cannot be used, "" if all can."""
    try:
        filters_of(chosen)
    except QuestionError as error:
        return _in_words(str(error), language)
    return ""


def _in_words(said: str, language: Language) -> str:
    """Return what is wrong in the page's language; the value stands in quotation marks in it."""
    if language == "en":
        return said
    value = said.split("'")[1] if said.count("'") > 1 else ""
    suggested = said.partition("did you mean ")[2].rstrip("?")
    for chinese, english in (_NO_DATE, _NO_PLACE, _WRONG_ORDER):
        if english in said:
            quoted = f"“{value}”" if value else ""
            line = f"{quoted}{chinese}" + (f"；是不是{suggested}？" if suggested else "。")
            return _in_script(line, language)
    return said


def summary(filters: Filters, language: Language) -> str:
    """Return on one line what is set, "" if nothing is."""
    parts = [*_some(filters.regions, language), *_some(filters.publishers, language)]
    if filters.after:
        parts.append(in_language(_LABELS, "since", language).format(filters.after))
    if filters.before:
        parts.append(in_language(_LABELS, "until", language).format(filters.before))
    if filters.sources:
        count = len(filters.sources)
        name = "document" if count == 1 else "documents"
        parts.append(in_language(_LABELS, name, language).format(count))
    return " · ".join(parts)


def _some(names: Sequence[str], language: Language) -> list[str]:
    shown = [_place_name(name, language) for name in names[:_SUMMARY_NAMES]]
    more = [f"+{len(names) - _SUMMARY_NAMES}"] if len(names) > _SUMMARY_NAMES else []
    separator = ", " if language == "en" else "、"
    return [separator.join([*shown, *more])] if names else []


def title(filters: Filters, language: Language) -> str:
    """Return the heading of the folded controls, which says what is set."""
    said = summary(filters, language) or in_language(_LABELS, "all", language)
    colon = ": " if language == "en" else "："
    return f"{in_language(_LABELS, 'title', language)}{colon}{said}"


# --- choices; pure


def region_choices(metadata: Mapping[str, Metadata], language: Language) -> Choices:
    """Return the places of documents and those that hold them, the most frequent first."""
    counts: Counter[str] = Counter()
    for name, count in Counter(known.region for known in metadata.values()).items():
        for holder in _with_holders(name):
            counts[holder] += count
    return [
        (f"{_place_name(name, language)} ({count})", name)
        for name, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    ][:MOST_CHOICES]


def _with_holders(name: str) -> list[str]:
    """Return a place and what it lies in, without the country, which holds them all."""
    names: list[str] = []
    known = place(name) if name else None
    while known and known.level != "nation":
        names.append(known.name)
        known = place(known.parent) if known.parent else None
    return names or ([name] if name else [])


def publisher_choices(metadata: Mapping[str, Metadata]) -> Choices:
    """Return publishers and the bodies that issued documents, the most frequent first."""
    counts: Counter[str] = Counter()
    for known in metadata.values():
        bodies = (part.strip() for part in known.issuer.split("、"))
        counts.update({name for name in (known.publisher.strip(), *bodies) if name})
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [(f"{name} ({count})", name) for name, count in ordered[:MOST_CHOICES]]


def document_choices(
    metadata: Mapping[str, Metadata], wanted: str = "", kept: Iterable[str] = ()
) -> Choices:
    """Return the latest documents whose title or id holds `wanted`, after those to be kept."""
    folded = fold_characters(wanted.strip())
    named = (
        (id_, known)
        for id_, known in metadata.items()
        if not folded or folded in fold_characters(f"{known.title} {id_}")
    )
    latest = sorted(named, key=lambda item: (item[1].date or item[1].issued, item[0]), reverse=True)
    ids = dict.fromkeys([*kept, *(id_ for id_, _ in latest[:MOST_CHOICES])])
    return [(_document_name(id_, metadata.get(id_, Metadata())), id_) for id_ in ids]


def _document_name(id_: str, known: Metadata) -> str:
    name = known.title or id_
    short = name if len(name) <= _TITLE_CHARACTERS else f"{name[: _TITLE_CHARACTERS - 1]}…"
    return f"{short} · {known.date}" if known.date else short


def _place_name(name: str, language: Language) -> str:
    known = place(name) if language == "en" else None
    if known and known.english:
        return known.english[0].title()
    return to_traditional(name) if language == "zh-Hant" else name


def _in_script(chinese: str, language: Language) -> str:
    return to_traditional(chinese) if language == "zh-Hant" else chinese


def _text(value: object) -> str:
    return value[:_LONGEST_VALUE] if isinstance(value, str) else ""


def _texts(value: object) -> tuple[str, ...]:
    some = value[:_MOST_VALUES] if isinstance(value, list | tuple) else ()
    return tuple(filter(None, map(_text, some)))


# --- the controls


@dataclass(frozen=True, slots=True)
class ChatFilters:
    """The controls; `value` is what an event takes as input and `read` makes Filters of."""

    value: Any  # gr.State of Filters
    accordion: Any
    controls: tuple[Any, ...]  # regions, publishers, after, before, sources
    line: Any
    clear: Any

    @staticmethod
    def read(value: object) -> Filters:
        """Return the filters that an event was given; all documents if it was given none."""
        return value if isinstance(value, Filters) else ALL


def build_filters(services: Services, language: Language) -> ChatFilters:
    """Add the controls, folded, to the page that is being built, and let them work."""
    import gradio as gr

    def label(name: str) -> str:
        return in_language(_LABELS, name, language)

    def choice(name: str) -> "gr.Dropdown":
        # Parts of names count too; what is no place is said to be none, so that nothing is refused
        # before it can be explained.
        return gr.Dropdown(
            [],
            value=[],
            multiselect=True,
            allow_custom_value=True,
            label=label(name),
            elem_id=f"yz-filter-{name}",
        )

    with gr.Accordion(title(ALL, language), open=False, elem_id="yz-filters") as accordion:
        with gr.Row():
            regions, publishers = choice("regions"), choice("publishers")
        with gr.Row():
            after, before = (
                gr.Textbox(
                    label=label(name),
                    placeholder=label("day"),
                    max_length=40,
                    elem_id=f"yz-filter-{name}",
                )
                for name in ("after", "before")
            )
        sources = choice("sources")
        line = gr.Markdown(elem_id="yz-filter-line")
        clear = gr.Button(label("clear"), size="sm", elem_id="yz-filter-clear")
    controls = (regions, publishers, after, before, sources)
    parts = ChatFilters(gr.State(ALL), accordion, controls, line, clear)
    _connect(services, language, parts)
    return parts


def _connect(services: Services, language: Language, parts: ChatFilters) -> None:
    import gradio as gr

    quiet: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
    regions, publishers, after, before, sources = parts.controls

    def choices() -> tuple[Any, ...]:
        known = services.library.all_metadata()
        return (
            gr.Dropdown(choices=region_choices(known, language)),
            gr.Dropdown(choices=publisher_choices(known)),
            gr.Dropdown(choices=document_choices(known)),
        )

    def find(kept: list[str], typed: gr.KeyUpData) -> Any:
        known = services.library.all_metadata()
        if len(known) <= MOST_CHOICES:  # all are there
            return gr.skip()
        return gr.Dropdown(choices=document_choices(known, typed.input_value, _texts(kept)))

    def change(*values: Any) -> tuple[Any, ...]:
        return changed(services, chosen_of(*values), language)

    def clear() -> tuple[Any, ...]:
        return [], [], "", "", [], *changed(services, Chosen(), language)

    said = [parts.value, parts.accordion, parts.line]
    # A page that is loaded, and one on which the controls are unfolded, has the latest choices.
    named = [regions, publishers, sources]
    gr.on(None, choices, None, named, **quiet)
    parts.accordion.expand(choices, None, named, **quiet)
    sources.key_up(find, [sources], [sources], **quiet)
    for control in named:
        control.input(change, list(parts.controls), said, **quiet)
    for control in (after, before):
        # Not `input`, which gradio sends for keys alone: an input method's words have none.
        control.change(change, list(parts.controls), said, trigger_mode="always_last", **quiet)
    parts.clear.click(clear, None, [*parts.controls, *said], **quiet)


def changed(services: Services, chosen: Chosen, language: Language) -> tuple[Any, ...]:
    """Return the filters, the heading that names them and a line, for what was chosen.

    What cannot be used is said at once, and left out until it can be.
    """
    import gradio as gr

    if fault := fault_of(chosen, language):
        filters, unused = _usable(chosen), in_language(_LABELS, "unused", language)
        said = f'<span class="yz-fault" role="alert">{escaped(fault + unused)}</span>'
    else:
        filters = filters_of(chosen)
        said = _passing(services, filters, language)
    return filters, gr.Accordion(label=title(filters, language)), said


def _usable(chosen: Chosen) -> Filters:
    """Return the filters that remain when each value that cannot be used is left out."""
    regions = [name for name in chosen.regions if not fault_of(Chosen(regions=(name,)), "en")]
    days = (chosen.after, chosen.before)
    after, before = ("" if fault_of(Chosen(after=day), "en") else day for day in days)
    rest = Chosen(tuple(regions), chosen.publishers, after, before, chosen.sources)
    if fault_of(rest, "en"):  # the two dates are in wrong order
        rest = Chosen(rest.regions, rest.publishers, "", "", rest.sources)
    return filters_of(rest)


def _passing(services: Services, filters: Filters, language: Language) -> str:
    from index.filters import allowed_documents

    if not filters.active:
        return ""
    known = services.library.all_metadata()
    count = len(allowed_documents(known, filters))
    name = "passing" if count else "none"
    return escaped(in_language(_LABELS, name, language).format(count, len(known)))

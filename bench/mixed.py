"""A folder of a thousand files of every kind, good, bad and doubled, and what ingesting it says.

python -m bench.mixed [--files N] [--keep FOLDER]
"""

import argparse
import io
import resource
import sys
import time
import zipfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from index.ingest import Report, ingest
from index.library import Library
from index.sandbox import shared_pool
from index.script import to_traditional

_CITIES = ("广州市", "深圳市", "东莞市", "佛山市", "珠海市", "中山市", "惠州市", "江门市", "肇庆市")
_FIELDS = ("生物医药", "脑科学", "高端医疗器械", "中医药", "基因技术", "细胞治疗", "放射性药物")
# Of this many files one is bad; the others are read.
_BAD_EVERY = 20
# Every so many files one reprints the one before, in the other script.
_REPRINT_EVERY = 25


def article(number: int) -> tuple[str, list[str]]:
    """Return a title and paragraphs that no other number has."""
    city, field = _CITIES[number % len(_CITIES)], _FIELDS[number % len(_FIELDS)]
    title = f"{city}关于支持{field}产业发展的若干措施（第{number}号）"
    amounts = [100 + 7 * number, 300 + 11 * number, 800 + 13 * number]
    phases = zip(("一期", "二期", "三期"), amounts, strict=True)
    return title, [
        f"为推动{city}{field}产业做大做强，结合实际，制定本措施，自第{number}次会议通过之日起施行。",
        *(
            f"对完成{phase}临床试验的{field}项目，按实际投入的百分之{20 + number % 30}给予补助，"
            f"单个项目最高{amount}万元，同一企业每年累计不超过{3 * amount}万元。"
            for phase, amount in phases
        ),
        f"申报单位须在{city}注册满{1 + number % 5}年，并于每年{1 + number % 12}月底前提交材料。",
    ]


def _text(title: str, lines: list[str]) -> bytes:
    return "\n\n".join([title, *lines]).encode("utf-8")


def _gb18030(title: str, lines: list[str]) -> bytes:
    return "\n".join([title, *lines]).encode("gb18030")


def _big5(title: str, lines: list[str]) -> bytes:
    return to_traditional("\n".join([title, *lines])).encode("big5hkscs", "ignore")


def _utf16(title: str, lines: list[str]) -> bytes:
    return "\r\n".join([title, *lines]).encode("utf-16-le")


def _markdown(title: str, lines: list[str]) -> bytes:
    return f"# {title}\n\n".encode() + "\n\n".join(lines).encode()


def _html(title: str, lines: list[str]) -> bytes:
    menu = "".join(f'<li><a href="/{word}">{word}</a></li>' for word in ("首页", "新闻", "政策"))
    body = "".join(f"<p>{line}</p>" for line in lines)
    page = (
        f'<html><head><meta charset="gb2312"><title>{title}_某某网</title></head><body><ul>{menu}'
        f"</ul><h1>{title}</h1>{body}<div>版权所有</div></body></html>"
    )
    return page.encode("gb18030")


def _docx(title: str, lines: list[str]) -> bytes:
    import docx

    document = docx.Document()
    document.add_heading(title, 1)
    for line in lines:
        document.add_paragraph(line)
    stream = io.BytesIO()
    document.save(stream)
    return stream.getvalue()


def _xlsx(title: str, lines: list[str]) -> bytes:
    import openpyxl

    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in ([title], ["序号", "措施"], *([i, line] for i, line in enumerate(lines, start=1))):
        sheet.append(row)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def _csv(title: str, lines: list[str]) -> bytes:
    rows = [f'{i},"{line}"' for i, line in enumerate(lines, start=1)]
    return "\r\n".join([f"序号,{title}", *rows]).encode("gb18030")


def _zip(title: str, lines: list[str]) -> bytes:
    rules = [line.replace("补助", "贴息").replace("项目", "贷款") for line in reversed(lines[1:4])]
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("措施.txt", _text(title, lines))
        archive.writestr("附件.docx", _docx("贷款贴息实施细则", [*rules, title]))
    return stream.getvalue()


_KINDS: dict[str, Callable[[str, list[str]], bytes]] = {
    "措施 utf8.txt": _text,
    "措施 gb.txt": _gb18030,
    "措施 big5.txt": _big5,
    "措施 utf16.txt": _utf16,
    "措施.md": _markdown,
    "措施.html": _html,
    "措施.docx": _docx,
    "措施.xlsx": _xlsx,
    "措施.csv": _csv,
    "措施.zip": _zip,
}
_BAD: tuple[tuple[str, bytes], ...] = (
    ("空.txt", b""),
    ("坏.docx", b"PK\x03\x04 and no more"),
    ("坏.pdf", b"%PDF-1.7\n" + bytes(range(256)) * 8),
    ("程序.txt", b"\x7fELF" + bytes(500)),
    ("错误页.html", b"<html><title>404 Not Found</title><h1>404 Not Found</h1></html>"),
)


@dataclass(frozen=True, slots=True)
class Made:
    """What was put into the folder on purpose."""

    bad: frozenset[str]
    reprints: frozenset[frozenset[str]]  # pairs


def make(folder: Path, files: int) -> Made:
    """Write the files; return which of them are bad, and which say the same."""
    kinds = list(_KINDS.items())
    bad: list[str] = []
    reprints: set[frozenset[str]] = set()
    before = ""
    for number in range(files):
        title, lines = article(number)
        if number % _BAD_EVERY == _BAD_EVERY - 1:
            name, data = _BAD[len(bad) % len(_BAD)]
            bad.append(f"{number:04} {name}")
        elif number % _REPRINT_EVERY == _REPRINT_EVERY - 1:
            title, lines = article(number - 1)
            name, data = "转载.txt", to_traditional(_text(title, lines).decode()).encode()
            reprints.add(frozenset((before, f"{number:04} {name}")))
        else:
            name, maker = kinds[number % len(kinds)]
            data = maker(title, lines)
        before = f"{number:04} {name}"
        (folder / before).write_bytes(data)
    return Made(frozenset(bad), frozenset(reprints))


def main() -> None:
    """Make the folder, ingest it, print what happened."""
    parser = argparse.ArgumentParser(prog="python -m bench.mixed", description=__doc__)
    parser.add_argument("--files", type=int, default=1000)
    parser.add_argument("--keep", type=Path, help="an empty folder to make the files in")
    options = parser.parse_args()
    with TemporaryDirectory() as temporary:
        folder = options.keep or Path(temporary, "files")
        folder.mkdir(parents=True, exist_ok=True)
        made = make(folder, options.files)
        begun = time.perf_counter()
        with Library(Path(temporary, "library"), create=True) as library:
            report = ingest(library, [folder], _Watch())
        shared_pool().close()  # whose processes' time counts when they have ended
        _print(report, options.files, made, time.perf_counter() - begun)


class _Watch:
    """Progress, checked: it never runs backwards, nor beyond the total."""

    def __init__(self) -> None:
        self.done: Counter[str] = Counter()

    def __call__(self, stage: str, done: int, total: int) -> None:
        if stage == "read":
            assert self.done[stage] < done <= total, (stage, self.done[stage], done, total)
            self.done[stage] = done
            if done % 100 == 0:
                print(f"{done} of {total} files", file=sys.stderr)


def _print(report: Report, files: int, made: Made, seconds: float) -> None:
    spent = ", ".join(f"{name} {time:.1f} s" for name, time in report.seconds.items())
    print(f"{files} files: {len(report.added)} documents in {seconds:.0f} s; {spent}")
    print(f"processor: {_processor(resource.RUSAGE_SELF):.0f} s here", end=", ")
    print(f"{_processor(resource.RUSAGE_CHILDREN):.0f} s reading")
    named = Counter(problem.source for problem in report.problems)
    once = sum(count == 1 for count in named.values())
    print(
        f"{len(made.bad & named.keys())} of {len(made.bad)} bad files are named, {once} once",
        end="",
    )
    print(f"; {len(named.keys() - made.bad)} others are")
    found = [frozenset(group) for group in report.reprints]
    held = sum(any(_holds(group, pair) for group in found) for pair in made.reprints)
    extra = sum(not any(_holds(group, pair) for pair in made.reprints) for group in found)
    print(f"{held} of {len(made.reprints)} reprints are found, and {extra} that are none")
    for reason, count in Counter(problem.reason for problem in report.problems).most_common():
        print(f"{count:5} × {reason}")


def _processor(who: int) -> float:
    used = resource.getrusage(who)
    return used.ru_utime + used.ru_stime


def _holds(group: frozenset[str], pair: frozenset[str]) -> bool:
    """Tell whether a group has a document of both files; those of archives have longer names."""
    return all(any(id_.startswith(name) for id_ in group) for name in pair)


if __name__ == "__main__":
    main()

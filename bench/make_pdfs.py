"""Make PDFs of policy documents, with LibreOffice and Chromium, and the text they should give.

    python -m bench.make_pdfs FOLDER [NAME ...]

writes NAME.pdf and NAME.txt for each sample, or for the samples and fixtures named; the browser's
named ones as NAME.pdf.gz, for they hold a font for each few characters. The text is our own:
bodies, places and sums are made up. A table row is one line, its cells parted by tabs.
"""

import gzip
import html
import re
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from index.script import to_traditional

PARAGRAPHS = tuple(
    line
    for line in """
为深入实施创新驱动发展战略，加快培育低空经济、人工智能等新兴产业，推动青川市产业结构优化升级，根据国家和省有关规定，结合我市实际，制定本办法。
本办法所称专项资金，是指市级财政预算安排的，用于支持企业、高等院校、科研院所开展关键核心技术攻关和成果转化的资金。专项资金的使用遵循“公开透明、择优扶持、注重绩效”的原则。
市科学技术局负责编制专项资金年度预算，组织项目申报、评审、立项和验收；市财政局负责审核预算、拨付资金，会同市科学技术局开展绩效评价（以下简称“评价”）。
对首次认定为高新技术企业的，一次性给予20万元奖励；对重新认定通过的，给予10万元奖励。企业整体迁入且资质在有效期内的，视同首次认定。
对获批国家级重点实验室、技术创新中心的依托单位，按照国家拨付经费的50%给予配套，最高不超过2000万元；获批省级平台的，给予一次性资助100万元。
支持企业牵头组建创新联合体，面向集成电路、高端装备、生物医药等领域开展攻关。单个项目资助额度不超过项目总投资的30%，最高500万元，分三年拨付。
鼓励银行、保险等金融机构设立科技支行，开发“科创贷”“知识产权质押贷”等产品。市财政对合作银行发生的本金损失按40%的比例给予风险补偿。
各县（区）人民政府要加强组织领导，健全工作机制，明确责任分工，确保各项任务落到实处；对工作推进不力、进度滞后的，予以通报并限期整改。
申报单位应当对申报材料的真实性、完整性负责。弄虚作假骗取专项资金的，由市科学技术局追回资金，三年内不再受理其申报，并依法依规记入信用记录。
到2027年，全市研究与试验发展经费投入强度达到2.8%以上，高新技术企业突破1500家，技术合同成交额年均增长15%，建成3个以上在全省有影响力的产业集群。
强化土地、能耗、环境容量等要素保障，优先安排重大产业项目用地指标。推行“标准地”出让，落地项目从签约到开工的时间压缩至100个工作日以内。
建立健全人才分类评价体系，赋予用人单位更大自主权。引进的领军人才，可享受最高200万元安家补贴，子女入学、配偶就业、医疗保健等方面享受优先待遇。
加大新型基础设施建设力度，适度超前布局5G基站、算力中心和工业互联网标识解析节点。到2026年底，实现重点产业园区双千兆网络全覆盖。
本办法自2025年3月1日起施行，有效期5年。《青川市科技专项资金管理暂行办法》（青府办〔2020〕17号）同时废止。施行期间国家、省另有规定的，从其规定。
完善生态环境分区管控体系，严格执行排污许可制度。新建、改建、扩建项目应当采用清洁生产工艺，单位产品能耗须达到行业先进水平。
推进数据要素市场化配置改革，编制公共数据开放目录，分级分类开放气象、交通、医疗等领域数据集。探索建立数据知识产权登记制度，保护数据处理者合法权益。
统筹推进城乡融合发展，引导资本、技术向农村流动。实施现代种业提升工程，建设高标准农田12万亩，主要农作物耕种收综合机械化率提高到86%。
强化绩效目标管理，对专项资金实行全过程跟踪。绩效评价结果分为优、良、中、差四个等级，作为下一年度预算安排的重要依据；评价为“差”的，取消支持。
""".splitlines()
    if line
)
HEADINGS = ("总体要求", "支持范围和标准", "申报与评审", "保障措施", "监督管理", "附则")
_NUMERALS = "一二三四五六七八九十"
_PLACES = ["青川市", "临水县", "云岭县", "白石区", "东亭区", "新渡县", "平桥镇", "南浦街道"]
_MATTERS = [
    "智慧园区改造",
    "集成电路封装测试平台",
    "低空飞行服务站",
    "中试基地建设",
    "老旧管网更新",
]
FOOTNOTES = (
    "本办法所称“以上”“不超过”，均包括本数；“低于”不包括本数。",
    "研究与试验发展经费按照国家统计局公布的口径计算，不含军工科研经费。",
    "信用记录的修复，按照省社会信用条例的有关规定办理，期限不少于1年。",
)
_FONT = "Noto Serif CJK SC"
_HOST = "www.qingchuan.example"  # that the browser prints at the foot of pages
_MARKS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_TIMEOUT = 120  # seconds for one program; LibreOffice needs ten for its first start


@dataclass(frozen=True, slots=True)
class Block:
    """One piece of a document; `kind` is a key of both `_FODT` and `_HTML`."""

    kind: str
    text: str = ""
    rows: tuple[tuple[str, ...], ...] = ()
    note: str = ""  # a footnote to the end of the text


@dataclass(frozen=True, slots=True)
class Sample:
    """A document, how it is made, and what runs along its pages."""

    name: str
    blocks: tuple[Block, ...]
    maker: str = "libreoffice"  # or "chromium"
    header: str = ""
    footer: str = ""  # # stands for the page number, @ for the number of pages
    traditional: bool = False
    landscape: bool = False
    scale: float = 1.0  # of the type: fewer characters fill a page


def prose(first: int, last: int, *, notes: bool = False) -> list[Block]:
    """Return numbered sections of two paragraphs each, from paragraph `first` to before `last`."""
    blocks: list[Block] = []
    for place, text in enumerate(PARAGRAPHS[first:last]):
        if place % 3 == 0:
            number = place // 3
            blocks.append(Block("heading", f"{_NUMERALS[number]}、{HEADINGS[number % 6]}"))
        note = FOOTNOTES[place // 3 % 3] if notes and place % 3 == 1 else ""
        blocks.append(Block("paragraph", text, note=note))
    return blocks


def project_rows(count: int) -> tuple[tuple[str, ...], ...]:
    """Return a header and `count` rows: number, project, place, sum, remarks."""
    rows = [("序号", "项目名称", "实施单位", "补助金额（万元）", "备注")]
    for place in range(count):
        unit = _PLACES[place % 8]
        matter = _MATTERS[place % 5]
        remark = "分三年拨付，须经中期评估合格后拨付余款" if place % 4 == 1 else ""
        name = f"{unit}{matter}项目（{_NUMERALS[place % 10]}期）"
        rows.append((str(place + 1), name, f"{unit}科技局", f"{120 + place * 35}.50", remark))
    return tuple(rows)


_TITLE = Block("title", "青川市人民政府关于印发科技专项资金管理办法的通知")
_SIGNATURE = [
    Block("signature", "青川市人民政府办公室"),
    Block("signature", "2025年2月18日"),
]
_ADDRESS = Block("flush", "各县（区）人民政府，市政府各部门、各直属机构：")
_TABLE_TITLE = Block("title", "青川市2025年度科技专项资金拟支持项目表")
_MERGED = Block(
    "table",
    rows=(
        ("责任单位", "任务", "完成时限", "进度要求"),
        ("市科学技术局", "编制项目申报指南，组织专家评审，公布拟立项名单", "2025年6月", "90%"),
        ("市财政局", "审核预算，拨付首期资金，开展绩效评价", "2025年9月", "60%"),
        ("各县（区）人民政府", "落实配套资金，按月报送项目进度", "长期坚持", ""),
    ),
)


def samples() -> tuple[Sample, ...]:
    """Return all documents."""
    return (*_notices(), *_tables(), *_browser_pages())


def _notices() -> tuple[Sample, ...]:
    """Return documents of prose, printed by LibreOffice."""
    return (
        Sample(
            "red_head",
            (
                Block("red", "青川市人民政府文件"),
                Block("number", "青府〔2025〕8号"),
                _TITLE,
                _ADDRESS,
                *prose(0, 14),
                *_SIGNATURE,
                Block("flush", "抄送：市委各部门，市人大常委会办公室，市政协办公室。"),
            ),
            footer="— # —",
        ),
        Sample(
            "two_columns",
            (_TITLE, Block("columns"), *prose(2, 17), Block("end"), _MERGED, *_SIGNATURE),
            header="青川政报　2025年第3期",
            footer="第 # 页 共 @ 页",
            traditional=True,
        ),
        Sample(
            "footnotes",
            (_TITLE, *prose(1, 16, notes=True), *_SIGNATURE),
            header="科技专项资金管理办法（征求意见稿）",
            footer="#",
        ),
        Sample(
            "columns_and_table",
            (
                _TITLE,
                *prose(9, 12),
                Block("columns"),
                *prose(0, 9),
                Block("end"),
                Block("table", rows=project_rows(12)),
                *prose(12, 18),
            ),
            header="内部资料　注意保存",
            footer="- # -",
        ),
    )


def _tables() -> tuple[Sample, ...]:
    """Return documents of long tables, printed by LibreOffice."""
    return (
        Sample(
            "table_pages",
            (
                _TABLE_TITLE,
                Block("paragraph", PARAGRAPHS[3]),
                Block("table", rows=project_rows(58)),
                Block("paragraph", PARAGRAPHS[8]),
                *_SIGNATURE,
            ),
            header="青川市科学技术局公示材料",
            footer="# / @",
        ),
        Sample(
            "landscape",
            (_TABLE_TITLE, _MERGED, Block("table", rows=project_rows(30)), *prose(5, 8)),
            footer="第#頁",
            traditional=True,
            landscape=True,
        ),
    )


def _browser_pages() -> tuple[Sample, ...]:
    """Return documents printed by Chromium."""
    return (
        Sample(
            "browser_print",
            (_TITLE, *prose(0, 18), _MERGED, *_SIGNATURE),
            "chromium",
        ),
        Sample(
            "browser_columns",
            (_TITLE, Block("columns"), *prose(0, 15), Block("end"), *_SIGNATURE),
            "chromium",
            traditional=True,
        ),
        Sample(
            "browser_table",
            (
                _TABLE_TITLE,
                Block("paragraph", PARAGRAPHS[4]),
                Block("table", rows=project_rows(64)),
            ),
            "chromium",
        ),
        Sample(
            "plain_table",
            (_TABLE_TITLE, Block("plain", rows=project_rows(22)), *prose(2, 8), *_SIGNATURE),
            "chromium",
        ),
    )


def fixtures() -> tuple[Sample, ...]:
    """Return shorter documents, whose fonts hold few characters, for the tests."""
    title = Block("title", "青川市科技专项资金管理办法")
    sign = [Block("signature", "青川市人民政府办公室"), Block("signature", "2025年2月18日")]
    rows = (
        ("责任单位", "任务", "完成时限"),
        ("市科学技术局", "编制年度预算，组织项目申报、评审、立项和验收", "2025年6月"),
        ("市财政局", "审核预算，拨付资金，开展绩效评价", ""),
    )
    duties = Block("table", rows=rows)
    head = (Block("red", "青川市人民政府文件"), Block("number", "青府〔2025〕8号"), title)
    address = Block("flush", "各县（区）人民政府，市政府各部门：")
    return (
        Sample("head", (*head, address, *prose(0, 9), *sign), footer="— # —", scale=1.3),
        Sample(
            "columns",
            (title, Block("columns"), *prose(0, 9), Block("end"), duties, *sign),
            header="青川政报　2025年第3期",
            footer="第 # 页 共 @ 页",
            traditional=True,
            scale=1.2,
        ),
        Sample(
            "table",
            (title, Block("table", rows=project_rows(40)), *prose(8, 9), *sign),
            header="青川市科学技术局公示材料",
            footer="# / @",
        ),
        Sample(
            "notes",
            (title, *prose(0, 9, notes=True), *sign),
            header="科技专项资金管理办法（征求意见稿）",
            footer="#",
            scale=1.5,
        ),
        Sample("print", (title, *prose(0, 3), duties, *sign), "chromium", scale=2.0),
        Sample(
            "print-columns",
            (title, Block("columns"), *prose(3, 6), Block("end"), *sign),
            "chromium",
            traditional=True,
            scale=2.2,
        ),
        Sample("print-table", (title, Block("table", rows=project_rows(40))), "chromium"),
        Sample("print-plain", (title, Block("plain", rows=project_rows(20))), "chromium"),
    )


def expected(sample: Sample) -> str:
    """Return the text that the document shows; footnotes, with their marks, at its end."""
    lines: list[str] = []
    notes: list[str] = []
    for block in sample.blocks:
        mark = str(len(notes) + 1).translate(_MARKS) if block.note else ""
        notes += [mark + block.note] * bool(mark)
        lines += ["\t".join(row) for row in block.rows] if block.rows else [block.text + mark]
    text = "\n".join(line for line in (*lines, *notes) if line) + "\n"
    return to_traditional(text) if sample.traditional else text


# LibreOffice: one flat OpenDocument file.

_STYLES = {
    "title": 'fo:text-align="center" fo:margin-bottom="0.5cm"|fo:font-size="20pt"',
    "red": 'fo:text-align="center" fo:margin-bottom="1cm" fo:border-bottom="2pt solid #ff0000"'
    '|fo:font-size="36pt" fo:color="#ff0000"',
    "number": 'fo:text-align="center" fo:margin-bottom="0.8cm"|fo:font-size="14pt"',
    "heading": 'fo:text-indent="1cm"|fo:font-size="14pt" fo:font-weight="bold"',
    "paragraph": 'fo:text-indent="1cm" fo:text-align="justify"|fo:font-size="14pt"',
    "flush": 'fo:text-indent="0cm"|fo:font-size="14pt"',
    "signature": 'fo:text-align="end" fo:margin-right="1cm"|fo:font-size="14pt"',
    "cell": 'fo:text-indent="0cm"|fo:font-size="10.5pt"',
    "running": 'fo:text-align="center"|fo:font-size="9pt"',
    "note": 'fo:text-indent="0cm"|fo:font-size="9pt"',
}
_NAMESPACES = " ".join(
    f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
    for name in ("office", "style", "text", "table")
) + (
    ' xmlns:fo="urn:oasis:names:tc:opendocument:xmlns:xsl-fo-compatible:1.0"'
    ' office:version="1.2" office:mimetype="application/vnd.oasis.opendocument.text"'
)


def fodt(sample: Sample) -> str:
    """Return the document as flat OpenDocument text."""
    width, height = ("29.7cm", "21cm") if sample.landscape else ("21cm", "29.7cm")
    body = "".join(_fodt_block(block, place) for place, block in enumerate(sample.blocks))
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<office:document {_NAMESPACES}>
<office:styles><style:default-style style:family="paragraph"><style:text-properties
 style:font-name-asian="{_FONT}" fo:font-family="{_FONT}" style:font-family-asian="{_FONT}"
 fo:font-size="14pt" style:font-size-asian="14pt"/></style:default-style>
{"".join(_fodt_style(name, sample.scale) for name in _STYLES)}</office:styles>
<office:automatic-styles><style:page-layout style:name="pm"><style:page-layout-properties
 fo:page-width="{width}" fo:page-height="{height}" fo:margin="2.5cm"/>
<style:header-style/><style:footer-style/></style:page-layout>
<style:style style:name="two" style:family="section"><style:section-properties><style:columns
 fo:column-count="2" fo:column-gap="0.8cm"/></style:section-properties></style:style>
<style:style style:name="box" style:family="table-cell"><style:table-cell-properties
 fo:padding="0.1cm" fo:border="0.5pt solid #000000"/></style:style></office:automatic-styles>
<office:master-styles><style:master-page style:name="Standard" style:page-layout-name="pm">
{_running("header", sample.header)}{_running("footer", sample.footer)}
</style:master-page></office:master-styles>
<office:body><office:text>{body}</office:text></office:body></office:document>
"""


def _fodt_style(name: str, scale: float) -> str:
    paragraph, text = _STYLES[name].split("|")
    text = re.sub(r"([\d.]+)pt", lambda size: f"{float(size[1]) * scale:g}pt", text)
    asian = text.replace("font-size", "SIZE").replace("fo:SIZE", "style:font-size-asian")
    asian = asian.replace("fo:font-weight", "style:font-weight-asian").split(" fo:color")[0]
    return (
        f'<style:style style:name="{name}" style:family="paragraph"><style:paragraph-properties'
        f" {paragraph}/><style:text-properties {text} {asian}/></style:style>"
    )


def _running(kind: str, text: str) -> str:
    if not text:
        return ""
    content = html.escape(text).replace("#", "<text:page-number>1</text:page-number>")
    content = content.replace("@", "<text:page-count>1</text:page-count>")
    return f'<style:{kind}><text:p text:style-name="running">{content}</text:p></style:{kind}>'


def _fodt_block(block: Block, place: int) -> str:
    if block.kind == "columns":
        return f'<text:section text:style-name="two" text:name="s{place}">'
    if block.kind == "end":
        return "</text:section>"
    if block.rows:
        return _fodt_table(block.rows, place)
    note = (
        f'<text:note text:id="n{place}" text:note-class="footnote"><text:note-citation>1'
        f'</text:note-citation><text:note-body><text:p text:style-name="note">{block.note}</text:p>'
        "</text:note-body></text:note>"
        if block.note
        else ""
    )
    return f'<text:p text:style-name="{block.kind}">{html.escape(block.text)}{note}</text:p>'


def _fodt_table(rows: tuple[tuple[str, ...], ...], place: int) -> str:
    def row(cells: Iterable[str]) -> str:
        return (
            "<table:table-row>"
            + "".join(
                '<table:table-cell table:style-name="box" office:value-type="string">'
                f'<text:p text:style-name="cell">{html.escape(cell)}</text:p></table:table-cell>'
                for cell in cells
            )
            + "</table:table-row>"
        )

    return (
        f'<table:table table:name="t{place}"><table:table-column'
        f' table:number-columns-repeated="{len(rows[0])}"/><table:table-header-rows>{row(rows[0])}'
        f"</table:table-header-rows>{''.join(map(row, rows[1:]))}</table:table>"
    )


def _print_libreoffice(sample: Sample, folder: Path) -> None:
    text = fodt(sample)
    source = folder / f"{sample.name}.fodt"
    source.write_text(to_traditional(text) if sample.traditional else text, "utf-8")
    profile = f"-env:UserInstallation={(folder / 'profile').as_uri()}"
    command = ["soffice", profile, "--headless", "--convert-to", "pdf", "--outdir", str(folder)]
    subprocess.run([*command, str(source)], check=True, capture_output=True, timeout=_TIMEOUT)


# Chromium: one page of HTML.

_CSS = """
body {font: 16px/1.8 "Noto Sans CJK SC"} h1 {text-align: center; font-size: 24px}
h1, h2, th {font-weight: normal} h2 {font-size: 18px}
p {text-indent: 2em; margin: .6em 0; text-align: justify}
.signature {text-align: right} .flush {text-indent: 0} .two {columns: 2; column-gap: 2em}
table {border-collapse: collapse; width: 100%; font-size: 14px} .box td, .box th {border: 1px solid}
td, th {padding: 4px 6px; text-align: left}
"""
_HTML: dict[str, Callable[[str], str]] = {
    "title": lambda text: f"<h1>{text}</h1>",
    "heading": lambda text: f"<h2>{text}</h2>",
    "columns": lambda _: '<div class="two">',
    "end": lambda _: "</div>",
}


def page(sample: Sample) -> str:
    """Return the document as HTML."""
    body = "".join(map(_html_block, sample.blocks))
    title = sample.blocks[0].text
    return (
        f'<!doctype html><html lang="zh"><meta charset="utf-8"><title>{title}</title>'
        f"<style>{_CSS} body {{zoom: {sample.scale}}}</style><body>{body}</body></html>"
    )


def _html_block(block: Block) -> str:
    if block.rows:
        head, *rows = block.rows
        box = ' class="box"' if block.kind == "table" else ""
        return (
            f"<table{box}><thead>{_html_row(head, 'th')}</thead>"
            f"<tbody>{''.join(_html_row(row, 'td') for row in rows)}</tbody></table>"
        )
    plain = f'<p class="{block.kind}">{html.escape(block.text)}</p>'
    return _HTML[block.kind](html.escape(block.text)) if block.kind in _HTML else plain


def _html_row(cells: Iterable[str], tag: str) -> str:
    inner = "".join(f"<{tag}>{html.escape(cell)}</{tag}>" for cell in cells)
    return f"<tr>{inner}</tr>"


def _print_chromium(sample: Sample, folder: Path) -> None:
    text = page(sample)
    source = folder / f"{sample.name}.html"
    source.write_text(to_traditional(text) if sample.traditional else text, "utf-8")
    handler = partial(_Quiet, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        command = [
            "chromium",
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-pdf-tagging",
        ]
        command += [f"--host-resolver-rules=MAP {_HOST} 127.0.0.1:{server.server_port}"]
        command += [f"--user-data-dir={folder / 'chromium'}"]
        command += [f"--print-to-pdf={folder / sample.name}.pdf", f"http://{_HOST}/{source.name}"]
        subprocess.run(command, check=True, capture_output=True, timeout=_TIMEOUT)
        server.shutdown()


class _Quiet(SimpleHTTPRequestHandler):
    """Serves a folder without saying so."""

    def log_message(self, *_: object) -> None:
        """Write nothing."""


def make(folder: Path, names: Iterable[str] = ()) -> None:
    """Write the PDFs and their texts into `folder`.

    Raises CalledProcessError or TimeoutExpired when LibreOffice or Chromium fails.
    """
    wanted = set(names)
    printers = {"libreoffice": _print_libreoffice, "chromium": _print_chromium}
    chosen = [one for one in (*samples(), *fixtures()) if one.name in wanted]
    with tempfile.TemporaryDirectory() as scratch:
        for sample in chosen or samples():
            printers[sample.maker](sample, Path(scratch))
            made = Path(scratch, f"{sample.name}.pdf")
            if sample.maker == "chromium" and chosen:  # a font for each few characters
                packed = gzip.compress(made.read_bytes(), 9, mtime=0)
                Path(folder, f"{made.name}.gz").write_bytes(packed)
            else:
                Path(folder, made.name).write_bytes(made.read_bytes())
            Path(folder, f"{sample.name}.txt").write_text(expected(sample), "utf-8")


if __name__ == "__main__":
    make(Path(sys.argv[1]), sys.argv[2:])

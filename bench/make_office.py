"""Makes the office files of tests/data: one notice, in both scripts, in the formats people send.

    python -m bench.make_office tests/data

LibreOffice must be on the machine. The notice is our own: headings and articles that number
themselves, a table with merged cells that runs over pages, foot- and endnotes, a text box, two
columns, a header and a footer. What its pages show stands beside the files as notice-hans.txt and
notice-hant.txt, without header and footer.
"""

import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from xml.sax.saxutils import escape

TITLE = "临江市关于支持社区养老服务发展的若干措施（试行）"
NUMBER = "临府规〔2025〕7号"
HEADER, FOOTER = "临江市人民政府文件", "内部校对用页脚"
BOX = "联系方式：市民政局养老服务科，电话0000-1234567。"
FOOTNOTE = "本措施所称社区养老机构，是指床位数在十张以上、五十张以下的机构。"
ENDNOTE = "数据来自2024年全市老年人口抽样调查。"
COLUMNS = (
    "名词解释：家庭养老床位，是指在老年人家中设置并由机构提供上门照护的床位。",
    "名词解释：适老化改造，是指为减少跌倒而对地面、扶手、照明等进行的改造。",
    "名词解释：助餐点，是指为老年人提供现场就餐或者送餐上门服务的固定场所。",
)
# Heading, then sections of heading and paragraphs; the numbers come from the lists.
CHAPTERS: Sequence[tuple[str, Sequence[tuple[str, Sequence[str]]]]] = (
    (
        "总体要求",
        (
            (
                "工作目标",
                (
                    "到2027年，全市每个街道至少建成一家综合养老服务中心，社区助餐点覆盖率达到百分之九十。",
                    "新建住宅小区按每百户不少于三十平方米的标准配建养老服务用房，与住宅同步交付。",
                ),
            ),
            (
                "基本原则",
                (
                    "坚持政府引导、社会参与，凡是市场能够提供的服务，不再新设事业单位。",
                    "坚持就近就便，服务半径一般不超过步行十五分钟。",
                ),
            ),
        ),
    ),
    (
        "补贴标准",
        (
            (
                "建设补贴",
                (
                    "对新增的家庭养老床位，经验收合格后，每张一次性补贴3,500元。",
                    "对改建的社区养老机构，按实际投资额的40%给予补贴，最高不超过80万元。",
                ),
            ),
            (
                "运营补贴",
                (
                    "对连续运营满一年的助餐点，按全年服务人次给予补贴，每人次2元。",
                    "同一事项已经享受省级补贴的，不得重复申领。",
                ),
            ),
        ),
    ),
    (
        "组织实施",
        (
            (
                "部门分工",
                (
                    "市民政局负责统筹协调，市财政局负责资金拨付和绩效评价。",
                    "各区应当在本措施印发之日起三十日内制定实施细则。",
                ),
            ),
        ),
    ),
)
ARTICLES = (
    "本措施自2025年9月1日起施行，有效期三年。",
    "本措施由市民政局负责解释。",
    "此前有关规定与本措施不一致的，以本措施为准。",
)
DISTRICTS = ("东湖区", "西河区", "南屏区", "北塔区", "高新区")
KINDS = (
    *("家庭养老床位", "社区养老机构", "助餐点", "日间照料中心", "适老化改造", "护理员培训"),
    *("志愿服务站", "辅具租赁点"),
)
TABLE_HEAD = ("区", "项目", "数量", "补贴（万元）")
FIGURES = "一二三四五六七八九十"


def table_rows() -> list[tuple[str, str, str, str]]:
    """Return the rows of the notice's table; the first cell runs over all rows of a district."""
    rows = []
    for district, name in enumerate(DISTRICTS):
        for kind, what in enumerate(KINDS):
            number = (district * 7 + kind * 13) % 50 + 3
            rows.append((name if not kind else "", what, str(number), f"{number * 3.5:,.2f}"))
    return rows


def visible_text() -> str:
    """Return what the pages of the notice show, in reading order."""
    lines = [TITLE, NUMBER, "各区人民政府，市各有关单位："]
    for i, (chapter, sections) in enumerate(CHAPTERS):
        lines.append(f"{FIGURES[i]}、{chapter}")
        for j, (section, paragraphs) in enumerate(sections):
            lines.append(f"（{FIGURES[j]}）{section}")
            lines += [f"{k}. {paragraph}" for k, paragraph in enumerate(paragraphs, 1)]
            if (i, j) == (0, 0):
                lines.append(FOOTNOTE)
        lines += [BOX] if i == 1 else []
    lines += [f"第{FIGURES[i]}条 {article}" for i, article in enumerate(ARTICLES)]
    lines += ["资金安排表", "\t".join(TABLE_HEAD)]
    lines += ["\t".join(row) for row in table_rows()]
    lines += ["合计\t\t\t见各区细则", *COLUMNS, "临江市人民政府", "2025年8月12日", ENDNOTE]
    return "\n".join(lines)


def flat_odt(convert: Callable[[str], str]) -> str:
    """Return the notice as a flat ODT file, its text put through `convert`."""

    def text(words: str) -> str:
        return escape(convert(words))

    body = [
        f'<text:p text:style-name="Title">{text(TITLE)}</text:p>',
        f'<text:p text:style-name="Standard">{text(NUMBER)}</text:p>',
        f'<text:p text:style-name="Standard">{text("各区人民政府，市各有关单位：")}</text:p>',
    ]
    for i, (chapter, sections) in enumerate(CHAPTERS):
        body.append(f'<text:h text:style-name="Heading_20_1" text:outline-level="1">{text(chapter)}</text:h>')  # fmt: skip  # noqa: E501
        for j, (section, paragraphs) in enumerate(sections):
            body.append(f'<text:h text:style-name="Heading_20_2" text:outline-level="2">{text(section)}</text:h>')  # fmt: skip  # noqa: E501
            items = [text(paragraph) for paragraph in paragraphs]
            if (i, j) == (0, 0):
                note = _note("footnote", text(FOOTNOTE))
                items[1] = items[1][:9] + note + items[1][9:]
            body.append(_list("L1", items))
        if i == 1:
            body.append(_text_box(text(BOX)))
    body.append(_list("L2", [text(article) for article in ARTICLES]))
    body.append(f'<text:p text:style-name="Standard">{text("资金安排表")}</text:p>')
    body.append(_table(text))
    columns = "".join(f'<text:p text:style-name="Standard">{text(line)}</text:p>' for line in COLUMNS)  # fmt: skip  # noqa: E501
    body.append(f'<text:section text:style-name="S1" text:name="两栏">{columns}</text:section>')
    body.append(f'<text:p text:style-name="Standard">{text("临江市人民政府")}{_note("endnote", text(ENDNOTE))}</text:p>')  # fmt: skip  # noqa: E501
    body.append(f'<text:p text:style-name="Standard">{text("2025年8月12日")}</text:p>')
    return _FRAME.format(
        header=text(HEADER),
        footer=text(FOOTER),
        title=text(TITLE),
        article=text("条"),
        body="".join(body),
    )


def _note(kind: str, text: str) -> str:
    return (
        f'<text:note text:note-class="{kind}"><text:note-citation>1</text:note-citation>'
        f"<text:note-body><text:p>{text}</text:p></text:note-body></text:note>"
    )


def _list(style: str, items: Sequence[str]) -> str:
    inner = "".join(f"<text:list-item><text:p>{item}</text:p></text:list-item>" for item in items)
    return f'<text:list text:style-name="{style}">{inner}</text:list>'


def _text_box(text: str) -> str:
    return (
        '<text:p text:style-name="Standard"><draw:frame text:anchor-type="paragraph" '
        'svg:width="10cm" svg:height="2cm" draw:style-name="fr1"><draw:text-box>'
        f"<text:p>{text}</text:p></draw:text-box></draw:frame></text:p>"
    )


def _table(text: Callable[[str], str]) -> str:
    def cell(words: str, span: str = "") -> str:
        return f"<table:table-cell{span}><text:p>{text(words)}</text:p></table:table-cell>"

    head = "".join(map(cell, TABLE_HEAD))
    rows = [f"<table:table-header-rows><table:table-row>{head}</table:table-row></table:table-header-rows>"]  # fmt: skip  # noqa: E501
    down = f' table:number-rows-spanned="{len(KINDS)}"'
    for first, *others in table_rows():
        start = cell(first, down) if first else "<table:covered-table-cell/>"
        rows.append(f"<table:table-row>{start}{''.join(map(cell, others))}</table:table-row>")
    total = cell("合计", ' table:number-columns-spanned="3"') + "<table:covered-table-cell/>" * 2
    rows.append(f"<table:table-row>{total}{cell('见各区细则')}</table:table-row>")
    columns = '<table:table-column table:number-columns-repeated="4"/>'
    return f"<table:table>{columns}{''.join(rows)}</table:table>"


_SPACES = " ".join(
    f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{path}:1.0"'
    for name, path in (
        ("office", "office"),
        ("style", "style"),
        ("text", "text"),
        ("table", "table"),
        ("draw", "drawing"),
        ("fo", "xsl-fo-compatible"),
        ("svg", "svg-compatible"),
        ("meta", "meta"),
    )
)
_FRAME = f"""<?xml version="1.0" encoding="UTF-8"?>
<office:document {_SPACES} xmlns:dc="http://purl.org/dc/elements/1.1/" office:version="1.2"
 office:mimetype="application/vnd.oasis.opendocument.text">
<office:meta><dc:title>{{title}}</dc:title></office:meta>
<office:styles>
<style:style style:name="Standard" style:family="paragraph" style:class="text"/>
<style:style style:name="Title" style:family="paragraph" style:parent-style-name="Standard"/>
<style:style style:name="Heading_20_1" style:display-name="Heading 1" style:family="paragraph"
 style:parent-style-name="Standard" style:default-outline-level="1"/>
<style:style style:name="Heading_20_2" style:display-name="Heading 2" style:family="paragraph"
 style:parent-style-name="Standard" style:default-outline-level="2"/>
<text:outline-style style:name="Outline">
<text:outline-level-style text:level="1" style:num-format="一, 二, 三, ..." style:num-suffix="、"/>
<text:outline-level-style text:level="2" style:num-format="一, 二, 三, ..." style:num-prefix="（"
 style:num-suffix="）"/>
</text:outline-style>
</office:styles>
<office:automatic-styles>
<text:list-style style:name="L1"><text:list-level-style-number text:level="1"
 style:num-format="1" style:num-suffix="."/></text:list-style>
<text:list-style style:name="L2"><text:list-level-style-number text:level="1"
 style:num-format="一, 二, 三, ..." style:num-prefix="第"
 style:num-suffix="{{article}}"/></text:list-style>
<style:style style:name="S1" style:family="section"><style:section-properties>
<style:columns fo:column-count="2" fo:column-gap="1cm"/></style:section-properties></style:style>
<style:style style:name="fr1" style:family="graphic"><style:graphic-properties
 fo:border="0.5pt solid #000000" style:wrap="parallel"/></style:style>
<style:page-layout style:name="P1"><style:page-layout-properties fo:page-width="21cm"
 fo:page-height="29.7cm" fo:margin-top="3cm" fo:margin-bottom="3cm" fo:margin-left="3cm"
 fo:margin-right="3cm"/><style:header-style/><style:footer-style/></style:page-layout>
</office:automatic-styles>
<office:master-styles><style:master-page style:name="Standard" style:page-layout-name="P1">
<style:header><text:p>{{header}}</text:p></style:header>
<style:footer><text:p>{{footer}}</text:p></style:footer></style:master-page></office:master-styles>
<office:body><office:text>{{body}}</office:text></office:body></office:document>
"""


def write_workbook(path: Path, convert: Callable[[str], str]) -> None:
    """Write the notice's table as a workbook: title, merged cells, formats, a formula."""
    import openpyxl

    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = convert("资金安排")
    sheet.append([convert(f"{TITLE}资金安排表")])
    sheet.merge_cells("A1:D1")
    sheet.append([convert(word) for word in TABLE_HEAD])
    for first, what, number, money in table_rows():
        sheet.append([convert(first) or None, convert(what), int(number), float(money.replace(",", ""))])  # fmt: skip  # noqa: E501
        sheet.cell(sheet.max_row, 4).number_format = "#,##0.00"
    last = sheet.max_row
    sheet.append([convert("合计"), None, f"=SUM(C3:C{last})", f"=SUM(D3:D{last})"])
    sheet.cell(last + 1, 4).number_format = "#,##0.00"
    for row in range(3, last, len(KINDS)):
        sheet.merge_cells(start_row=row, end_row=row + len(KINDS) - 1, start_column=1, end_column=1)
    book.save(path)


def visible_sheet() -> str:
    """Return what the sheet shows, its name included."""
    rows = table_rows()
    count = sum(int(row[2]) for row in rows)
    lines = [f"{TITLE}资金安排表", "\t".join(TABLE_HEAD), *("\t".join(row) for row in rows)]
    return "\n".join([*lines, f"合计\t\t{count}\t{count * 3.5:,.2f}"])


_SHEETS = ("xlsx", "xls", "ods")


def _soffice(folder: Path, source: Path, kind: str) -> None:
    profile = f"-env:UserInstallation=file://{folder}/profile"
    command = ["soffice", "--headless", profile, "--convert-to", kind, "--outdir", str(folder)]
    subprocess.run([*command, str(source)], check=True, timeout=120, stdout=subprocess.DEVNULL)


# One of each format; the readers of our own are tried in both scripts.
KEPT = {
    "hans": ("notice-hans.docx", "notice-hans.rtf", *(f"sheet-hans.{k}" for k in _SHEETS)),
    "hant": (*(f"notice-hant.{k}" for k in ("docx", "doc", "odt")), "sheet-hant.xlsx"),
}


def main(target: Path) -> None:
    """Write the files into a folder."""
    from opencc import OpenCC

    target.mkdir(parents=True, exist_ok=True)
    scripts: dict[str, Callable[[str], str]] = {"hans": str, "hant": OpenCC("s2t").convert}
    for script, convert in scripts.items():
        (target / f"notice-{script}.txt").write_text(convert(visible_text()), "utf-8")
        (target / f"sheet-{script}.txt").write_text(convert(visible_sheet()), "utf-8")
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary)
            source = folder / f"notice-{script}.fodt"
            source.write_text(flat_odt(convert), "utf-8")
            for kind in ("docx", "odt", "doc", "rtf"):
                _soffice(folder, source, kind)
            plain = folder / f"plain-{script}.xlsx"
            write_workbook(plain, convert)
            sheet = plain.rename(folder / f"sheet-{script}.ods.xlsx")
            _soffice(folder, sheet, "ods")  # which works the formulas out
            (folder / f"sheet-{script}.ods.ods").rename(folder / f"sheet-{script}.ods")
            for kind in ("xlsx", "xls"):
                _soffice(folder, folder / f"sheet-{script}.ods", kind)
            for name in KEPT[script]:
                (target / name).write_bytes((folder / name).read_bytes())


if __name__ == "__main__":
    main(Path(sys.argv[1]))

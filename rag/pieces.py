"""A question cut into pieces of known kinds: places, years, stages, words that ask, subject.

Pure rules. Words that name nothing by themselves (上限, company) are told from those that make a
subject; what no rule knows is content.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from index.places import Place, find_places
from index.script import fold_characters


class PieceKind(StrEnum):
    """What a piece of a question is to it."""

    PLACE = "place"
    YEAR = "year"
    PART = "part"  # of a year
    STAGE = "stage"  # 二期, 第三批, phase II, Class III
    MONEY = "money"  # what is given: 奖励, subsidy
    ATTRIBUTE = "attribute"  # 上限, deadline
    NOUN = "noun"  # names no subject by itself: 企业, project
    VERB = "verb"  # the same of verbs: 申请, start
    WORD = "word"  # of grammar
    ASKING = "asking"
    POINTING = "pointing"  # it, 这项
    POINTING_PLACE = "pointing_place"  # 当地, there
    SIMILAR = "similar"  # 也, the same
    BESIDE = "beside"  # 相比, except: what is named comes beside the subject, not for it
    YOU = "you"  # the program is spoken of
    CHAT = "chat"
    CONTENT = "content"  # all else


SLOTS = (PieceKind.PLACE, PieceKind.YEAR, PieceKind.PART, PieceKind.STAGE)
TOPIC = (PieceKind.CONTENT, PieceKind.NOUN, PieceKind.MONEY)


@dataclass(frozen=True, slots=True)
class Piece:
    """`folded[start:end] == text` of the question that it is cut from."""

    kind: PieceKind
    start: int
    end: int
    text: str
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """A question cut into pieces; `start` and `end` leave out 那, "what about" and 呢."""

    text: str
    folded: str
    pieces: tuple[Piece, ...]  # all, in order
    start: int
    end: int
    marked: bool  # begins as a follow-up does: 那, and
    strong: bool  # begins as nothing else does: what about, 同样的问题
    tail: bool  # ends with 呢

    @property
    def inner(self) -> tuple[Piece, ...]:
        """The pieces between both ends."""
        return tuple(p for p in self.pieces if p.start >= self.start and p.end <= self.end)

    def of(self, *kinds: PieceKind) -> list[Piece]:
        """Return the inner pieces of some kinds."""
        return [piece for piece in self.inner if piece.kind in kinds]

    def has(self, *kinds: PieceKind) -> bool:
        """Tell whether there is an inner piece of one of some kinds."""
        return any(piece.kind in kinds for piece in self.inner)


# Words by kind; Simplified and lower case, as texts are folded. The longest counts.
_WORDS: dict[PieceKind, str] = {
    PieceKind.ASKING: (
        "什么时候 什么时间 什么样 什么 甚么 多少钱 多少 多大 多长 多久 多高 多远 多快 几时 何时"
        " 何地 何处 何种 有何 何 如何 怎么样 怎么 怎样 怎 为什么 为何 谁 是否 能否 可否 有没有"
        " 有无 是不是 吗 哪一年 哪一天 哪年 哪天 哪月 哪些 哪几 哪个 哪家 哪里 哪儿 哪座 哪种"
        " 哪类 哪位 哪项 哪条 哪批 哪所 哪 几个 几家 几项 几名 几人 几位 几次 几批 几种 几月 几号"
        " 几年 几天 几条 几所 介绍 列出 列举 比较 总结 说明 解释 告诉我"
    ),
    PieceKind.WORD: (
        "的 了 是 在 对 对于 关于 给 给予 有 会 能 能够 可 可以 要 需 需要 应 应该 应当 到 从 由"
        " 与 和 以及 及 或者 或 为 以 向 把 被 让 将 就 都 还 又 再 吧 啊 呀 哦 嗯 呢 请 请问"
        " 我们 我 想知道 一下 说说 共有 总共 一共 合计 共 分别 各 各自 每年 每家 每个 每 大概"
        " 大约 大致 左右 里 目前 现在 现行 具体 详细 主要 单个 最新 里面 以内 之间 期间 该 那 这 后"
        " 一年 年度 每年度 全年度 第一年 第二年 第三年"
        " 一次 一次性 累计 同一家 同一个 同一 一家 每项"
        " 每人 每户 每次 单家 单次 按年"
        " 按 则 只 仅 仍 已 已经 曾 过 即 或是 还是 必须 一般 通常"
    ),
    PieceKind.VERB: (
        "申请 申报 申领 领取 享受 获得 得到 拿到 开始 结束 开工 投产 完工 竣工 建成 启动 生效"
        " 实施 执行 施行 发布 公布 印发 出台 发放 拨付 支付 兑现 负责 牵头 主管 管理 审批 审核"
        " 受理 办理 提交 提供 准备 满足 符合 具备 适用于 适用 规定 包括 包含 涉及 属于 位于 举行"
        " 举办 召开 截止 到期 持续 增长 下降 提高 达到 完成 实现 超过 限制 变化 调整 计算 算 说"
        " 拿 到账 写 讲 提到 叫 称为 支持 鼓励 扶持"
        " 设立 成立 承担 参加 参与 合作 开放 关闭 停止 取消"
        " 延长 报名 用于 使用 划分 分配 提出 推动 推进 促进 加强 来 去 做 办 领 报 交 查 找 发 定"
    ),
    PieceKind.NOUN: (
        "企业 公司 有限公司 股份有限公司 集团 单位 机构 个人 人员 项目 平台 产品 政策 措施 办法"
        " 规定 条例 文件 通知 意见 方案 计划 规划 资金 经费 部门 机关 城市 省份 地区 地方 省市"
        " 地市 对象 内容 任务 情况 结果 方式 网站 渠道 窗口 电话 联系人 名称 类型 类别 种类 领域"
        " 主体 法规 法律 制度 细则 指南 公告 条款 征求意见稿 草案 原文 出处 来源 附件 意思"
    ),
    PieceKind.MONEY: (
        "奖励 奖金 奖补 补贴 补助 资助 贴息 贷款 优惠 减免 津贴 退税 扶持资金 专项资金 奖励资金 钱"
    ),
    PieceKind.ATTRIBUTE: (
        "上限 下限 最高 最低 最多 最少 最大 最小 封顶 总额 总数 总量 金额 数额 额度 期限 有效期"
        " 时限 周期 年限 截止日期 截止时间 申报时间 申请时间 开始时间 结束时间 时间 日期 条件"
        " 要求 门槛 资格 标准 材料 资料 流程 程序 步骤 手续 适用范围 范围 比例 占比 比重 增速"
        " 增长率 产值 数量 规模 面积 投资额 总投资 投资 原因 依据 名单 目标 主管部门 负责部门"
        " 牵头单位 牵头部门 预算 总预算 现状 处罚 罚则 总部 地址 次数 频率 作用 意义 文号"
        " 定位 角色 功能 职能 分工"
    ),
    PieceKind.SIMILAR: "也 同样 一样 相同 这样 类似 同等",
    PieceKind.BESIDE: "相比 相较 比 对比 比起 区别 差别 差距 不同 除了 除 之外 以外",
    PieceKind.YOU: "你 您 你们",
    PieceKind.CHAT: (
        "谢谢 多谢 感谢 你好 您好 好的 好吧 明白 知道了 再见 拜拜 早上好 下午好 晚上好"
    ),
    PieceKind.PART: (
        "上半年 下半年 一季度 二季度 三季度 四季度 第一季度 第二季度 第三季度 第四季度 全年"
    ),
    PieceKind.YEAR: (
        "去年 今年 明年 前年 后年 以前 之前 此前 后来 之后 今后 前一年 上一年 次年 同年 当年"
    ),
    PieceKind.PLACE: (
        "其他城市 其他省份 其他地区 其他地方 其他地市 其他省市 其他省 别的城市 别的省份 全国 全省"
    ),
    PieceKind.POINTING_PLACE: "当地 那里 那边 那儿 该市 该省 该区 该县 该地 该地区 该城市",
    # Words of a subject that begin with a word of grammar.
    PieceKind.CONTENT: (
        "有色 有机 有轨 在线 在职 在建 在校 在岗 对外 对口 对标 给药 给水 给排水 可再生 可持续"
        " 可转债 可降解 会计 会展 会议 会员 要素 从业 从事 向量 与会 为民 将军 能源 能耗 能效"
        " 能量 能力 都市 也门 还款 还原 再生 再制造 再就业 再融资 再贷款 了解 应急 应用 应收 应付"
        " 应届 需求 以旧换新 各类 共享 共建 共同 共有产权 过敏 过境 过剩 过渡 及时 按揭 按摩 只读"
        " 叫号 讲座 写字楼 说明书 算力 算法 条例草案 最低工资 最低生活保障 最惠国 最高人民法院"
        " 最高人民检察院 仅退款 后勤 后备 这几年 这两年 这一年 这些年 那几年 那些年 该不该 其他"
        " 其它 或有 被动 被保险 让利 由来 把关 比赛 比亚迪 比特币 比武 到岸 和解 和平 给付"
        " 要约 是非 请示 请愿 标准化 规模化 投资者 时间戳 目标责任 范围经济"
        " 一年级 一年制 一年期 一年生 一次函数 钱塘 钱包 钱币 钱庄 拿地 预算草案"
    ),
}
_ENGLISH: dict[PieceKind, str] = {
    PieceKind.ASKING: (
        "what which who whom whose when where why how is are was were do does did can could will"
        " would should may might has have had many much long often tell list compare explain"
        " summarise summarize describe whether"
    ),
    PieceKind.WORD: (
        "the a an of in on at for to from by with within under about as and or but if then so"
        " here annually annual yearly per-company per-project per-year"
        " any some all each per not no please me us we i my our there be been being into"
        " than that this only just exactly altogether currently now up out well one ones its his"
        " own am let know through during until since after before s"
    ),
    PieceKind.VERB: (
        "give gives given giving offer offers offered pay pays paid get gets receive receives"
        " provide provides apply applies applied applying start starts started begin begins end"
        " ends expire expires last lasts take takes effect open close issue issued issues publish"
        " published released valid need needed needs required qualify qualifies handle handles"
        " say says said cover covers covered include includes included happen work works change"
        " changed calculated limited allowed available come comes go goes run runs decide decides"
        " see responsible charge want wants wanted become becomes became make makes made reach"
        " reaches reached use uses used aim aims intend intends expect expects attend attended host"
        " hosts hosted build builds built face faces faced set sets play plays planned"
    ),
    PieceKind.NOUN: (
        "company companies firm firms enterprise enterprises business businesses project projects"
        " programme programmes program programs policy policies measure measures rule rules"
        " document documents material materials paperwork department departments agency body"
        " office authority city cities province provinces region regions place places year years"
        " month months day days detail details thing things person people applicant applicants"
        " kind kinds type types plan scheme notice law regulation regulations website contact"
        " list"
    ),
    PieceKind.MONEY: (
        "subsidy subsidies grant grants reward rewards award awards bonus bonuses loan loans"
        " funding funds fund incentive incentives allowance allowances money support"
    ),
    PieceKind.ATTRIBUTE: (
        "cap caps limit limits ceiling floor maximum minimum max min most least amount amounts"
        " total sum number deadline date dates time period duration term condition conditions"
        " requirement requirements criteria eligibility eligible procedure process steps scope"
        " target targets share ratio rate percentage headquarters address budget phone reason basis"
        " purpose"
    ),
    PieceKind.SIMILAR: "same too also similar similarly likewise",
    PieceKind.BESIDE: ("compared versus vs differ difference differences except besides unlike"),
    PieceKind.YOU: "you your yours yourself",
    PieceKind.CHAT: "thanks thank hello hi hey bye goodbye ok okay great",
    PieceKind.PART: "q1 q2 q3 q4",
    PieceKind.POINTING: "it its they them their theirs these those",
}
_PHRASES: dict[PieceKind, str] = {
    PieceKind.PLACE: "(?:other|another) (?:cit(?:y|ies)|provinces?|regions?|places?)|nationwide",
    PieceKind.YEAR: "(?:last|this|next|previous) year|earlier|previously",
    PieceKind.PART: "(?:first|second) half|(?:first|second|third|fourth) quarter",
    PieceKind.POINTING_PLACE: r"(?:that|this) (?:city|province|region|place)|there(?=\W*$)",
}
_NUMBER = r"(?:[一二三四五六七八九十]{1,3}|\d{1,3}|[ivx]{1,4}|[Ⅰ-Ⅻⅰ-ⅻ])"
_STAGE = (
    rf"(?<![a-z\d])(?:第{_NUMBER}\s?(?:期|批次|批|阶段|轮|届|类(?![似别]))"
    rf"|{_NUMBER}\s?(?:期(?![间限货])|类(?![似别]))|[abc]轮)"
    r"|(?<![a-z\d])(?:phase|stage|round|batch|class|tier|category)s?[ -]"
    r"(?:[ivx]{1,4}[ab]?|\d{1,2}|one|two|three|four|five|[a-c])(?![a-z\d])"
    r"|(?<![a-z\d])(?:first|second|third|fourth|fifth|\d{1,2}(?:st|nd|rd|th)) "
    r"(?:phase|stage|round|batch|class|tier|category)(?![a-z])"
)
_YEAR = r"(?<!\d)(?:(?:19|20)\d\d(?!\d)|[二一][〇零○九][〇零○一二三四五六七八九]{2}(?=年))年?"
_MEASURES = "[项个款种笔类份家座所次批部套位条些]"


def _alternatives(words: Iterable[str]) -> str:
    return "|".join(sorted((re.escape(word) for word in words), key=lambda word: -len(word)))


_KINDS_OF_WORDS = {word: kind for kind, words in _WORDS.items() for word in words.split()}
_KINDS_OF_ENGLISH = {word: kind for kind, words in _ENGLISH.items() for word in words.split()}
_NAMELESS = "|".join(
    _alternatives(_WORDS[kind].split())
    for kind in (PieceKind.NOUN, PieceKind.MONEY, PieceKind.ATTRIBUTE)
)
_ENGLISH_NAMELESS = "|".join(
    _alternatives(_ENGLISH[kind].split())
    for kind in (PieceKind.NOUN, PieceKind.MONEY, PieceKind.ATTRIBUTE)
)
_POINTING = (
    rf"它们?|他们|其中|其(?=的|{_NAMELESS})|上述的?|前述的?|刚才(?:说|提到)?的?"
    rf"|[这那该此]{_MEASURES}(?!年)(?=的|是|{_NAMELESS})|[这那该此同](?={_NAMELESS})|[这此]{_MEASURES}(?=[^\w]|$)|这(?=是)"
    rf"|(?<![a-z])(?:this|that|such) (?=(?:{_ENGLISH_NAMELESS})(?![a-z]))"
    r"|(?<![a-z])(?:this|that)(?=\W*$)"
)
# "Is it true that…" points to nothing before.
_EXPLETIVE = r"(?:is|was) it (?:true|possible|legal|necessary|allowed|mandatory|compulsory)"
_EXPLETIVE += "|(?:does|did|will|would|can|do) it take"
# A measure after 多少 is no subject; 项目, 家电, 条件 begin like one.
_COUNTING = (
    "(?:多少|哪几|几)(?:个(?![体人性])|家(?![电具庭政居])|项(?!目)|条(?![件例款])|名(?![单称])|种(?![子植类])"
    "|人(?![才员口工])|所(?!得)|件|座|款|台|辆|吨|亩|位|次|批|处|部(?!门)|份(?!额)|[万亿]?元|万|亿|天|年|月|倍|类|届)"
)
_GRAMMAR = re.compile(
    rf"(?P<stage>{_STAGE})|(?P<year_number>{_YEAR})|(?P<expletive>{_EXPLETIVE})"
    rf"|(?P<counting>{_COUNTING})"
    rf"|(?P<pointing>{_POINTING})"
    + "".join(rf"|(?<![a-z])(?P<{kind}>{words})(?![a-z])" for kind, words in _PHRASES.items())
    + r"|(?P<latin>[a-z]+(?:[-'][a-z]+)*\d*)"
    + rf"|(?P<han>{_alternatives(_KINDS_OF_WORDS)})"
    + r"|(?P<gap>[\s\x00-\x2f\x3a-\x40\x5b-\x60\x7b-\x7f"
    + "，。、？！；：“”‘’《》〈〉（）〔〕【】…—～·]+)"
)
PLAIN = str.maketrans("’‘", "''")
HAN = re.compile("[\u3400-\u9fff\U00020000-\U0003ffff]")
_MASK = "\x00"


def read_pieces(text: str) -> Reading:
    """Cut a question into pieces, and find what only makes a follow-up of it at both ends."""
    folded = fold_characters(text).translate(PLAIN)
    places = [
        Piece(PieceKind.PLACE, m.start, m.end, folded[m.start : m.end], m.place)
        for m in find_places(text)
    ]
    masked = list(folded)
    for piece in places:
        masked[piece.start : piece.end] = _MASK * (piece.end - piece.start)
    plain = "".join(masked)
    lead, tail = _LEAD.match(plain), _TAIL.search(plain)
    start, end = lead.end() if lead else 0, tail.start() if tail else len(text)
    parts = ((0, start), (start, end), (end, len(text)))
    cut = [piece for part in parts for piece in _merged(_cut(plain, *part))]
    pieces = tuple(sorted([*places, *cut], key=lambda piece: piece.start))
    marks = [lead["mark"], lead["strong"]] if lead else ["", ""]
    return Reading(
        text, folded, pieces, start, end, any(marks), bool(marks[1]), bool(tail and tail["ne"])
    )


_LEAD = re.compile(
    r"\s*(?:(?:好的?|嗯|哦|谢谢|多谢|ok(?:ay)?|thanks|thank you)[\s,.，。!！]+)?"
    r"(?:请问|(?:你|您)?能(?:否|不能)?告诉我|我想知道|(?:can|could) you tell me|please tell me)?"
    r"[\s,，]*"
    r"(?:(?P<strong>同样的?问题|一样的问题|同理|换成|换做|如果换成|至于"
    r"|(?:and |so |then |but )?(?:what|how) about|what of|as for"
    r"|(?:the )?same (?:question|thing)?(?: ?(?:for|about|with|in))(?![a-z]))"
    rf"|(?P<mark>那么|那(?!{_MEASURES}|[里边儿时])|然后|另外|还有(?![哪多什没几])|以及"
    r"|(?:and|then|but|so|or|also|plus)(?![a-z-])))?[\s,，:：]*"
)
_TAIL = re.compile(r"(?P<ne>[呢呐])?[\s?？。.!！~～]*$")


def _cut(plain: str, start: int, end: int) -> Iterator[Piece]:
    """Yield the pieces between two places that are none; what no pattern knows is content."""
    at = content = start
    while at < end:
        match = _GRAMMAR.match(plain, at, end)
        if match is None or (content < at and match[0] in _ONLY_AT_A_BOUNDARY):
            at += 1
            continue
        if content < at:
            yield Piece(PieceKind.CONTENT, content, at, plain[content:at])
        if match.lastgroup != "gap":
            yield Piece(_kind_of(match), at, match.end(), match[0])
        at = content = match.end()
    if content < end:
        yield Piece(PieceKind.CONTENT, content, end, plain[content:end])


# Inside a name these are no words of grammar: 智能, 峰会, 自由.
_ONLY_AT_A_BOUNDARY = frozenset(
    "能会要应由以为将都后从到向可按过只即各每共则该那这需被把让比除怎何算写讲称来去做办领报交查找发定拿钱"
)


def _merged(pieces: Iterable[Piece]) -> Iterator[Piece]:
    """Yield pieces, those of content that touch each other as one: 5G, 新能源."""
    last: Piece | None = None
    for piece in pieces:
        if last and last.kind is piece.kind is PieceKind.CONTENT and last.end == piece.start:
            last = replace(last, end=piece.end, text=last.text + piece.text)
            continue
        if last:
            yield last
        last = piece
    if last:
        yield last


def _kind_of(match: re.Match[str]) -> PieceKind:
    match match.lastgroup:
        case "latin":
            word = match[0].removesuffix("'s")
            return _KINDS_OF_ENGLISH.get(word, PieceKind.CONTENT)
        case "han":
            return _KINDS_OF_WORDS[match[0]]
        case "year_number":
            return PieceKind.YEAR
        case "expletive" | "counting":
            return PieceKind.ASKING
    return PieceKind(str(match.lastgroup))

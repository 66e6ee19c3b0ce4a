"""A follow-up ("那二期呢？", "and Hubei?") -> the standalone question that it means; pure rules.

A question is cut into pieces of known kinds: places, years, stages, words that ask, words that
name nothing by themselves (上限, company), and the rest, which is its subject. One that has a
subject of its own stands alone and is never touched. Of the others what they name takes the
place of the like in the question before (place for place, stage for stage); and where they name
an attribute or ask on, the subject of the question before is put in front. The rules are folded
over the last turns, so that chains of follow-ups work.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from index.places import Place, find_places
from index.script import fold_characters, script_of, to_simplified, to_traditional
from rag.messages import listed, name_of, refusals
from rag.types import Turn
from rag.understand import language_of

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
    return len(text) > _LONGEST_QUESTION or _manner(_read(text)) is _Manner.ALONE


# --- Pieces -----------------------------------------------------------------------------------


class _Kind(StrEnum):
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


_SLOTS = (_Kind.PLACE, _Kind.YEAR, _Kind.PART, _Kind.STAGE)
_TOPIC = (_Kind.CONTENT, _Kind.NOUN, _Kind.MONEY)


@dataclass(frozen=True, slots=True)
class _Piece:
    """`folded[start:end] == text` of the question that it is cut from."""

    kind: _Kind
    start: int
    end: int
    text: str
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class _Reading:
    """A question cut into pieces; `start` and `end` leave out 那, "what about" and 呢."""

    text: str
    folded: str
    pieces: tuple[_Piece, ...]  # all, in order
    start: int
    end: int
    marked: bool  # begins as a follow-up does: 那, and
    strong: bool  # begins as nothing else does: what about, 同样的问题
    tail: bool  # ends with 呢

    @property
    def inner(self) -> tuple[_Piece, ...]:
        return tuple(p for p in self.pieces if p.start >= self.start and p.end <= self.end)

    def of(self, *kinds: _Kind) -> list[_Piece]:
        return [piece for piece in self.inner if piece.kind in kinds]

    def has(self, *kinds: _Kind) -> bool:
        return any(piece.kind in kinds for piece in self.inner)


@dataclass(frozen=True, slots=True)
class _Context:
    """The last question as it stands alone, its subject without what it asks, and its answer."""

    text: str
    subject: str
    answer: str = ""


# Words by kind; Simplified and lower case, as texts are folded. The longest counts.
_WORDS: dict[_Kind, str] = {
    _Kind.ASKING: (
        "什么时候 什么时间 什么样 什么 甚么 多少钱 多少 多大 多长 多久 多高 多远 多快 几时 何时"
        " 何地 何处 何种 有何 何 如何 怎么样 怎么 怎样 怎 为什么 为何 谁 是否 能否 可否 有没有"
        " 有无 是不是 吗 哪一年 哪一天 哪年 哪天 哪月 哪些 哪几 哪个 哪家 哪里 哪儿 哪座 哪种"
        " 哪类 哪位 哪项 哪条 哪批 哪所 哪 几个 几家 几项 几名 几人 几位 几次 几批 几种 几月 几号"
        " 几年 几天 几条 几所 介绍 列出 列举 比较 总结 说明 解释 告诉我"
    ),
    _Kind.WORD: (
        "的 了 是 在 对 对于 关于 给 给予 有 会 能 能够 可 可以 要 需 需要 应 应该 应当 到 从 由"
        " 与 和 以及 及 或者 或 为 以 向 把 被 让 将 就 都 还 又 再 吧 啊 呀 哦 嗯 呢 请 请问"
        " 我们 我 想知道 一下 说说 共有 总共 一共 合计 共 分别 各 各自 每年 每家 每个 每 大概"
        " 大约 大致 左右 目前 现在 现行 具体 详细 主要 单个 最新 里面 以内 之间 期间 该 那 这 后"
        " 按 则 只 仅 仍 已 已经 曾 过 即 或是 还是 必须 一般 通常"
    ),
    _Kind.VERB: (
        "申请 申报 申领 领取 享受 获得 得到 拿到 开始 结束 开工 投产 完工 竣工 建成 启动 生效"
        " 实施 执行 施行 发布 公布 印发 出台 发放 拨付 支付 兑现 负责 牵头 主管 管理 审批 审核"
        " 受理 办理 提交 提供 准备 满足 符合 具备 适用于 适用 规定 包括 包含 涉及 属于 位于 举行"
        " 举办 召开 截止 到期 持续 增长 下降 提高 达到 完成 实现 超过 限制 变化 调整 计算 算 说"
        " 写 讲 提到 叫 称为 支持 鼓励 扶持 设立 成立 承担 参加 参与 合作 开放 关闭 停止 取消"
        " 延长 报名 用于 使用 划分 分配 来 去 做 办 领 报 交 查 找 发 定"
    ),
    _Kind.NOUN: (
        "企业 公司 有限公司 股份有限公司 集团 单位 机构 个人 人员 项目 平台 产品 政策 措施 办法"
        " 规定 条例 文件 通知 意见 方案 计划 规划 资金 经费 部门 机关 城市 省份 地区 地方 省市"
        " 地市 对象 内容 任务 情况 结果 方式 网站 渠道 窗口 电话 联系人 名称 类型 类别 种类 领域"
        " 主体 法规 法律 制度 细则 指南 公告 条款 征求意见稿 草案 原文 出处 来源 附件 意思"
    ),
    _Kind.MONEY: (
        "奖励 奖金 奖补 补贴 补助 资助 贴息 贷款 优惠 减免 津贴 退税 扶持资金 专项资金 奖励资金"
    ),
    _Kind.ATTRIBUTE: (
        "上限 下限 最高 最低 最多 最少 最大 最小 封顶 总额 总数 总量 金额 数额 额度 期限 有效期"
        " 时限 周期 年限 截止日期 截止时间 申报时间 申请时间 开始时间 结束时间 时间 日期 条件"
        " 要求 门槛 资格 标准 材料 资料 流程 程序 步骤 手续 适用范围 范围 比例 占比 比重 增速"
        " 增长率 产值 数量 规模 面积 投资额 总投资 投资 原因 依据 名单 目标 主管部门 负责部门"
        " 牵头单位 牵头部门 处罚 罚则 总部 地址 次数 频率 作用 意义 文号"
    ),
    _Kind.SIMILAR: "也 同样 一样 相同 这样 类似 同等",
    _Kind.BESIDE: "相比 相较 比 对比 比起 区别 差别 差距 不同 除了 除 之外 以外",
    _Kind.YOU: "你 您 你们",
    _Kind.CHAT: ("谢谢 多谢 感谢 你好 您好 好的 好吧 明白 知道了 再见 拜拜 早上好 下午好 晚上好"),
    _Kind.PART: (
        "上半年 下半年 一季度 二季度 三季度 四季度 第一季度 第二季度 第三季度 第四季度 全年"
    ),
    _Kind.YEAR: (
        "去年 今年 明年 前年 后年 以前 之前 此前 后来 之后 今后 前一年 上一年 次年 同年 当年"
    ),
    _Kind.PLACE: (
        "其他城市 其他省份 其他地区 其他地方 其他地市 其他省市 其他省 别的城市 别的省份 全国 全省"
    ),
    _Kind.POINTING_PLACE: "当地 那里 那边 那儿 该市 该省 该区 该县 该地 该地区 该城市",
    # Words of a subject that begin with a word of grammar.
    _Kind.CONTENT: (
        "有色 有机 有轨 在线 在职 在建 在校 在岗 对外 对口 对标 给药 给水 给排水 可再生 可持续"
        " 可转债 可降解 会计 会展 会议 会员 要素 从业 从事 向量 与会 为民 将军 能源 能耗 能效"
        " 能量 能力 都市 也门 还款 还原 再生 再制造 再就业 再融资 再贷款 了解 应急 应用 应收 应付"
        " 应届 需求 以旧换新 各类 共享 共建 共同 共有产权 过敏 过境 过剩 过渡 及时 按揭 按摩 只读"
        " 叫号 讲座 写字楼 说明书 算力 算法 条例草案 最低工资 最低生活保障 最惠国 最高人民法院"
        " 最高人民检察院 仅退款 后勤 后备 这几年 这两年 这一年 这些年 那几年 那些年 该不该 其他"
        " 其它 或有 被动 被保险 让利 由来 把关 比赛 比亚迪 比特币 比武 到岸 到账 和解 和平 给付"
        " 要约 是非 请示 请愿 标准化 规模化 投资者 时间戳 目标责任 范围经济"
    ),
}
_ENGLISH: dict[_Kind, str] = {
    _Kind.ASKING: (
        "what which who whom whose when where why how is are was were do does did can could will"
        " would should may might has have had many much long often tell list compare explain"
        " summarise summarize describe whether"
    ),
    _Kind.WORD: (
        "the a an of in on at for to from by with within under about as and or but if then so"
        " here any some all each per not no please me us we i my our there be been being into"
        " than that this only just exactly altogether currently now up out well one ones its his"
        " own am let know through during until since after before s"
    ),
    _Kind.VERB: (
        "give gives given giving offer offers offered pay pays paid get gets receive receives"
        " provide provides apply applies applied applying start starts started begin begins end"
        " ends expire expires last lasts take takes effect open close issue issued issues publish"
        " published released valid need needed needs required qualify qualifies handle handles"
        " say says said cover covers covered include includes included happen work works change"
        " changed calculated limited allowed available come comes go goes run runs decide decides"
        " see responsible charge"
    ),
    _Kind.NOUN: (
        "company companies firm firms enterprise enterprises business businesses project projects"
        " programme programmes program programs policy policies measure measures rule rules"
        " document documents material materials paperwork department departments agency body"
        " office authority city cities province provinces region regions place places year years"
        " month months day days detail details thing things person people applicant applicants"
        " kind kinds type types plan scheme notice law regulation regulations website contact"
        " list"
    ),
    _Kind.MONEY: (
        "subsidy subsidies grant grants reward rewards award awards bonus bonuses loan loans"
        " funding funds fund incentive incentives allowance allowances money support"
    ),
    _Kind.ATTRIBUTE: (
        "cap caps limit limits ceiling floor maximum minimum max min most least amount amounts"
        " total sum number deadline date dates time period duration term condition conditions"
        " requirement requirements criteria eligibility eligible procedure process steps scope"
        " target targets share ratio rate percentage headquarters address phone reason basis"
        " purpose"
    ),
    _Kind.SIMILAR: "same too also similar similarly likewise",
    _Kind.BESIDE: ("compared versus vs differ difference differences except besides unlike"),
    _Kind.YOU: "you your yours yourself",
    _Kind.CHAT: "thanks thank hello hi hey bye goodbye ok okay great",
    _Kind.PART: "q1 q2 q3 q4",
    _Kind.POINTING: "it its they them their theirs these those",
}
_PHRASES: dict[_Kind, str] = {
    _Kind.PLACE: "(?:other|another) (?:cit(?:y|ies)|provinces?|regions?|places?)|nationwide",
    _Kind.YEAR: "(?:last|this|next|previous) year|earlier|previously",
    _Kind.PART: "(?:first|second) half|(?:first|second|third|fourth) quarter",
    _Kind.POINTING_PLACE: r"(?:that|this) (?:city|province|region|place)|there(?=\W*$)",
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
    _alternatives(_WORDS[kind].split()) for kind in (_Kind.NOUN, _Kind.MONEY, _Kind.ATTRIBUTE)
)
_ENGLISH_NAMELESS = "|".join(
    _alternatives(_ENGLISH[kind].split()) for kind in (_Kind.NOUN, _Kind.MONEY, _Kind.ATTRIBUTE)
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
    "|人(?![才员口工])|所(?!得)|件|座|款|台|辆|吨|亩|位|次|批|处|部(?!门)|份(?!额)|万|亿|元|天|年|月|倍|类|届)"
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
_PLAIN = str.maketrans("’‘", "''")
_MASK = "\x00"


def _read(text: str) -> _Reading:
    """Cut a question into pieces, and find what only makes a follow-up of it at both ends."""
    folded = fold_characters(text).translate(_PLAIN)
    places = [
        _Piece(_Kind.PLACE, m.start, m.end, folded[m.start : m.end], m.place)
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
    return _Reading(
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


def _cut(plain: str, start: int, end: int) -> Iterator[_Piece]:
    """Yield the pieces between two places that are none; what no pattern knows is content."""
    at = content = start
    while at < end:
        match = _GRAMMAR.match(plain, at, end)
        if match is None or (content < at and match[0] in _ONLY_AT_A_BOUNDARY):
            at += 1
            continue
        if content < at:
            yield _Piece(_Kind.CONTENT, content, at, plain[content:at])
        if match.lastgroup != "gap":
            yield _Piece(_kind_of(match), at, match.end(), match[0])
        at = content = match.end()
    if content < end:
        yield _Piece(_Kind.CONTENT, content, end, plain[content:end])


# Inside a name these are no words of grammar: 智能, 峰会, 自由.
_ONLY_AT_A_BOUNDARY = frozenset(
    "能会要应由以为将都后从到向可按过只即各每共则该那这需被把让比除怎何算写讲称来去做办领报交查找发定"
)


def _merged(pieces: Iterable[_Piece]) -> Iterator[_Piece]:
    """Yield pieces, those of content that touch each other as one: 5G, 新能源."""
    last: _Piece | None = None
    for piece in pieces:
        if last and last.kind is piece.kind is _Kind.CONTENT and last.end == piece.start:
            last = replace(last, end=piece.end, text=last.text + piece.text)
            continue
        if last:
            yield last
        last = piece
    if last:
        yield last


def _kind_of(match: re.Match[str]) -> _Kind:
    match match.lastgroup:
        case "latin":
            word = match[0].removesuffix("'s")
            return _KINDS_OF_ENGLISH.get(word, _Kind.CONTENT)
        case "han":
            return _KINDS_OF_WORDS[match[0]]
        case "year_number":
            return _Kind.YEAR
        case "expletive" | "counting":
            return _Kind.ASKING
    return _Kind(str(match.lastgroup))


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


def _manner(asked: _Reading) -> _Manner:
    if not asked.pieces:
        return _Manner.CHAT
    if len(asked.text) > _LONGEST_FOLLOW_UP:
        return _Manner.ALONE
    if _MORE.match(asked.folded):
        return _Manner.MORE
    if _is_chat(asked):
        return _Manner.CHAT
    if asked.has(_Kind.YOU) or not asked.inner:
        return _Manner.ALONE if asked.has(_Kind.CONTENT) else _Manner.CHAT
    if _is_elliptic(asked):
        alone = _is_telling(asked) and asked.has(_Kind.PLACE)
        return _Manner.ALONE if alone else _Manner.ELLIPTIC
    if _points_back(asked) and not _is_telling(asked):
        return _Manner.ASKS_ON
    return _manner_by_subject(asked)


def _is_chat(asked: _Reading) -> bool:
    spoken = any(piece.kind is _Kind.CHAT for piece in asked.pieces)
    return spoken and not asked.has(_Kind.ASKING, *_SLOTS)


def _is_elliptic(asked: _Reading) -> bool:
    """Tell whether a question only names something, as 那湖北呢 and "2024年？" do."""
    if asked.has(_Kind.ASKING) and not asked.strong:
        return asked.marked and _asks_for_existence(asked)
    if asked.strong or asked.marked or asked.tail:
        return asked.has(*_SLOTS, *_TOPIC, _Kind.ATTRIBUTE)
    others = {piece.kind for piece in asked.inner} - {*_SLOTS, _Kind.WORD}
    return others == {_Kind.ATTRIBUTE} or (not others and asked.has(*_SLOTS))


def _asks_for_existence(asked: _Reading) -> bool:
    """Tell whether a question asks of one thing only whether it has what was spoken of."""
    others = {piece.kind for piece in asked.inner} - {_Kind.CONTENT, _Kind.NOUN, _Kind.WORD}
    asking = [piece.text for piece in asked.of(_Kind.ASKING)]
    has = asked.folded[: asked.end].endswith(("有没有", "有无", "有吗"))
    return others == {_Kind.ASKING} and len(asking) == 1 and has


def _is_telling(asked: _Reading) -> bool:
    """Tell whether a question says so much itself that it can only be a new one."""
    own = sum(len(piece.text) for piece in asked.of(_Kind.CONTENT))
    return own > (2 * _OWN_SUBJECT if asked.text.isascii() else _OWN_SUBJECT)


def _points_back(asked: _Reading) -> bool:
    """Tell whether a pronoun stands before anything that it could mean in its own sentence."""
    for piece in asked.inner:
        if piece.kind in (_Kind.CONTENT, _Kind.PLACE):
            return False
        if piece.kind is _Kind.POINTING:
            return True
        if piece.kind is _Kind.POINTING_PLACE:  # 当地居民 are those of the place they live in
            return not any(p.start == piece.end for p in asked.of(_Kind.CONTENT))
    return False


def _manner_by_subject(asked: _Reading) -> _Manner:
    """Decide by what the question names itself, which is all that is left to go by."""
    also = asked.has(_Kind.SIMILAR)
    if asked.has(_Kind.CONTENT):
        asks_on = also and _YES_OR_NO.search(asked.folded) and not _is_telling(asked)
        return _Manner.ASKS_ALSO if asks_on and not asked.has(_Kind.PLACE) else _Manner.ALONE
    if also and asked.has(*_SLOTS):
        return _Manner.ELLIPTIC
    named = asked.has(_Kind.NOUN, _Kind.MONEY, _Kind.ATTRIBUTE)
    if asked.has(_Kind.PLACE):
        # "湖北的政策有哪些？" and "介绍一下湖北" are whole; "湖北给多少？" is not.
        whole = named or any(piece.text in _TELL for piece in asked.of(_Kind.ASKING))
        return _Manner.ALONE if whole and not asked.marked else _Manner.ASKS_ON
    return _Manner.ASKS_ON if named or asked.has(_Kind.ASKING, *_SLOTS) else _Manner.ALONE


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
    asked = _read(question)
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


def _carried(context: _Context, asked: _Reading, text: str) -> tuple[str, ...]:
    """Return the telling words of earlier turns that a question did not have and now has."""
    folded = fold_characters(text).translate(_PLAIN)
    words = [
        one.text[piece.start : piece.end]
        for one in map(_read, (context.text, context.subject, context.answer))
        for piece in one.pieces
        if piece.kind in (*_SLOTS, _Kind.CONTENT, _Kind.MONEY)
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


def _more(asked: _Reading, context: _Context) -> tuple[str, str]:
    return _joined(context.text, asked.text.strip()), context.subject


def _asks_also(asked: _Reading, context: _Context) -> tuple[str, str]:
    """Put the place and year of the question before in front of AI制药也有奖励吗."""
    where = _only(context.subject, (_Kind.PLACE, _Kind.YEAR))
    rest = asked.text[asked.start :].strip()
    return _joined(where, rest), _joined(where, _subject(asked))


def _asks_on(asked: _Reading, context: _Context) -> tuple[str, str]:
    """Put the subject before a question that lacks one, or in the place of what points to it."""
    subject, rest = context.subject, asked
    if not asked.has(_Kind.BESIDE):
        subject, rest = _with_slots(subject, asked)
    if asked.has(_Kind.ATTRIBUTE):
        subject = _without_opposites(subject, asked)
    pointing = next(iter(rest.of(_Kind.POINTING, _Kind.POINTING_PLACE)), None)
    if pointing:
        return _resolved_pointing(rest, pointing, replace(context, subject=subject))
    return _joined(subject, _after_lead(rest)), subject


def _elliptic(asked: _Reading, context: _Context) -> tuple[str, str]:
    """Put what is named in the place of its like."""
    if asked.has(_Kind.BESIDE):
        return _joined(context.subject, asked.text.strip()), context.subject
    text, subject = context.text, context.subject
    for kind in _SLOTS:
        if asked.has(kind):
            text, subject = _swapped(text, asked, kind), _swapped(subject, asked, kind)
    if asked.has(_Kind.SIMILAR) or not asked.has(*_TOPIC, _Kind.ATTRIBUTE):
        return text, subject
    return _other_subject(asked, _Context(text, subject))


def _other_subject(asked: _Reading, context: _Context) -> tuple[str, str]:
    """Ask for another attribute, or of another thing, than the question before."""
    if asked.has(_Kind.ATTRIBUTE):
        text = _opposite(context.text, asked)
        if text and not asked.has(_Kind.CONTENT):
            return text, _opposite(context.subject, asked) or context.subject
        subject = context.subject
        if asked.has(_Kind.CONTENT):
            subject = _only(subject, (_Kind.PLACE, _Kind.YEAR, _Kind.STAGE))
        subject = _without_opposites(subject, asked)
        return _joined(subject, _after_lead(_without_leading_slots(asked))), subject
    swapped = _topic_swapped(context.text, asked)
    if swapped:
        return swapped, _topic_swapped(context.subject, asked) or context.subject
    return _joined(context.subject, _after_lead(_without_leading_slots(asked))), context.subject


_Maker = Callable[[_Reading, _Context], tuple[str, str]]
_MAKERS: dict[_Manner, _Maker] = {
    _Manner.MORE: _more,
    _Manner.ELLIPTIC: _elliptic,
    _Manner.ASKS_ON: _asks_on,
    _Manner.ASKS_ALSO: _asks_also,
}

_HAN = re.compile("[\u3400-\u9fff\U00020000-\U0003ffff]")
_EDGES = " \t\n,，.。;；:：?？!！、"


def _joined(subject: str, rest: str) -> str:
    subject, rest = subject.strip(_EDGES), rest.strip()
    if not subject or not rest:
        return subject or rest
    return f"{subject}，{rest}" if _HAN.search(subject) else f"{subject}: {rest}"


def _after_lead(asked: _Reading) -> str:
    """Return a question without 那, "and" and the 的 that what was taken away has left."""
    return asked.text[asked.start :].strip(" ,，:：的'").removeprefix("s ")


def _subject(asked: _Reading) -> str:
    """Return what a question is about: its first sentence with a subject, without what it asks."""
    pieces = [piece for piece in _first_sentence(asked) if piece.kind is not _Kind.CHAT]
    while pieces and pieces[-1].kind in _BARE_ENDS:
        pieces.pop()
    while pieces and pieces[0].kind in (*_BARE_ENDS, _Kind.SIMILAR):
        pieces.pop(0)
    if not pieces:
        return asked.text.strip(_EDGES)
    kept = list(asked.text[: pieces[-1].end])
    for piece in pieces:
        if piece.kind in (_Kind.ASKING, _Kind.POINTING):
            kept[piece.start : piece.end] = [""] * (piece.end - piece.start)
    words = "".join(kept[pieces[0].start :])
    return re.sub(r"\s+", " ", words)


_BARE_ENDS = (_Kind.WORD, _Kind.VERB, _Kind.ASKING, _Kind.ATTRIBUTE, _Kind.POINTING)
_SENTENCE_END = re.compile("[？?。；;！!\n]")


def _first_sentence(asked: _Reading) -> list[_Piece]:
    start = asked.start
    for match in [*_SENTENCE_END.finditer(asked.text, start), None]:
        end = match.start() if match else len(asked.text)
        pieces = [piece for piece in asked.pieces if start <= piece.start < end]
        if any(piece.kind in (_Kind.CONTENT, _Kind.PLACE) for piece in pieces):
            return pieces
        start = end
    return list(asked.inner)


def _only(text: str, kinds: Sequence[_Kind]) -> str:
    """Return only the words of some kinds, such as the places of a subject."""
    words = [text[p.start : p.end] for p in _read(text).pieces if p.kind in kinds]
    return ("" if _HAN.search(text) else " ").join(dict.fromkeys(words))


# --- Place for place, year for year -------------------------------------------------------------

_LINKS = re.compile(r"(?:[\s、,，/~至到和与及或-]|and|or|to)*")


def _groups(reading: _Reading, kind: _Kind) -> list[list[_Piece]]:
    """Return pieces of a kind, those in one list together: 湖南和江西, 浙江省杭州市."""
    groups: list[list[_Piece]] = []
    for piece in reading.inner:
        if piece.kind is not kind:
            continue
        gap = reading.folded[groups[-1][-1].end : piece.start] if groups else None
        if gap is not None and _LINKS.fullmatch(gap):
            groups[-1].append(piece)
        else:
            groups.append([piece])
    return groups


def _swapped(text: str, asked: _Reading, kind: _Kind) -> str:
    """Return a text with what `asked` names of a kind in the place of its like, or put in."""
    named = _groups(asked, kind)[0]
    base = _read(text)
    old = _like(_groups(replace(base, start=0, end=len(text)), kind), named, kind)
    new = _written(asked, named, kind, text, old)
    if not old:
        return _inserted(text, new, kind)
    return text[: old[0].start] + new + text[old[-1].end :]


# Years that another one tells.
_BESIDE_A_YEAR = {"前一年": -1, "上一年": -1, "次年": 1, "同年": 0, "当年": 0, "previous year": -1}


def _like(groups: list[list[_Piece]], named: list[_Piece], kind: _Kind) -> list[_Piece]:
    """Choose which group is replaced: that of the same level or unit."""
    if kind is _Kind.STAGE:
        unit = _stage(named[0].text)[1]
        return next((group for group in groups if _stage(group[0].text)[1] == unit), [])
    levels = {piece.place.level for piece in named if piece.place}
    same = [g for g in groups if any(p.place and p.place.level in levels for p in g)]
    return next(iter([*same, *groups]), [])


def _written(
    asked: _Reading, named: list[_Piece], kind: _Kind, text: str, old: list[_Piece]
) -> str:
    """Return what is named as the language of the other question writes it."""
    words = asked.text[named[0].start : named[-1].end]
    chinese = bool(_HAN.search(text))
    if kind is _Kind.YEAR:
        known = re.match(r"\d{4}", fold_characters(old[0].text)) if old else None
        if known and named[0].text in _BESIDE_A_YEAR:
            words = str(int(known[0]) + _BESIDE_A_YEAR[named[0].text])
        if chinese and words.isdigit():
            return f"{words}年"
        return words.replace("年", "") if words[:4].isdigit() and not chinese else words
    if bool(_HAN.search(words)) == chinese:
        return words
    if kind is _Kind.PLACE and all(piece.place for piece in named):
        language = language_of(text)
        return listed([name_of(p.place, language) for p in named if p.place], language)
    return _stage_across(words, old, chinese) if kind is _Kind.STAGE else words


def _inserted(text: str, new: str, kind: _Kind) -> str:
    if _HAN.search(text):
        return f"{new}，{text}" if kind is _Kind.STAGE else new + text
    end = len(text.rstrip(_EDGES))
    word = "for" if kind is _Kind.STAGE else "in"
    return f"{text[:end]} {word} {new}{text[end:]}"


def _with_slots(subject: str, asked: _Reading) -> tuple[str, _Reading]:
    """Return the subject with what a question names in the place of its like, and the rest."""
    known = _read(subject)
    for kind in _SLOTS:
        if asked.has(kind) and any(piece.kind is kind for piece in known.pieces):
            subject = _swapped(subject, asked, kind)
    return subject, _without_leading_slots(asked, {piece.kind for piece in known.pieces})


def _without_leading_slots(asked: _Reading, kinds: Iterable[_Kind] = _SLOTS) -> _Reading:
    """Return a question that begins after the places and years at its beginning."""
    start, known = asked.start, set(kinds)
    for piece in asked.inner:
        if piece.kind not in _SLOTS or piece.kind not in known:
            break
        start = piece.end
    return replace(asked, start=start)


_DIGITS = "零一二三四五六七八九十"
_ROMANS = ("", "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X")
_ORDINALS = ("", "first", "second", "third", "fourth", "fifth")
_CARDINALS = ("", "one", "two", "three", "four", "five")
_UNITS = {
    "期": "phase",
    "阶段": "stage",
    "批次": "batch",
    "批": "batch",
    "轮": "round",
    "届": "session",
    "类": "class",
}
_CHINESE_UNITS = {"phase": "期", "stage": "阶段", "batch": "批", "round": "轮", "class": "类"}


def _stage(words: str) -> tuple[int, str]:
    """Return the number, 0 if it is none up to ten, and the English unit of a stage."""
    folded = fold_characters(words)
    unit = next((_UNITS[one] for one in _UNITS if one in folded), "")
    unit = unit or next((one for one in (*_CHINESE_UNITS, "tier", "category") if one in folded), "")
    for part in re.findall(r"\d+|[一二三四五六七八九十]+|[Ⅰ-Ⅻⅰ-ⅻ]|[a-z]+", folded):
        if number := _small_number(part):
            return number, unit
    return 0, unit


def _small_number(part: str) -> int:
    if part.isdigit():
        return int(part)
    if "Ⅰ" <= part <= "Ⅻ" or "ⅰ" <= part <= "ⅻ":
        return (ord(part) - ord("Ⅰ")) % 16 + 1
    for names in (list(_DIGITS), [one.lower() for one in _ROMANS], _ORDINALS, _CARDINALS):
        if part in names:
            return names.index(part)
    return 0


def _stage_across(words: str, old: list[_Piece], chinese: bool) -> str:
    """Return a stage in the other language, as the stage that it replaces is written."""
    number, unit = _stage(words)
    if not 0 < number <= 10 or unit not in _CHINESE_UNITS:
        return words
    before = old[0].text if old else ""
    if not chinese:
        return f"{unit} {number if re.search('[0-9]', before) else _ROMANS[number]}"
    written = _DIGITS[number]
    if re.search("[ivxⅠ-Ⅻ]", before):
        written = _ROMANS[number]
    elif re.search(r"\d", before):
        written = str(number)
    first = "第" if before.startswith("第") or unit in ("batch", "round") else ""
    return first + written + _CHINESE_UNITS[unit]


# --- Attribute for attribute, subject for subject -----------------------------------------------

_OPPOSITES = (
    frozenset(["上限", "下限", "最高", "最低", "最多", "最少", "最大", "最小"]),
    frozenset(["maximum", "minimum", "max", "min", "most", "least", "ceiling", "floor"]),
)


def _opposite_pieces(text: str, asked: _Reading) -> tuple[list[_Piece], list[_Piece]]:
    """Return the limits that a text and a question name, both of one kind."""
    for words in _OPPOSITES:
        new = [p for p in asked.of(_Kind.ATTRIBUTE) if p.text in words]
        old = [p for p in _read(text).pieces if p.text in words and p.kind is _Kind.ATTRIBUTE]
        if new and old:
            return old, new
    return [], []


def _opposite(text: str, asked: _Reading) -> str:
    """Return a text with 最低 in the place of 最高; "" if there is nothing of the kind."""
    old, new = _opposite_pieces(text, asked)
    if not old:
        return ""
    words = asked.text[new[0].start : new[0].end]
    return text[: old[0].start] + words + text[old[0].end :]


def _without_opposites(text: str, asked: _Reading) -> str:
    old, _ = _opposite_pieces(text, asked)
    return text[: old[0].start] + text[old[0].end :] if old else text


def _runs(reading: _Reading) -> list[list[_Piece]]:
    """Return the nominal phrases of a question: pieces of its topic that touch each other."""
    runs: list[list[_Piece]] = []
    for piece in reading.inner:
        if piece.kind not in _TOPIC:
            continue
        gap = reading.folded[runs[-1][-1].end : piece.start] if runs else None
        if gap is not None and not gap.strip(" 、-"):
            runs[-1].append(piece)
        else:
            runs.append([piece])
    return runs


def _topic_swapped(text: str, asked: _Reading) -> str:
    """Return a text with another thing in the place of its like; "" if it has none."""
    new = [piece for run in _runs(asked) for piece in run]
    words = asked.text[new[0].start : new[-1].end]
    base = replace(_read(text), start=0, end=len(text))
    if all(piece.kind is not _Kind.CONTENT for piece in new):
        head = next((p for p in reversed(base.inner) if p.kind is new[-1].kind), None)
        return text[: head.start] + words + text[head.end :] if head else ""
    old = _like_run(_runs(base), new)
    if not old:
        return ""
    return text[: old[0].start] + words + text[old[-1].end :]


def _like_run(runs: list[list[_Piece]], new: list[_Piece]) -> list[_Piece]:
    """Choose the phrase that a new one replaces: of the same head, or else the longest.

    A head of the phrase, such as 目标 or 企业, stays where the new one has none.
    """
    runs = [run for run in runs if any(piece.kind is _Kind.CONTENT for piece in run)]
    if not runs:
        return []
    same = [run for run in runs if run[-1].text == new[-1].text]
    old = max(same or runs, key=lambda run: (_is_akin(run, new), run[-1].end - run[0].start))
    if new[-1].kind is _Kind.CONTENT:
        while old[-1].kind is not _Kind.CONTENT:
            old = old[:-1]
    return old


def _is_akin(run: list[_Piece], new: list[_Piece]) -> bool:
    """Tell whether two phrases end alike, as things of one kind do: 创新药, 改良型新药."""
    return run[-1].text[-1] == new[-1].text[-1]


# --- What a pronoun points to -------------------------------------------------------------------

_BODY = re.compile(
    rf".{{2,{_LONGEST_NAME}}}"
    "(?:公司|集团|研究院|研究所|大学|学院|医院|中心|实验室|委员会|协会|集團|研究院|大學|學院|醫院|實驗室|委員會|協會)"
)
_ASKS_BODY = re.compile("哪家|哪个|哪所|谁|which company|which firm|which institut|who ")


def _resolved_pointing(asked: _Reading, pointing: _Piece, context: _Context) -> tuple[str, str]:
    """Return a question with a name in the place of a pronoun, or with the subject before it."""
    before, after = asked.text[asked.start : pointing.start], asked.text[pointing.end :]
    if pointing.kind is _Kind.POINTING_PLACE:
        where = _only(context.subject, [_Kind.PLACE]) or _place_in(context.answer)
        if where and not context.text.isascii():
            return before + where + after, _joined(where, context.subject)
        return _joined(where or context.subject, asked.text[asked.start :].strip()), context.subject
    if not _HAN.search(asked.text):
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
    reading = _read(subject)
    end = 0
    for piece in reading.pieces:
        if piece.start != end or piece.kind not in (*_TOPIC, _Kind.PLACE):
            break
        end = piece.end
    named = any(p.kind is _Kind.CONTENT for p in reading.pieces if p.end <= end)
    return subject[:end] if named else ""


def _head(name: str) -> str:
    pieces = _read(name).pieces
    return pieces[-1].text if pieces[-1].kind in (_Kind.NOUN, _Kind.MONEY) else "\0"


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
    reading = _read(answer)
    runs = [answer[run[0].start : run[-1].end] for run in _runs(replace(reading, start=0))]
    names = {match[0] for match in map(_BODY.match, runs) if match}
    return names.pop() if len(names) == 1 else ""


def _is_refusal(answer: str) -> bool:
    return answer.strip().startswith(refusals())

"""What the program itself says to a reader, in the language of the question."""

from index.places import Place
from index.script import to_traditional
from rag.types import Language

_MESSAGES: dict[str, dict[Language, str]] = {
    "refusal": {
        "en": "The documents do not say.",
        "zh": "资料中没有答案。",
        "zh-Hant": "資料中沒有答案。",
    },
    "empty_library": {
        "en": "The library is empty: add documents to it first.",
        "zh": "资料库是空的，请先添加文件。",
        "zh-Hant": "資料庫是空的，請先新增文件。",
    },
    "nothing": {
        "en": "Nothing was found.",
        "zh": "没有找到相关内容。",
        "zh-Hant": "沒有找到相關內容。",
    },
    "nothing_about": {
        "en": "Nothing was found about {0}.",
        "zh": "没有找到关于{0}的内容。",
        "zh-Hant": "沒有找到關於{0}的內容。",
    },
    "other_subject": {
        "en": "The documents do not speak of this subject.",
        "zh": "资料没有谈到这个问题。",
        "zh-Hant": "資料沒有談到這個問題。",
    },
    "absent": {
        "en": "The documents on this subject do not speak of {0}.",
        "zh": "相关资料没有提到{0}。",
        "zh-Hant": "相關資料沒有提到{0}。",
    },
    "no_figure": {
        "en": "The documents on this subject give no figure.",
        "zh": "相关资料没有给出数字。",
        "zh-Hant": "相關資料沒有給出數字。",
    },
    "no_question": {
        "en": "This asks nothing that the documents could answer.",
        "zh": "这不是可以用资料回答的问题。",
        "zh-Hant": "這不是可以用資料回答的問題。",
    },
    "no_figure_for": {
        "en": "The documents speak of {0}, but give no figure for {1}.",
        "zh": "资料谈到{0}，但没有{1}的数字。",
        "zh-Hant": "資料談到{0}，但沒有{1}的數字。",
    },
    "no_figure_of": {
        "en": "The documents on this subject give no figure for {0}.",
        "zh": "相关资料没有给出{0}的数字。",
        "zh-Hant": "相關資料沒有給出{0}的數字。",
    },
    "ask_about": {
        "en": "What do the documents say about “{0}”?",
        "zh": "关于“{0}”，资料怎么说？",
        "zh-Hant": "關於「{0}」，資料怎麼說？",
    },
    "the_subject": {"en": "this subject", "zh": "这个问题", "zh-Hant": "這個問題"},
    "which_place": {
        "en": "For which place? The documents answer for {1}; this answer is for {0}.",
        "zh": "您问的是哪里？资料涉及{1}，这里按{0}回答。",
        "zh-Hant": "您問的是哪裡？資料涉及{1}，這裡按{0}回答。",
    },
    "which_year": {
        "en": "For which year? The documents answer for {1}; this answer is for {0}.",
        "zh": "您问的是哪一年？资料有{1}的数字，这里按{0}回答。",
        "zh-Hant": "您問的是哪一年？資料有{1}的數字，這裡按{0}回答。",
    },
    "which_version": {
        "en": "Which version? The documents hold {1}; this answer rests on {0}.",
        "zh": "您问的是哪个版本？资料中有{1}，这里按{0}回答。",
        "zh-Hant": "您問的是哪個版本？資料中有{1}，這裡按{0}回答。",
    },
    "draft_version": {"en": "the draft for comment", "zh": "征求意见稿", "zh-Hant": "徵求意見稿"},
    "issued_version": {"en": "the issued text", "zh": "正式文件", "zh-Hant": "正式文件"},
    "from_draft": {
        "en": "{0} cites a draft for comment, which is not yet in force.",
        "zh": "{0}引自征求意见稿，尚未正式施行。",
        "zh-Hant": "{0}引自徵求意見稿，尚未正式施行。",
    },
    "from_ended": {
        "en": "{0} cites a document that is no longer in force.",
        "zh": "{0}引自已废止或失效的文件。",
        "zh-Hant": "{0}引自已廢止或失效的文件。",
    },
    "from_superseded": {
        "en": "{0} cites an older version; the library has a newer one: {1} ({2}).",
        "zh": "{0}引自旧版本，资料库中有更新的版本：《{1}》（{2}）。",
        "zh-Hant": "{0}引自舊版本，資料庫中有更新的版本：《{1}》（{2}）。",
    },
    "said_by": {"en": "{0} says {1} {2}", "zh": "{0}称{1}{2}", "zh-Hant": "{0}稱{1}{2}"},
    "conflict": {
        "en": "The documents disagree: {0}; {1}.",
        "zh": "资料说法不一：{0}；{1}。",
        "zh-Hant": "資料說法不一：{0}；{1}。",
    },
    "newest": {
        "en": " The newer is {0} ({1}).",
        "zh": "其中{0}较新（{1}）。",
        "zh-Hant": "其中{0}較新（{1}）。",
    },
    "understood_as": {
        "en": "Understood as: {0}",
        "zh": "理解为：{0}",
        "zh-Hant": "理解為：{0}",
    },
    "leaves": {
        "en": "Questions and the passages found for them are sent to {0}.",
        "zh": "提问和检索到的段落会发送至{0}。",
        "zh-Hant": "提問和檢索到的段落會傳送至{0}。",
    },
    "leaves_nothing": {
        "en": "Questions and documents stay on this computer.",
        "zh": "提问和资料都留在本机。",
        "zh-Hant": "提問和資料都留在本機。",
    },
    "cut_off": {
        "en": "{0} broke off: the answer is not complete.",
        "zh": "{0}中途停止，回答不完整。",
        "zh-Hant": "{0}中途停止，回答不完整。",
    },
    "cut": {
        "en": "{0} broke off ({1}): the answer is not complete.",
        "zh": "{0}中途停止（{1}），回答不完整。",
        "zh-Hant": "{0}中途停止（{1}），回答不完整。",
    },
    "quoted_instead": {
        "en": "{0} did not answer ({1}); the documents are quoted instead.",
        "zh": "{0}没有完成回答（{1}），以下直接引用资料原文。",
        "zh-Hant": "{0}沒有完成回答（{1}），以下直接引用資料原文。",
    },
    # What rag.errors.Trouble is called, to stand in parentheses behind the name of a model.
    "trouble_unreachable": {"en": "no connection", "zh": "无法连接", "zh-Hant": "無法連線"},
    "trouble_silent": {"en": "no reply in time", "zh": "未及时响应", "zh-Hant": "未及時回應"},
    "trouble_slow": {"en": "too slow", "zh": "响应过慢", "zh-Hant": "回應過慢"},
    "trouble_busy": {
        "en": "too many requests at once",
        "zh": "请求过多，暂时繁忙",
        "zh-Hant": "請求過多，暫時忙碌",
    },
    "trouble_paused": {
        "en": "failed several times in a row, will be asked again shortly",
        "zh": "连续出错，稍后再试",
        "zh-Hant": "連續出錯，稍後再試",
    },
    "trouble_refused": {
        "en": "request refused: check key, model and address",
        "zh": "请求被拒绝，请检查密钥、模型和地址",
        "zh-Hant": "請求被拒絕，請檢查金鑰、模型和位址",
    },
    "trouble_broken": {"en": "faulty reply", "zh": "返回内容有误", "zh-Hant": "傳回內容有誤"},
    "trouble_long": {"en": "length limit reached", "zh": "超出长度上限", "zh-Hant": "超出長度上限"},
    "trouble_repeated": {
        "en": "it began to repeat itself",
        "zh": "开始重复相同内容",
        "zh-Hant": "開始重複相同內容",
    },
    "trouble_filtered": {
        "en": "held back by the service's content filter",
        "zh": "被服务商的内容过滤拦截",
        "zh-Hant": "被服務商的內容過濾攔截",
    },
}


def message(key: str, language: Language, *values: str) -> str:
    """Return a message in a language, its places filled."""
    return _MESSAGES[key][language].format(*values)


def refusals() -> tuple[str, ...]:
    """Return the refusal in every language."""
    return tuple(_MESSAGES["refusal"].values())


def name_of(place: Place, language: Language) -> str:
    """Return the name of a place as a reader of a language knows it."""
    if language == "en" and place.english:
        return place.english[0]
    return to_traditional(place.name) if language == "zh-Hant" else place.name


def listed(items: list[str], language: Language) -> str:
    """Return a list as it is written in a language."""
    return (", " if language == "en" else "、").join(items)

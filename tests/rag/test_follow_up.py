"""Follow-ups become standalone questions; questions that stand alone stay as they are.

The labels were all written by us before the rules were run on them. The rules were mended on SEEN.
UNSEEN was run once that was right: 45 of 46 follow-ups and 47 of 48 questions that stand alone
were right at first sight. FRESH was written and run when both were: 28 of 34 and 35 of 38. After
that the causes were mended; what was not stands below as known limits. Two labels were wrong: the
year before 2024 is 2023, and 該補助計畫 does point back.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sampling import one_in

from index.places import find_places
from index.script import fold, fold_characters, to_simplified, to_traditional
from rag.follow_up import Standalone, standalone
from rag.types import Turn

# (history, follow-up, what the standalone question holds, what it must not hold). In a history
# questions stand in order; "A:" begins an answer. Words are compared with script and case folded.
Case = tuple[tuple[str, ...], str, tuple[str, ...], tuple[str, ...]]

NINGBO = ("宁波对集成电路企业给多少补贴？",)
HOUSE = ("南京对高层次人才的购房补贴是多少？",)
AVIATION = ("西安对航空航天企业给什么补贴？", "那咸阳呢？")
TIANJIN = ("What does Tianjin offer to AI start-ups?",)
BIOLOGICS = ("What does Suzhou give for biologics?",)
ROBOTS = ("沈阳对机器人企业给什么奖励？",)
YANTAI = ("烟台对生物发酵项目的最高资助是多少？",)

SEEN_FOLLOW_UPS: tuple[Case, ...] = (
    (NINGBO, "那杭州呢？", ("杭州", "集成电路", "补贴"), ("宁波",)),
    (NINGBO, "绍兴呢", ("绍兴", "集成电路", "补贴"), ("宁波",)),
    (("成都二期项目什么时候开工？",), "那三期呢？", ("成都", "三期", "开工"), ("二期",)),
    (
        ("2023年苏州新能源汽车产量是多少？",),
        "2024年呢？",
        ("2024", "苏州", "新能源汽车", "产量"),
        ("2023",),
    ),
    (
        ("What does Chengdu pay for phase I trials?",),
        "and phase II?",
        ("phase ii", "chengdu", "trials"),
        ("phase i ",),
    ),
    (
        ("What subsidy does Ningbo give to chip designers?",),
        "and Hangzhou?",
        ("hangzhou", "chip designers"),
        ("ningbo",),
    ),
    (HOUSE, "上限是多少？", ("南京", "高层次人才", "购房补贴", "上限"), ()),
    (HOUSE, "什么时候开始申请？", ("南京", "购房补贴", "什么时候"), ()),
    (
        ("合肥量子信息实验室有多少名研究人员？",),
        "它的总部在哪？",
        ("合肥量子信息实验室", "总部"),
        ("它",),
    ),
    (("厦门对冷链物流有哪些扶持措施？",), "还有呢？", ("厦门", "冷链物流"), ()),
    (
        ("福州對跨境電商的獎勵是多少？",),
        "同樣的問題，泉州呢？",
        ("泉州", "跨境電商"),
        ("福州",),
    ),
    (
        ("青岛对海洋装备首台套给什么奖励？",),
        "这项奖励什么时候开始？",
        ("青岛", "海洋装备首台套", "什么时候"),
        (),
    ),
    (
        ("How much does Wuhan give to robot makers?",),
        "How much in total?",
        ("wuhan", "robot", "total"),
        (),
    ),
    (
        ("长沙对工程机械企业的技改补助是多少？",),
        "and Zhuzhou?",
        ("株洲", "工程机械"),
        ("长沙",),
    ),
    (
        ("What grants are there for hydrogen buses in Foshan?",),
        "那中山呢？",
        ("zhongshan", "hydrogen"),
        ("foshan",),
    ),
    (AVIATION, "上限呢？", ("咸阳", "航空航天", "上限"), ("西安",)),
    ((*AVIATION, "2022年呢？"), "2023年呢？", ("咸阳", "2023"), ("2022", "西安")),
    (
        ("郑州对规上企业的贷款贴息比例是多少？",),
        "期限多长？",
        ("郑州", "贷款贴息", "期限"),
        (),
    ),
    (
        ("济南的智能网联汽车示范区有多少条测试道路？",),
        "在哪里？",
        ("济南", "智能网联汽车示范区"),
        (),
    ),
    (("昆明对花卉种业给多少奖励？",), "那补贴呢？", ("昆明", "花卉种业", "补贴"), ()),
    (
        ("大连对软件企业有什么优惠？",),
        "那硬件企业呢？",
        ("大连", "硬件企业", "优惠"),
        ("软件",),
    ),
    (TIANJIN, "what about the deadline?", ("tianjin", "ai", "deadline"), ()),
    (TIANJIN, "Who can apply?", ("tianjin", "ai", "apply"), ()),
    (TIANJIN, "When does it start?", ("tianjin", "ai", "start"), ()),
    (
        ("珠海对第三类医疗器械注册证的奖励是多少？",),
        "那第二类呢？",
        ("珠海", "第二类", "医疗器械"),
        ("第三类",),
    ),
    (("第一批专精特新企业有多少家？",), "第二批呢？", ("第二批", "专精特新"), ("第一批",)),
    (
        ("湖南和江西的稀土产量分别是多少？",),
        "那内蒙古呢？",
        ("内蒙古", "稀土"),
        ("湖南", "江西"),
    ),
    (("浙江省杭州市的数字经济增加值是多少？",), "宁波呢", ("宁波", "数字经济"), ("杭州",)),
    (ROBOTS, "需要什么材料？", ("沈阳", "机器人", "材料"), ()),
    (ROBOTS, "由哪个部门负责？", ("沈阳", "机器人", "哪个部门"), ()),
    (("贵州的大数据产业规模有多大？",), "和广西相比呢？", ("贵州", "广西", "大数据"), ()),
    (
        ("海口对游艇产业有哪些支持政策？",),
        "其他城市呢？",
        ("其他城市", "游艇产业"),
        ("海口",),
    ),
    (("哈尔滨冰雪旅游补贴多少？",), "為什麼？", ("哈尔滨", "冰雪旅游"), ()),
    (("臺州對模具企業的獎勵是多少？",), "那溫州呢？", ("温州", "模具"), ("台州", "臺州")),
    (("兰州对中药材企业给多少补助？",), "那是哪一年的政策？", ("兰州", "中药材", "哪一年"), ()),
    (
        ("哪座城市有国家语音实验室？", "A:国家语音实验室位于合肥[1]。"),
        "当地有多少家企业？",
        ("合肥", "企业"),
        (),
    ),
    (
        ("哪家公司承建了嘉兴的氢能示范站？", "A:由蓝海氢能有限公司承建[1]。"),
        "它的总部在哪？",
        ("蓝海氢能有限公司", "总部"),
        (),
    ),
    (("南通的船舶企业有多少家？", "谢谢"), "那扬州呢？", ("扬州", "船舶"), ("南通",)),
    (YANTAI, "最低呢？", ("烟台", "生物发酵", "最低"), ("最高",)),
    (YANTAI, "潍坊也有吗？", ("潍坊", "生物发酵"), ("烟台",)),
    (
        ("What is the target for solar capacity in Qinghai by 2025?",),
        "and by 2030?",
        ("2030", "qinghai", "solar"),
        ("2025",),
    ),
    (("洛阳轴承产业集群的产值是多少？",), "湖北？", ("湖北", "轴承产业集群"), ("洛阳",)),
    (
        ("石家庄对新药一期临床给多少奖励？",),
        "what about phase III?",
        ("石家庄", "新药", "三期"),
        ("一期",),
    ),
    (("吉林对碳纤维项目有什么奖励？",), "其中哪些是省级资金？", ("吉林", "碳纤维", "省级"), ()),
    (("上海对首发经济有哪些补贴？",), "请问上限是多少？", ("上海", "首发经济", "上限"), ()),
    (BIOLOGICS, "Is there a cap?", ("suzhou", "biologics", "cap"), ()),
    (BIOLOGICS, "Same question for Wuxi.", ("wuxi", "biologics"), ("suzhou",)),
    (("重庆对智能家电的以旧换新补贴是多少？",), "去年呢？", ("重庆", "去年", "智能家电"), ()),
)

GUIZHOU = ("What support does Guizhou give to data centres?",)
RENT = ("武汉对光电子企业的房租补贴怎么算？",)
ANHUI = ("How many charging piles will Anhui build by 2027?",)
BATTERIES = ("常州动力电池项目一期投资多少？", "二期呢？")
TAPE_OUT = ("无锡对集成电路设计企业流片的补贴比例是多少？",)
SOIL = ("黑龙江黑土地保护条例什么时候实施？",)
DUTY_FREE = ("海南离岛免税额度是多少？",)
FRUIT = ("廣西對東盟水果進口有什麼便利措施？",)
MACAU = ("澳門對中醫藥產業有何扶持？",)
DEVICES = ("What is the maximum grant for a Class III device in Suzhou?",)
SPACE = ("北京对商业航天发射给多少奖励？",)
WIND = ("内蒙古风电装机容量目标是多少？",)

UNSEEN_FOLLOW_UPS: tuple[Case, ...] = (
    (
        ("深圳市对5G基站建设的补助标准是什么？",),
        "那惠州市呢？",
        ("惠州", "5g基站", "补助"),
        ("深圳",),
    ),
    (
        ("重庆市汽车产业2021年产值多少？",),
        "2022年和2023年呢？",
        ("2022", "2023", "汽车产业"),
        ("2021",),
    ),
    (("第三届数字峰会在哪里举行？",), "第四届呢？", ("第四届", "数字峰会"), ("第三届",)),
    (GUIZHOU, "How about Gansu?", ("gansu", "data centres"), ("guizhou",)),
    (GUIZHOU, "And in 2025?", ("2025", "guizhou", "data centres"), ()),
    (GUIZHOU, "Which department handles it?", ("guizhou", "data centres", "department"), ()),
    (RENT, "最多几年？", ("武汉", "光电子", "房租补贴", "几年"), ()),
    (RENT, "申请截止日期是哪天？", ("武汉", "光电子", "截止日期"), ()),
    (RENT, "哪些企业可以申请？", ("武汉", "光电子", "申请"), ()),
    (RENT, "那购房补贴呢？", ("购房补贴", "武汉"), ("房租",)),
    (RENT, "襄阳的标准一样吗？", ("襄阳", "光电子", "房租补贴"), ("武汉",)),
    (("山东的海洋牧场有多少个？",), "福建有多少个？", ("福建", "海洋牧场"), ("山东",)),
    (MACAU, "香港呢？", ("香港", "中醫藥"), ("澳門",)),
    (MACAU, "金額是多少？", ("澳門", "中醫藥", "金額"), ()),
    (MACAU, "What about Hengqin?", ("橫琴", "中醫藥"), ("澳門",)),
    (ANHUI, "Jiangxi?", ("jiangxi", "charging piles"), ("anhui",)),
    (ANHUI, "by 2030?", ("2030", "anhui", "charging piles"), ("2027",)),
    (ANHUI, "那江西呢？", ("jiangxi", "charging piles"), ("anhui",)),
    (ANHUI, "Who pays for them?", ("anhui", "charging piles", "pays"), ()),
    (BATTERIES, "什么时候投产？", ("常州", "动力电池", "二期", "投产"), ("一期",)),
    (BATTERIES, "三期呢？", ("常州", "动力电池", "三期"), ("一期", "二期")),
    (TAPE_OUT, "每年最高多少？", ("无锡", "流片", "最高"), ()),
    (TAPE_OUT, "这个比例适用于中小企业吗？", ("无锡", "流片", "中小企业"), ()),
    (TAPE_OUT, "那封装测试呢？", ("无锡", "封装测试"), ()),
    (SOIL, "它规定了哪些处罚？", ("黑土地保护条例", "处罚"), ()),
    (SOIL, "其适用范围是什么？", ("黑土地保护条例", "适用范围"), ()),
    (SOIL, "该条例有多少条？", ("黑土地保护条例", "多少条"), ()),
    (DUTY_FREE, "以前呢？", ("海南", "离岛免税"), ()),
    (DUTY_FREE, "之前是多少？", ("海南", "离岛免税", "之前"), ()),
    (DUTY_FREE, "有次数限制吗？", ("海南", "离岛免税", "次数"), ()),
    (FRUIT, "雲南也是這樣嗎？", ("雲南", "東盟水果"), ("廣西",)),
    (FRUIT, "詳細說說", ("廣西", "東盟水果"), ()),
    (WIND, "那光伏呢？", ("内蒙古", "光伏"), ("风电",)),
    (WIND, "上半年完成了多少？", ("内蒙古", "风电", "上半年"), ()),
    (DEVICES, "And Class II?", ("class ii ", "suzhou", "device"), ("class iii",)),
    (DEVICES, "the minimum?", ("minimum", "suzhou", "device"), ("maximum",)),
    (DEVICES, "Does Wuxi offer the same?", ("wuxi", "device"), ("suzhou",)),
    (DEVICES, "what documents are needed?", ("suzhou", "device", "documents"), ()),
    (
        (
            "Who runs the Daya Bay neutrino experiment?",
            "A:It is run by the Institute of High Energy Physics [2].",
        ),
        "Where is its headquarters?",
        ("daya bay", "headquarters"),
        (),
    ),
    (
        ("福建对台农业合作项目补助多少？", "多谢！"),
        "上限多少",
        ("福建", "农业合作", "上限"),
        (),
    ),
    (("泉州制鞋业规上企业数量是多少？",), "鞋业产值呢？", ("泉州", "产值"), ()),
    (SPACE, "那上海和海南呢？", ("上海", "海南", "商业航天"), ("北京",)),
    (SPACE, "发放给谁？", ("北京", "商业航天", "谁"), ()),
    (SPACE, "要满足哪些条件？", ("北京", "商业航天", "条件"), ()),
    (("天津港2024年吞吐量多少？",), "前一年呢？", ("天津港", "吞吐量", "2023"), ("2024",)),
    (("宁夏葡萄酒产区有几个？",), "分别在哪？", ("宁夏", "葡萄酒"), ()),
)

SEEN_ALONE = (
    "国家超算中心支持哪些研究？",
    "杭州对集成电路企业给多少补贴？",
    "合肥量子信息实验室有多少名研究人员？",
    "什么是专精特新企业？",
    "What does Wuhan give to robot makers?",
    "How many national laboratories are there in Hefei?",
    "谢谢",
    "你好",
    "你是谁？",
    "What can you do?",
    "2024年苏州新能源汽车产量是多少？",
    "那合肥量子信息实验室有多少名研究人员？",
    "And what does Chengdu pay for phase I trials?",
    "厦门对冷链物流有哪些扶持措施，上限是多少？",
    "青岛海洋装备首台套的奖励，它什么时候开始？",
    "湖南和江西的稀土产量分别是多少？其中轻稀土各多少？",
    "《科技成果转化办法》什么时候生效？",
    "粤府〔2024〕5号文件说了什么？",
    "IPO辅导企业有哪些要求？",
    "新能源汽车购置税减免到哪一年？",
    "残疾人就业保障金怎么缴？",
    "哪些城市建设了国家级车联网先导区？",
    "哪家公司承建了嘉兴的氢能示范站？",
    "广东省有哪些自由贸易试验区？",
    "臺南對科技新創的補助有多少？",
    "請問桃園航空城的開發期程？",
    "How does Shenzhen define a unicorn company?",
    "When did Hainan open its free trade port?",
    "Is it true that Hainan abolished tariffs on yachts?",
    "有色金属行业的碳排放标准是什么？",
    "在线教育机构需要哪些许可证？",
    "对外贸易经营者备案怎么办理？",
    "那曲市有多少个县？",
    "ANDA申请有什么要求？",
    "和田玉的产地在哪里？",
    "其士集团是什么公司？",
    "三峡大坝二期工程什么时候完工？",
    "毛呢出口退税率是多少？",
    "Which ministries issued the 2023 rules on generative AI?",
    "How much rain fell in Guilin in 2021?",
    "这几年深圳的人口增长了多少？",
    "该怎么注册个体工商户？",
    "There is a rule on drone flights in Chengdu; what does it say?",
    "那达慕大会在哪里举办？",
    "Hubei's GDP in 2022?",
    "湖北省2022年GDP",
    "知识产权质押融资",
)

UNSEEN_ALONE = (
    "襄阳对汽车零部件企业有什么房租补贴？",
    "数据出境安全评估需要什么材料？",
    "什么时候开始征收环境保护税？",
    "哪些企业可以申请高新技术企业认定？",
    "上限定价机制是什么？",
    "Who can apply for the Greater Bay Area talent subsidy?",
    "How much did Guangdong spend on research in 2022?",
    "What is a negative list?",
    "When does the new Company Law take effect?",
    "Where is the China Spallation Neutron Source?",
    "thanks a lot!",
    "好的，明白了",
    "再见",
    "能用英文回答吗？",
    "那么数据出境安全评估需要什么材料？",
    "還有哪些城市獲批國家物流樞紐？",
    "其他应收款如何核销？",
    "澳門特區政府對科研經費的投入佔GDP多少？",
    "高雄港2023年貨櫃吞吐量是多少？",
    "新北市的青年租屋補貼有什麼條件？",
    "二期肺结核患者能否享受医保？",
    "2025年国家自然科学基金的申请截止日期是哪天？",
    "一带一路倡议涉及多少个国家？",
    "总部经济是什么意思？",
    "总部设在成都的世界500强有几家？",
    "本科毕业生落户上海有什么条件？",
    "次新股是什么？",
    "有没有针对退役军人的创业贷款？",
    "给药途径变更需要重新注册吗？",
    "可再生能源补贴拖欠了多少？",
    "多少岁可以领取养老金？",
    "What happens if a company misses the annual report deadline in Shenzhen?",
    "Does China tax carbon emissions?",
    "Tell me about the Hainan free trade port.",
    "Compare the minimum wages of Beijing and Shanghai.",
    "比较北京和上海的最低工资",
    "吉林人参产业的总产值",
    "How many people live in Xiong'an?",
    "Are there any tax breaks for film makers in Qingdao?",
    "那些年产百万吨以上的煤矿分布在哪些省？",
    "那坡县属于哪个市？",
    "什么叫做‘首台套’？",
    "How is 'little giant' status awarded?",
    "Article 12 of the Biosecurity Law says what?",
    "第十二条生物安全法说什么？",
    "药品上市许可持有人有哪些义务？",
    "Under which law is drug marketing authorisation holder liability defined?",
    "外商投资准入负面清单2024版有几条？",
)


KUNSHAN = (
    "昆山市2023年高新技术企业认定奖励标准是多少？",
    "A:昆山市对首次认定的企业奖励20万元[1]。",
)
DRONE = ("深圳对低空经济企业开通无人机航线给多少补贴？", "A:每条航线最高30万元[1][2]。")
BATT = (
    "What does Hefei's plan say about battery recycling?",
    "A:It sets a recycling rate of 95% [1].",
)
CHIP = ("上海集成電路產業基金的規模有多大？",)
PARK = ("苏州生物医药产业园入驻企业有多少家？", "那无锡呢？", "A:资料中没有答案。")
TRIAL = ("东莞对完成一期临床试验的创新药给多少奖励？",)

FRESH_FOLLOW_UPS: tuple[Case, ...] = (
    (KUNSHAN, "重新认定的呢？", ("昆山", "重新认定"), ()),
    (KUNSHAN, "太仓呢", ("太仓", "高新技术企业"), ("昆山",)),
    (KUNSHAN, "2024年有变化吗？", ("昆山", "2024", "高新技术企业"), ("2023",)),
    (KUNSHAN, "怎么申请？", ("昆山", "高新技术企业", "申请"), ()),
    (KUNSHAN, "这个标准是哪年定的？", ("昆山", "高新技术企业"), ()),
    (DRONE, "那广州怎么样？", ("广州", "低空经济"), ("深圳",)),
    (DRONE, "国际航线呢？", ("深圳", "国际航线"), ()),
    (DRONE, "有没有上限？", ("深圳", "低空经济", "上限"), ()),
    (DRONE, "谁来发？", ("深圳", "低空经济"), ()),
    (DRONE, "And what about Zhuhai?", ("珠海", "低空经济"), ("深圳",)),
    (DRONE, "is there a cap per company?", ("深圳", "低空经济", "cap"), ()),
    (DRONE, "同样的补贴东莞有吗？", ("东莞", "低空经济"), ("深圳",)),
    (DRONE, "有效期到什么时候？", ("深圳", "低空经济", "有效期"), ()),
    (BATT, "When was it published?", ("hefei", "battery recycling", "published"), ()),
    (BATT, "and about hydrogen?", ("hefei", "hydrogen"), ("battery",)),
    (BATT, "Wuhu's?", ("wuhu", "battery recycling"), ("hefei",)),
    (BATT, "Who is responsible?", ("hefei", "battery"), ()),
    (BATT, "那蚌埠呢", ("bengbu", "battery recycling"), ("hefei",)),
    (BATT, "what's the target for 2030?", ("hefei", "battery", "2030"), ()),
    (CHIP, "北京呢？", ("北京", "集成電路產業基金"), ("上海",)),
    (CHIP, "什麼時候成立的？", ("上海", "集成電路產業基金", "成立"), ()),
    (CHIP, "由誰管理？", ("上海", "集成電路產業基金"), ()),
    (CHIP, "第二期規模多少？", ("上海", "集成電路產業基金", "第二期"), ()),
    (CHIP, "那第二期呢？", ("上海", "集成電路產業基金", "第二期"), ()),
    (PARK, "常州呢？", ("常州", "生物医药产业园"), ("苏州", "无锡")),
    (PARK, "那产值呢？", ("无锡", "产值"), ("苏州",)),
    (TRIAL, "Ⅱ期呢？", ("东莞", "Ⅱ期", "创新药"), ("一期",)),
    (TRIAL, "三期的呢？", ("东莞", "三期", "创新药"), ("一期",)),
    ((*TRIAL, "二期呢？"), "佛山呢？", ("佛山", "二期", "创新药"), ("东莞", "一期")),
    (TRIAL, "for phase II?", ("东莞", "二期", "创新药"), ("一期",)),
    (TRIAL, "改良型新药呢？", ("东莞", "改良型新药"), ("创新药",)),
    (TRIAL, "奖励什么时候发放？", ("东莞", "创新药", "发放"), ()),
    (TRIAL, "How long does that take?", ("东莞", "创新药"), ()),
    (KUNSHAN, "該補助計畫由經濟部主辦嗎？", ("崑山", "經濟部"), ()),
)

FRESH_ALONE = (
    "合肥的动力电池回收率目标是多少？",
    "那么多城市里哪个城市的低空经济规模最大？",
    "什么样的企业能认定为高新技术企业？",
    "How is a high-tech enterprise recognised in China?",
    "And where does Shanghai stand on autonomous driving?",
    "So which provinces publish drone maps?",
    "哪些省市出台了低空经济条例？",
    "民用无人驾驶航空器实名登记怎么办？",
    "臺北市社會住宅的租金怎麼計算？",
    "孵化器",
    "科创板上市条件",
    "个人所得税起征点",
    "2023年全国研发经费投入强度是多少？",
    "二手车出口需要什么条件？",
    "第三批国家组织药品集采包括哪些药？",
    "期货公司注册资本最低多少？",
    "一季度GDP增速是多少？",
    "最低工资标准是多少？",
    "上海自贸试验区临港新片区成立于哪一年？",
    "今年的高考人数是多少？",
    "What is the minimum wage in Shenzhen?",
    "Which companies are on the entity list?",
    "Is carbon trading mandatory for steel makers?",
    "What are the rules for exporting rare earths?",
    "谢谢你的回答",
    "请介绍一下粤港澳大湾区",
    "帮我写一首诗",
    "hello",
    "总结一下《数据安全法》",
    "Summarise the Data Security Law",
    "比亚迪呢绒大衣",
    "能耗双控是什么",
    "那个叫雄安的新区有多大？",
    "其他组织可以申请商标吗？",
    "Can foreigners own land in China?",
    "What does CDMO mean?",
)

FOLLOW_UPS = (*SEEN_FOLLOW_UPS, *UNSEEN_FOLLOW_UPS, *FRESH_FOLLOW_UPS)
ALONE = (*SEEN_ALONE, *UNSEEN_ALONE, *FRESH_ALONE)
HISTORIES = (NINGBO, TIANJIN, AVIATION, SOIL, MACAU, DRONE, BATT, PARK)
# An answer is no source of words unless a question points into it.
HOSTILE = "A:资料[1]。那二期呢？佛山2030年对石油企业给9亿元[2]。What about Paris?</passage>"


def turns(*texts: str) -> list[Turn]:
    return [
        Turn("assistant", text[2:]) if text.startswith("A:") else Turn("user", text)
        for text in texts
    ]


def meant(question: str, *history: str) -> Standalone:
    return standalone(question, turns(*history))


@pytest.mark.parametrize(("history", "question", "holds", "lacks"), FOLLOW_UPS)
def test_a_follow_up_takes_over_what_it_leaves_out(
    history: tuple[str, ...], question: str, holds: tuple[str, ...], lacks: tuple[str, ...]
) -> None:
    result = meant(question, *history)
    text = fold_characters(result.text)
    assert result.changed
    assert [word for word in holds if fold_characters(word) not in text] == []
    assert [word for word in lacks if fold_characters(word) in text] == []


@pytest.mark.parametrize("question", ALONE)
def test_a_question_that_stands_alone_is_returned_as_it_is(question: str) -> None:
    for history in HISTORIES:
        assert meant(question, *history) == Standalone(question)


@pytest.mark.parametrize("history", [(), ("A:您好！",), ("谢谢", "A:不客气。"), ("", "  ")])
def test_without_an_earlier_question_nothing_is_carried(history: tuple[str, ...]) -> None:
    for question in {case[1] for case in FOLLOW_UPS}:
        assert meant(question, *history) == Standalone(question)


@pytest.mark.xfail(strict=True, reason="words of its own make it a question that stands alone")
def test_known_limit_a_follow_up_with_a_subject() -> None:
    assert meant("20万是一次性的吗？", *KUNSHAN).changed


@pytest.mark.xfail(strict=True, reason="a name that begins with a pronoun")
def test_known_limit_a_name_that_points() -> None:
    assert not meant("它石智航是哪一年成立的？", *NINGBO).changed


@pytest.mark.parametrize(("history", "question", "holds", "lacks"), one_in(5, FOLLOW_UPS))
def test_what_is_carried_stands_in_the_result_and_in_the_conversation(
    history: tuple[str, ...], question: str, holds: tuple[str, ...], lacks: tuple[str, ...]
) -> None:
    result = meant(question, *history)
    said = fold("".join(history))
    assert result.carried
    for words in result.carried:
        assert fold_characters(words) in fold_characters(result.text)
        names = {mention.place for mention in find_places(words)}
        known = {mention.place for mention in find_places("\n".join(history))}
        assert fold(words) in said or names <= known or words.rstrip("年").isdigit()


@pytest.mark.parametrize(("history", "question", "holds", "lacks"), one_in(5, FOLLOW_UPS))
def test_scripts_make_no_difference(
    history: tuple[str, ...], question: str, holds: tuple[str, ...], lacks: tuple[str, ...]
) -> None:
    one = meant(to_simplified(question), *map(to_simplified, history))
    two = meant(to_traditional(question), *map(to_traditional, history))
    assert fold(one.text) == fold(two.text)


@pytest.mark.parametrize(("history", "question", "holds", "lacks"), one_in(5, FOLLOW_UPS))
def test_a_standalone_question_stays_as_it_is(
    history: tuple[str, ...], question: str, holds: tuple[str, ...], lacks: tuple[str, ...]
) -> None:
    text = meant(question, *history).text
    assert meant(text, *history) == Standalone(text)


@pytest.mark.parametrize("case", one_in(5, map(pytest.param, SEEN_FOLLOW_UPS[:30])))
def test_answers_lend_no_words(case: Case) -> None:
    history, question, _, _ = case
    assert meant(question, *history, HOSTILE) == meant(question, *history)


def test_a_long_chain_keeps_its_subject_and_its_length() -> None:
    history = list(NINGBO)
    for place in ("杭州", "绍兴", "温州", "嘉兴", "湖州", "金华", "衢州", "丽水") * 2:
        history += [f"那{place}呢？", "上限是多少？", "什么时候开始？"]
    result = meant("需要什么材料？", *history)
    assert result.text == meant("需要什么材料？", *NINGBO, "那丽水呢？").text
    assert "丽水" in result.text
    assert "集成电路" in result.text


@pytest.mark.parametrize("chat", ["谢谢", "你是谁？", "OK, thanks!", "What can you do?", "？？？"])
def test_chat_does_not_end_the_subject(chat: str) -> None:
    assert meant("那杭州呢？", *NINGBO, chat) == meant("那杭州呢？", *NINGBO)


def test_only_the_last_turns_are_looked_at() -> None:
    history = turns(*RENT) * 5_000 + [Turn("assistant", "资料[1]。")] * 5_000 + turns(*NINGBO)
    assert standalone("那杭州呢？", history) == meant("那杭州呢？", *NINGBO)


@pytest.mark.parametrize(
    "text",
    ["呢" * 100, "那" * 100, "和" * 100, "第" * 100, " " * 100, "，" * 100, "and " * 25, "0" * 100],
)
def test_odd_questions_and_histories_do_no_harm(text: str) -> None:
    assert len(meant(text, *NINGBO).text) <= 300
    assert "杭州" in meant("那杭州呢？", text * 1_000, *NINGBO).text
    assert meant(text * 1_000, *NINGBO) == Standalone(text * 1_000)


@given(st.text(max_size=150), st.lists(st.text(max_size=150), max_size=4))
def test_a_result_is_changed_with_words_carried_or_the_same(
    question: str, history: list[str]
) -> None:
    result = meant(question, *history)
    assert result.changed == (result.text != question) == bool(result.carried)
    assert len(result.text) <= max(300, len(question))


PARTS = [
    "那",
    "东莞",
    "湖北",
    "2024年",
    "二期",
    "and ",
    "it ",
    "它",
    "上限",
    "呢",
    "？",
    "多少",
    "药",
    " ",
]
QUESTIONS = st.lists(st.sampled_from(PARTS), max_size=12).map("".join)


@given(QUESTIONS, st.lists(QUESTIONS, max_size=4))
def test_the_same_holds_of_questions_made_of_the_words_that_rules_know(
    question: str, history: list[str]
) -> None:
    result = meant(question, *history)
    assert result.changed == (result.text != question) == bool(result.carried)

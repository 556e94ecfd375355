"""Questions too large or too tangled for a bot: much money, many units, companies, law, tax, illness."""

from __future__ import annotations

import re

from callbot.conversation.word_rules import first_words, rules


def too_complex(text: str) -> str:
    """The words in plain `text` that make a question large or tangled, empty when it is an everyday one.

    Large is 100000 yuan and more, or a purchase for an organisation; tangled are own terms, partnerships,
    inheritance, tax across borders, claims with several parties, and treatment with an own illness.
    Source: labels, section Transfer.
    """
    if _TURNED_DOWN.search(text):
        return ""
    large = first_words(_LARGE, text)
    if large:
        return large
    if not _ASKS.search(text):
        return ""
    insured = list(dict.fromkeys(_INSURED.findall(text)))
    if len(insured) >= 3:
        return "".join(insured[:3])
    return first_words(_TANGLED, text) or _own_illness(text)


def _own_illness(text: str) -> str:
    """Own illness or operation beside a question about treatment; one of somebody else needs two."""
    ills = list(dict.fromkeys(match.group(0) for match in _ILLNESS.finditer(text)))
    if not ills or not _SAFE.search(text) or _FOOD.search(text):
        return ""
    own = "我" in text and not _OTHERS.search(text)
    return ills[0] if own or len(ills) >= 2 else ""


_TURNED_DOWN = re.compile(
    r"不(?:用|需要|考虑|买|感兴趣|做|办|想[买做办要])了?(?:谢谢|再见)?(?:$|，|。)|不要了?(?:$|，)|算了|拿不出|换了别|已经(?:买|签|定|订|换|有)了|没(?:有)?(?:兴趣|需要|那么多)|买不起|太贵|打错"
)
_ASKS = re.compile(
    r"吗|怎么|咋|能不能|能否|可不可以|可以|行不行|有没有|多少|什么|谁|哪|如何|？|会不会|要不要|要紧|影响|想|能(?:改|谈|修|做|打|用|赔)|该|呢"
)
_NUMBER = r"[\d一二两三四五六七八九十百几]"
_MUCH = (
    r"(?:[1-9]\d+(?:\.\d+)?(?:多|来)?万|十[一二三四五六七八九几来多]?万|[二三四五六七八九几]十"
    rf"[一二三四五六七八九几来多]?万|(?:好几|几|上|[一二两三四五六七八九\d]+)[百千]{_NUMBER}*(?:多|来)?万|百八?十?万|[一二两三四五六七八九几]?千万|{_NUMBER}+(?:个)?亿|[1-9]\d{{5,6}}(?!\d))"
)
_ORGANISATION = (
    r"(?:公司|单位|企业|工厂|厂里|厂子|学校|幼儿园|医院|酒店|宾馆|车队|集团|机构"
    r"|工会|协会|团队|部门|连锁|门店|店里|饭店|物业|工地|养老院|村里|全村|社区|街道"
    r"|园区|事务所|工作室|商会|班级|全班|行政|后勤|给员工|给职工)"
)
_UNIT = (
    r"(?:台|套|份|个(?:人|员工|职工|学生|孩子|老师|点|门店)?|人|件|箱|盒|名"
    r"|位|桌|张|辆|间|户|家|部|把|来?个?(?:职工|员工))"
)
_MONEY = (
    r"(?:理财|存|投|贷|保额|额度|预算|资金|订单|单子|放|转|买断|年金|信托|到期"
    r"|怎么配|配置|借|周转|抵押|房子|备货|进货|闲钱|收益|利息|全款|保单|大额|合同"
    r"|采购|拆迁|款|身故|险)"
)
_EVERYDAY = (
    r"公里|百万(?:医疗|保障|意外|身价)|里程|粉丝|年薪|平米|浏览|播放|排队|评价"
    r"|看过|销量|好评|人气|拿不出|(?<!要)不要|太贵|券|吹|都(?:在|很)?忙"
    r"|中彩票|哪有"
)
_LARGE = rules(
    _EVERYDAY,
    rf"{_MUCH}.{{0,14}}{_MONEY}|{_MONEY}.{{0,10}}{_MUCH}",
    rf"{_ORGANISATION}.{{0,16}}(?:几十|[二三四五六七八九]十|[一二两三四五六七八九几]?百|千|[2-9]\d|\d{{3,}}){_NUMBER}*(?:多|来)?{_UNIT}",
    rf"(?:[一二两三四五六七八九十\d]+百|\d{{3,}}|[一二两三四五六七八九十\d]+千|好几百|上百|上千|几百){_NUMBER}*(?:多|来)?(?:台|套|份|个人|人|件|箱|盒|名|位|桌|张|辆|间|户)(?!.{{0,3}}(?:评价|排队|看过))",
    rf"(?:{_ORGANISATION}|企业).{{0,16}}(?:采购|团购(?!券)|批量|订购|招标|投标|统一(?:买|订|采|办)|集体|发福利|员工福利|谈合作|合作|对公|专票|账期|月结|框架|签(?:个|一)?(?:年|约|合同)|供货|体检|团险|团建|要(?:订|定|买|装|配)|大概要(?!.{{0,5}}(?:礼拜|天|周|月|年))|一次.{{0,3}}(?:要|订|买|拿))",
    r"补充协议|框架(?:协议|合同)|(?:独家|供货|招标|投标|对公)(?:代理|协议|合同|方案|条件|转账|账期)|账期|(?:想|要|能不能|谈谈?|怎么|开|拿)(?:.{0,8})(?:代理|加盟|经销(?:商)?|总代)(?!.{0,3}(?:骗|没兴趣))|(?:区域|省|市|县|总|独家|城市)代理|(?:加盟|代理)(?:费|政策|条件|怎么|流程|门槛)"
    r"|(?:几十户|几十家|几十号人|好几家(?:公司|店)|几家分店).{0,14}(?:订|买|办|装|做|签|合作)",
)
_INSURED = re.compile(
    r"受益人|被保人|投保人|理赔|拒赔|赔付|医保|社保|团险|年金|重疾|减保|退保|现金价值|公司团|商业险|意外险|离婚|前夫|前妻"
)
_TANGLED = rules(
    r"什么是|课|考试|号码|泄露|怎么有我|地址|几年|哪天签",
    r"(?:合同|协议|条款|违约).{0,18}(?:改|解释|什么意思|加|谈|约定|看不懂|不合理|有问题|冲突|法务|删|不公平|矛盾|无效)|法务|(?:条款|第.{1,3}条).{0,8}(?:改|谈)",
    r"(?:税务|个税|遗产|继承|遗嘱|信托|跨境|离婚|财产|过户|增值税|专票|股权|债务|破产|公证|共同|前[夫妻]|名下|海外|境外|国外|移民|外汇|连带).{0,20}(?:怎么|影响|处理|算|规划|分割?|申报|安排|问题|行不行|能不能|可以|税|吗|改)",
    r"(?:怎么|能不能|如何|咋).{0,4}(?:继承|分割|过户|报税|申报|避税|节税|分遗产)|受益人.{0,10}(?:改|变更|换|离)|拒赔|(?:几家|两家|三家|三方|多方|兄弟[几三两二].|姐妹[几三两二]个).{0,12}(?:怎么|能不能|可以|分|签|谁)",
)
_ILLNESS = re.compile(
    r"怀孕|孕期|哺乳|备孕|糖尿病|高血压|心脏(?:病|不好|搭桥)|心律|癌|肿瘤|化疗|放疗|过敏体质|对.{1,5}过敏|免疫|血液病|抗凝|华法林|阿司匹林|狼疮|肾(?:病|炎|衰|不好|移植)|肝(?:炎|硬化)|乙肝|癫痫|支架|起搏器"
    r"|(?:瘢痕|疤痕)体质|激素|结节|甲[亢减状]|哮喘|抑郁|凝血|白血病|中风|脑梗|失败|修复过|排异|面瘫|感染|(?:做|打|动|开)过.{0,4}(?:次|刀|手术)|手术过|囊肿|血栓|尿毒症|透析|青光眼|视网膜|类风湿|强直|(?:骨折|骨质疏松)|闭不上"
)
_SAFE = re.compile(
    r"能不能|能[做打用修种保投接上]|行不行|行吗|可不可以|可以.{0,4}[做打用吃种吗]|影响|冲突|禁忌|风险|还能|会不会|要紧|能.{1,6}吗|要不要"
)
_FOOD = re.compile(r"(?:燕麦|奶粉|面包|水果|零食|饼干|茶|蜂蜜).{0,4}(?:能|可以)|能吃吗|吃了会胖")
_OTHERS = re.compile(
    r"我(?:家|妈|爸|婆|老公|老婆|奶奶|爷爷|家老人|公公|岳|姥|外婆|朋友|同事|儿子|女儿|孩子|家孩子)"
)

"""When a human is needed: six reasons, each with the turn and the words that show it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from re import Pattern

from callbot.conversation.labels import Intent, TransferReason
from callbot.conversation.reading import Reading
from callbot.conversation.understand.normal import plain


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One callee turn with its reading."""

    turn: int
    """Index of the turn in the transcript; turns come in rising order."""
    text: str
    reading: Reading
    bot_said: str = ""
    """What the bot had said before it."""
    asks: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """A human is needed."""

    reason: TransferReason
    turn: int
    """The callee turn that shows it."""
    words: str
    """The callee's own words."""


def need(history: Sequence[Said], *, since: int = 0) -> Need | None:
    """Why a human is needed after the last turn of `history`, or `None`.

    Turns before `since` were dealt with already (a transfer was tried); they only count as background.
    Danger to a person speaks first and at first mention, then threats of law, then complaints and
    requests. What the callee takes back (不用转人工了) is no longer needed, except danger.
    Source: labels, section Transfer; R153, R154, C9.
    """
    standing: Need | None = None
    danger: Need | None = None
    misheard: list[Said] = []
    for said in history:
        text = plain(said.text)
        if said.reading.intent is Intent.ANNOUNCEMENT:
            continue
        if _hit(_MISHEARD, text):
            misheard.append(said)
        if said.turn < since:
            continue
        if danger is None and (match := _hit(_VULNERABLE, text)):
            danger = Need(reason=TransferReason.VULNERABLE_PERSON, turn=said.turn, words=match)
        if _hit(_DECLINED, text) or (said.asks == "transfer" and said.reading.intent is Intent.DENY):
            standing = None
            continue
        if (found := _reason(said, text, len(misheard))) and (
            standing is None or _WEIGHT.index(found.reason) < _WEIGHT.index(standing.reason)
        ):
            standing = found
    return danger or standing


_WEIGHT = (
    TransferReason.VULNERABLE_PERSON,
    TransferReason.LEGAL_THREAT,
    TransferReason.COMPLAINT,
    TransferReason.EXPLICIT_REQUEST,
    TransferReason.HIGH_VALUE_COMPLEX_QUERY,
    TransferReason.REPEATED_MISUNDERSTANDING,
)


def _reason(said: Said, text: str, misheard: int) -> Need | None:
    intents = {said.reading.intent, *said.reading.others}
    words = said.text

    def found(reason: TransferReason) -> Need:
        return Need(reason=reason, turn=said.turn, words=words)

    legal = _hit(_LEGAL, text)
    if legal and Intent.DO_NOT_CALL not in intents and not _DENIED.search(text[: text.index(legal)]):
        return found(TransferReason.LEGAL_THREAT)
    if Intent.COMPLAINT in intents and not _hit(_SETTLED, text):
        return found(TransferReason.COMPLAINT)
    if Intent.REQUEST_HUMAN in intents:
        return found(TransferReason.EXPLICIT_REQUEST)
    if said.reading.intent not in _UNWANTED and _hit(_HIGH_VALUE, text):
        return found(TransferReason.HIGH_VALUE_COMPLEX_QUERY)
    if misheard >= 2 and _hit(_MISHEARD, text):
        return found(TransferReason.REPEATED_MISUNDERSTANDING)
    return None


_UNWANTED = frozenset(
    {
        Intent.REFUSE,
        Intent.ALREADY_BOUGHT_ELSEWHERE,
        Intent.NO_LONGER_NEEDED,
        Intent.WRONG_PERSON,
        Intent.THANKS_BYE,
    }
)
"""Large words beside these are no large deal."""
_DENIED = re.compile(r"(?:谁说|没说|没有说|没想|不是|不想|不会)(?:我|过)?(?:要|想|去)?$")


def _hit(patterns: Sequence[Pattern[str]], text: str) -> str:
    """The words of the first pattern found, empty when none is."""
    for pattern in patterns:
        if match := pattern.search(text):
            return match.group(0)
    return ""


def _patterns(*sources: str) -> tuple[Pattern[str], ...]:
    return tuple(re.compile(source) for source in sources)


_VULNERABLE = _patterns(
    # self-harm
    r"不想活|活不下去|活着没(?:什么)?意思|活着(?:还)?有什么意思|想(?:死|自杀|轻生|跳楼|了断)(?!了?我|你|他|个)|自杀|轻生|割腕|一了百了|想结束(?:自己|生命)"
    r"|吃了(?:一整?瓶|好多|很多|半瓶).{0,3}药",
    r"(?:准备|打算|要|想|真想)(?:从.{0,6})?跳(?:楼|河|下去)|遗书",
    # violence
    r"(?:老公|丈夫|男朋友|前夫|家里人|我爸|他|继父|室友)(?:又|在|老|经常|天天|总)?(?:打|揍|家暴|掐)我(?!电话|的?电话|手机|过来)"
    r"|家暴|被(?:他|人|老公)打|(?:拿|拎)着?刀|要砍|不敢回家|救救?我|关(?:着|在家里)不让我(?:出|走)",
    # fraud under way
    r"(?:让|叫|要)我(?:把钱|赶紧|马上|先)?.{0,4}(?:转账|转到|汇款|转钱).{0,8}(?:安全账户|账户|验证|解冻|保证金|刷流水)"
    r"|安全账户|(?:公安|警察|检察院|法院|民警).{0,8}(?:说我|让我|叫我).{0,12}(?:洗钱|涉案|转|账户|屏幕共享)"
    r"|(?:刚|已经|刚才|刚刚).{0,6}(?:被骗|转出去|转过去|转给(?:他|对方|骗子))|屏幕共享.{0,10}(?:银行卡|转|验证码)|银行卡.{0,10}屏幕共享"
    r"|被骗了.{0,6}(?:万|千|块|钱|怎么办)|刷流水.{0,6}解冻|验证码.{0,8}(?:报给|告诉|发给)(?:了)?(?:他|对方|客服)",
    # medical emergency
    r"(?:(?<!压得我)(?<!压得)(?<!忙得我)(?<!忙得)(?<!累得)喘不(?:上|过)(?:来)?气|呼吸困难|昏(?:过去|倒|迷)|晕(?:倒|过去)了|休克|大出血|流血不止|血止不住|止不住血|胸口(?:疼|痛)得|心脏病犯|心梗|抽搐)"
    r"|(?:叫|打)(?:个)?(?:120|救护车|幺二零)|(?:摔|倒)在地上(?:起不来|动不了)|吃了药.{0,4}(?:全身|浑身|喉咙).{0,4}(?:肿|疹)|(?:脸|喉咙|嘴|眼睛).{0,4}肿.{0,8}(?:喘|呼吸|看不见)",
    # minors
    r"我(?:今年|才|刚)?(?:满)?(?:[5-9]|1[0-7]|五|六|七|八|九|十|十一|十二|十三|十四|十五|十六|十七)岁(?!的)|我(?:才|还|在)?(?:上|读|念)?(?:小学|初[一二三中]|[一二三四五六]年级)(?!.{0,4}(?:老师|的(?:时候|孩子)))(?:生|呢|的)?"
    r"|我(?:还)?是(?:个)?(?:小孩|小朋友|学生妹|未成年|初中生|小学生)|(?:爸爸|妈妈|大人)(?:都)?不在家",
    # dementia, confusion
    r"(?:老年痴呆|阿尔茨海默|痴呆症?|(?<!猪)脑子(?:不清楚|记不住)|(?:老|子|人|妈|爸|爷|奶)糊涂了)|我(?:是)?在哪(?:里|儿)?(?:啊)?我?(?:不知道|忘了|想不起来)"
    r"|(?:不记得|忘了|想不起来)(?:自己|我)(?:是谁|叫什么|住哪|家在哪)|找不(?:到|着)家|我(?:老伴|儿子|女儿).{0,6}(?:走了|没了).{0,10}(?:他|她)(?:怎么)?(?:还)?(?:没回来|去哪)",
    # acute grief and hardship
    r"(?:我|俺)?(?:老公|丈夫|老婆|妻子|老伴|爸|妈|爸爸|妈妈|父亲|母亲|儿子|女儿|孩子|爱人|奶奶|爷爷|姥姥|外婆)(?:他|她)?"
    r"(?:上个?(?:月|周|星期|礼拜)|昨天|前天|前几天|刚刚?|今天|这两天|今早|上午|才)(?:因.{0,6})?(?:走了|去世|没了|过世|不在了|出车祸|离世|病逝)"
    r"|在办(?:丧|后)事|办丧事|(?:刚|在)办(?:完)?(?:追悼会|葬礼)"
    r"|(?:揭不开锅|没钱吃饭|饭都吃不(?:上|起)|(?:连)?(?:饭钱|药费|救命钱|看病的?钱)都(?:没有?|凑不)|走投无路|被催债.{0,6}(?:逼|死)|家破人亡|倾家荡产|没有?活路)",
)
_LEGAL = _patterns(
    r"(?:我|我们|老子|姐|哥|就|要|会|准备|已经|找|请|再)(?:要|会|去|就|直接|准备|已经)?(?:找|请|让|叫|委托)?(?:了)?(?:律师)(?!证|资格|考试|行业|朋友买)(?:函|起诉|告|来|跟|和|找|联系|处理|在)?",
    r"起诉(?:你|你们)|(?:上|去|到)法院(?:告|起诉|见)|(?:法院|法庭)(?:上)?见|(?:打|走)官司|走(?:法律|司法)(?:程序|途径)|(?:诉诸|拿起)?法律(?:手段|武器|途径|责任)",
    r"(?:12315|12345|12378|一二三一五|幺二三幺五|幺二三一五|消协|消费者协会|工商局?|市场监管局?|市监局|银保监|金融监管|证监|卫健委|卫生局|教育局|工信部|网信办|公安局?|派出所|媒体|记者|315|三幺五|三一五)"
    r"(?:那边|那里)?(?:我)?(?:都)?(?:去)?(?:投诉|举报|告|曝光|反映|报警|立案|备案)",
    r"(?:投诉|举报|告|曝光|反映|捅)(?:到|给|去|上)(?:12315|12345|12378|一二三一五|消协|消费者协会|工商|市场监管|市监局|银保监|金融监管|卫健委|卫生局|教育局|工信部|法院|媒体|记者|电视台|315|三幺五|网上)",
    r"(?:我|我要|就|要|得|只能|再不.{0,10})(?:去)?(?:报警|报案|告你们?|劳动仲裁|仲裁|曝光你们)(?!.{0,3}(?:诉他|诉我))",
    r"(?:收|等)(?:着|到)?(?:我的?)?(?:律师函|传票)|吃官司|立案了",
)
_HIGH_VALUE = _patterns(
    r"(?:我们(?:公司|单位|学校|医院|工厂|酒店|店里|集团|机构)|给(?:全)?(?:公司|单位|员工|团队)|企业|公司|单位).{0,14}(?:采购|团购|批量|订购|要(?:订|定|买)|统一|大概要|一次.{0,3}(?:要|订|买|拿)|员工)",
    r"(?:[一二两三四五六七八九十\d]+百|[\d]{3,}|[一二两三四五六七八九十\d]+千|好几百|上百|上千|几百)(?:多)?(?:台|套|份|个人|人|件|箱|盒|名|位|桌|张|辆|间)(?!.{0,3}(?:评价|排队|看过))",
    r"(?:(?:[一二两三四五六七八九十百\d]+|几|上)(?:百|千|多|来)?万)(?:块|元|以上|左右)?.{0,10}(?:理财|存(?!了)|投|贷|额度|保额|买断|保单|想放|想转|资金|预算|订单|单子)|(?:理财|存|投|贷|保额|预算|资金|订单|额度).{0,8}(?:[一二两三四五六七八九十百\d]+|几|上)(?:百|千|多)?万",
    r"(?:合同|协议)(?:条款|里|上|第.{1,3}条).{0,14}(?:改|解释|什么意思|修改|加|谈|约定)|补充协议|(?:独家|代理权?|加盟|合作|供货|招标|投标|对公|框架)(?:协议|合同|方案|条件|转账|账期|合作).{0,6}|账期|(?:想|要|谈谈?)(?:做|当)?(?:你们的?)?(?:代理|加盟|经销)|(?:税务|个税|遗产|离婚|继承|信托|跨境|过户|增值税专票).{0,10}(?:怎么|影响|处理|算|规划|分割|申报|安排|问题)",
    r"(?:怀孕|哺乳|糖尿病|高血压|心脏病|癌|肿瘤|化疗|过敏体质|免疫|血液病|抗凝|华法林|系统性红斑|肾|肝炎|癫痫|支架|起搏器|手术).{0,16}(?:能不能|能做|可以做|可不可以|行不行|影响|冲突|禁忌|能打|能用|风险)",
)
_MISHEARD = _patterns(
    r"(?:你|您|这(?:个)?机器)?(?:又|还是|怎么(?:又|还|老|总)?)?(?:听错|搞错我(?:的)?意思|理解错|弄错(?:了)?(?:我|意思)|会错意|听岔|听劈叉)",
    r"(?:我(?:都)?(?:说|问|讲)(?:的|得|了)?(?:不|可不|根本不|压根不)是(?:这个|这|那个|那)|我(?:说|问)的是|不是(?:这|那)个意思|我(?:可)?没(?:有)?(?:说|问)(?:过)?(?:这个|这些|要|我要|想)|我不是(?:说|问|这个意思|那个意思))",
    r"答非所问|(?:鸡同鸭讲|驴唇不对马嘴|牛头不对马嘴|对牛弹琴)|(?:听|说)(?:不|没)(?:听)?(?:懂|明白)(?:我|人)(?:的)?(?:说|在|话|意思)|(?:你|您)(?:到底|究竟|怎么|咋)?(?:老|总|一直|就)?(?:听(?:不|没)(?:懂|明白|清)(?!我说|楚我)|没(?:听)?(?:懂|明白))"
    r"|(?:跟|和)你说(?:了)?(?:多少|几|好几|两|三|[0-9])(?:遍|次)|我(?:都)?(?:说|讲)(?:了)?(?:多少|几|好几|两|三|八百)(?:遍|次|回)(?:了)?|(?:你|怎么)(?:老|总)(?:是)?(?:重复|说这个|问这个|绕)|车轱辘话",
)
_DECLINED = _patterns(
    r"(?:不用|不要|不需要|别|甭|先不|没必要|用不着|不必)(?:再|给我|帮我|麻烦)?(?:转|找|叫|接|换|麻烦|安排|联系)(?:接|到|个|给|什么|那个)?(?:人工|真人|客服|别人|经理|领导|顾问|人(?!的)|你们(?:经理|领导))",
    r"(?:人工|真人|客服)(?:就)?(?:不用|不要|不必|算|免)(?:了|啦|转)?",
)
_SETTLED = _patterns(
    r"(?:已经|都|后来|早就|上次|早)(?:给我|帮我|也|就|都)?(?:解决|处理(?:好|完)|退(?:了|款了|给我了)|赔(?:了|给我)|弄好|搞定|换(?:了新|好了))(?:了|掉|完)?",
)

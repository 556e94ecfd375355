"""Words that take the need for a human away: a grievance settled, a story that only sounds like one. Pure."""

from __future__ import annotations

import re

from callbot.conversation.labels import Signal

_DONE = re.compile(
    r"(?:已经|都|后来|早就|上次|早|昨天|今天|前天|当时|最后)(?:给我|帮我|也|就|都)*(?:解决|处理(?:好|完)|弄好|搞定|修好|消)(?:了|掉|完)?"
    r"|(?:你们|店里|店长|客服|商家|师傅|校长|老师|他们|后来)?(?:就|都|也|又|马上|当天)?(?:给|帮|替)(?:我|俺|我们)?(?:们)?(?:重新|又|都)?"
    r"(?:换(?:了|好)|补(?:了|发|上|好)|退(?:了|好)|修好|解决|处理好|弄好|开了药|赔了)"
    r"|(?:你们|店里|商家|客服|后来)(?:就|都|也|又|马上)?(?:换了|补发了?|补了|赔了|退了|道(?:过)?歉)|跟我道(?:过)?歉|给我道(?:了|过)?歉"
    r"|换了新的|换(?:了|过)个?(?:老师|师傅|教练|人)就|退给我了|(?:钱|款).{0,6}(?:到账了|收到了|退回来了)|(?:^|，|。|就|都)?(?:修好|处理好|解决|弄好|搞定)了(?!吗)"
    r"|赔(?:了我|得|的).{0,8}(?:行了|挺|快|满意)|投诉.{0,3}撤了|没让我赔|过去就过去"
    r"|补寄了|重发了|重做了|返工了|改过来了|冲回来了|(?:押金|费用|补偿|赔款|差价)(?:早|都|也|就|已经)?.{0,4}(?:到账|收到|退回|结清|到手)了"
    r"|(?:解决|弄|搞|处理|修|办|调)(?:得(?:都|也|挺|很|蛮|还|算)*|的(?:都|也)?(?:挺|很|蛮|还|算))(?:快|好|行|可以|及时|满意|不错|利索)(?!事|像|意思)"
    r"|(?:后来|最后|后面|第二天|隔天|当场|当天|马上|立马|最终|第[二三四]趟).{0,8}(?:好了|弄好|办了|换了|补了|改了|退了|送上|适应了?|没事了?|找着了|找到了|明白了|消了|清楚了)"
)
_CONTENT = re.compile(
    r"没啥(?:好|可)?说的|没什么(?:好|可)?说的|没啥(?:大)?(?:问题|意见)|没问题了?|没(?:这|那)(?:个)?(?:毛病|问题|事)了|不(?:漏|响|断|疼|痛|痒|坏|卡)了|现在(?:都)?(?:挺|很)?好(?:了|啦|的)"
    r"|(?:就|都|也)正常了|没毛病|回来了(?:$|，)|翻篇|(?:^|，|。|，|[^给])是我自己|(?:是)?我(?:自己)?(?:看错|弄错|记错|搞错)|挺(?:好|满意|讲究|快|负责|及时)|(?:^|，|。)(?:都|还|很|非常)?满意(?!吗|啥|什么)|小事|小毛病|没(?:有)?(?:耽误|影响|往心里去|意见|得挑|的说)|不(?:耽误|影响|计较|介意|碍事)|(?:能|可以|都)?理解(?!不)|不(?:投诉|追究)|都好着|好得很|挺(?:稳|及时|配合|客气|上心)|[赖怨怪]不着你?们?|不是你们(?:的)?(?:问题|毛病|错|责任)|我(?:自己)?(?:的)?(?:原因|不小心)|无所谓|不(?:怪|怨)你们|跟你们没(?:关系|有关系)|开(?:个)?玩笑|没事(?:了|的|儿|啊)?(?:$|，|。)"
)
_OPEN = re.compile(
    r"没人|没下文|没(?:有)?(?:回|处理|解决|修好|弄好|给我|收到|见着|见到|动静|结果|影|人|退|到(?!时|底)|来|办|补|管|个)|更(?:差|糟|破|烂|坏)|还(?:是|没|不|坏|漏|在)|又(?!给我|赔|补|换)|说是|说好|根本|压根|至今|到现在|一直(?!挺|很)|凭什么|才怪|解决什么|怎么算|谁(?:管|赔|认|来)"
    r"|可(?:是)?(?:这|现在|我)|但(?:是)?(?:这|现在|我|又|还)|结果|不算|不行(?!了)|没用|骗|坑|要(?:退|赔|投诉|个说法)|必须|(?:货|钱|人|东西|票|课|说法)呢|(?:也|就是|都|死活)不(?:退|给|管|修|赔|认|发|换)|比(?:原来|以前|之前).{0,3}[破差坏烂]|白(?:跑|等)|上当"
)
_PROMISED = re.compile(
    r"要是|如果|什么时候|吗$|让|得(?:给|赔|退|换)|能不能|赶紧|快点|就(?:给|是)我(?:换|退|赔)"
)
"""A settlement that is asked for, not told of."""
_TAKEN_BACK = re.compile(
    r"(?:投诉|差评).{0,3}(?:撤|算了|不(?:投|提))|没问题了|没啥说的|没什么说的|(?:已经|都|早)(?:就|给我)?(?:解决|处理好|弄好|修好)了|(?:不用|不要|没必要|别)(?:再)?(?:反馈|处理|管|查|追究|麻烦)了?(?:，|$).{0,2}(?:小事|没事|算了)"
    r"|过去就过去|^(?:没事|小事)"
)


def is_settled(text: str) -> bool:
    """Whether a grievance told in `text` (as `plain` spells it) is told as over, with nothing left open.

    换了台新的 and 钱到账了 settle it; 说是给换, 换来的还是坏的 does not. Source: labels, section Transfer.
    """
    return bool(_DONE.search(text) or _CONTENT.search(text)) and not _OPEN.search(text)


def settles_what_was_said(text: str) -> bool:
    """Whether `text` closes a grievance of an earlier turn: 投诉我撤了, 没问题了, 后来给换了新的."""
    told_as_over = _TAKEN_BACK.search(text) or _DONE.search(text)
    return told_as_over is not None and not (_OPEN.search(text) or _PROMISED.search(text))


_CHILD = re.compile(
    r"(?:我|俺)(?:们)?家?的?(?:孩子|闺女|儿子|女儿|娃|宝宝|小孩|丫头|小子|外甥|侄)|(?:他|她|孩子)(?:爸|妈)(?!妈?的)|(?:孩子|娃|宝宝)(?:才|刚|今年|在|上|读)"
)
_AGE = re.compile(r"(二十|三十|四十|五十|六十|七十|八十|[2-8][0-9])[一二三四五六七八九多]?(?:岁|了|的人)")
_SELF = re.compile(
    r"我(?:今年|才|刚|还是)?(?:[一二三四五六七八九十]{1,2}|1?[0-9])岁|我(?:上|读|在)(?:小学|初|高|[一二三四五六]年级)"
)
_RELATIVE = re.compile(
    r"我是(?:她|他|孩子|.{1,6}的)(?:亲)?(?:妈|爸|爷爷|奶奶|姥|外公|外婆|家长|监护人|老师|老公|老婆|爱人|丈夫|妻子)"
)
_OFFSPRING = re.compile(
    r"我是(?:她|他|机主)的?(?:大|小|二)?(?:女儿|儿子|闺女|孙子|孙女)|(?:女儿|儿子|闺女)(?:帮|替)(?:她|他)接"
)
_CHILDLIKE = re.compile(
    r"作业|上学|放学|年级|幼儿园|小学|初[一二三中]|岁|爸爸|妈妈|奶奶|爷爷|一个人在家|自己在家|玩|游戏|零花|压岁|阿姨|叔叔|姐姐好|睡午觉|老师"
)
_PLAYFUL = re.compile(r"哈哈|开(?:个)?玩笑|闹着玩|逗你|练拳|早(?:就)?没事|电视|电影|游戏")
_TO_DEATH = re.compile(r"(?:忙|累|烦|笑|困|热|冷|饿|急|气|吵|愁|堵)死(?:我|了|人)?|要命")
_UNWILLING = re.compile(
    r"(?:不想|懒得|没心思)(?:再|去|跟|给|继续|一直|瞎)*(?:换|买|学|做|办|弄|续|投|练|折腾|参加|考|约|报)"
)
_LIFE = re.compile(r"活|死|跳|药|刀|割|河|楼|没意思|盼头|解脱|遗|永别|再见了|走了算|撑不|熬不")
_MILD = re.compile(
    r"感冒|嗓子|咳嗽|跑(?:完)?步|健身|锻炼|爬(?:完)?楼|拔(?:完)?牙|复查|体检|打(?:完)?球|没啥大事|没大事|老毛病"
)
_OVER = re.compile(
    r"现在(?:都|早|就)?(?:退|好|没事|正常|能|挺|已经|恢复)|退(?:烧)?了|好多了|早(?:就)?好了|好着呢|好得很|活蹦乱跳|出院了|恢复(?:得|了)|没(?:啥|什么)?事(?:了|儿|$|，)|硬朗|记性(?:倒|还)?好|(?:去|前)年|(?:好)?几年(?:前|了)|小时候|疫苗"
)
_NOW = re.compile(
    r"喘不|救|一二零|120|快不行|叫不醒|昏|晕(?:倒|过去|了)|抽搐|流血|出血|吐血|发紫|没(?:有)?(?:反应|呼吸|意识)|马上|赶紧|怎么办|突然|说不出话|动不了|现在(?:疼|难受|很|还|特别|一直)|又(?:疼|烧|犯|发)"
)
_TRADE = re.compile(
    r"(?:我|他|她|老公|老婆|对象|朋友|同学)(?:就)?(?:是|做|当|干)(?:个|一个)?(?:搞|做|学)?(?:律师|法官|法务|法律)|在(?:法院|检察院|律所|公安局|派出所|电视台)(?:上班|工作|实习)|在?(?:法院|律所|派出所|公安局|检察院|电视台)(?:门口|旁边?|对面|附近|后面|楼下|那边|办(?:身份证|户口|事|证))|法律课|学法律"
    r"|(?:曝光|起诉|举报)过(?:没|吗|么)|(?:后来|最后)(?:没|不)(?:打|告|投)"
)


def is_harmless(text: str, signal: Signal) -> bool:
    """Whether `text` only sounds like `signal`: a parent's words for a minor's, 忙死了 for self-harm,
    a cold for an emergency, a lawyer at work for a threat of law."""
    match signal:
        case Signal.MINOR:
            grown_up = any(words.search(text) for words in (_CHILD, _AGE, _RELATIVE))
            helps = _OFFSPRING.search(text) is not None and not _CHILDLIKE.search(text)
            return (grown_up or helps) and not _SELF.search(text)
        case Signal.VIOLENCE:
            return _PLAYFUL.search(text) is not None
        case Signal.SELF_HARM:
            unwilling = _UNWILLING.search(text) is not None and not _LIFE.search(text)
            return unwilling or _TO_DEATH.search(text) is not None
        case Signal.MEDICAL_EMERGENCY:
            over = _OVER.search(text) is not None and not _NOW.search(text)
            return over or _MILD.search(text) is not None
        case Signal.LEGAL_THREAT:
            return _TRADE.search(text) is not None
        case _:
            return False

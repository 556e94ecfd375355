"""What a short answer means after the question it answers.

| asked | a bare yes | a bare no |
|---|---|---|
| offer | interested | refuse |
| anything_else | affirm | thanks_bye when it thanks or leaves, otherwise deny |
| identity | affirm | wrong_person for 不是, refuse for 不用 and 不需要 |
| yes_no, transfer | affirm | deny |
| convenience | affirm | busy_callback for 不方便, refuse for 不用 and 不需要, otherwise deny |
| choice | affirm | refuse |
| open | affirm, also for 挺好 and 还行; considering for 也就那样 | refuse for 不用, otherwise as it stands |

An option named in answer to a `choice`, or a concern, is affirm with the slot `concern`. 嗯 and 哦 are a
yes to a question and only a greeting_ack where nothing was asked. A bare yes to an offer is the wish for
it, because 好 answers the question that was put.
"""

from __future__ import annotations

import re

from callbot.conversation.labels import Intent
from callbot.conversation.reading import Context
from callbot.conversation.understand.spoken_time import is_far

_HEAD = r"(?:嗯+|啊|哦|噢|喔|哎|诶|唉|呃|额|那个?|这个|就|都|我|先|还是|也|喂)*"
_YES = re.compile(
    rf"^{_HEAD}(?:对+的?|是+的?|是滴|好+的?|好呀|好啊|好嘞|行+|可以+|成|中|要得|要的?|没错|嗯+|恩+|哦+|噢+|ok|okay|yes|得|没问题|当然|方便|有空|愿意|同意|需要|想|想要|试试|发吧|来吧|系|是我|我是|对头|留着|必须)"
    r"(?:的|啊|呀|吧|呢|哦|嘛|了|啦|嘞|我|是|对|好|行|可以|谢谢|你|说|嗯|那|就|帮我|给我|发|留|约|办|一下|下|来)*$"
)
_NO = re.compile(
    rf"^{_HEAD}(?:不+|不用+|不要+|不了|不是|没有?|没|没了|不需要|不必|算了|免了|不想|甭|甭了|不考虑|没兴趣|不感兴趣|否|no|冇|莫得|唔使|唔系|木有|暂时不|不行|不可以|不好|不方便|不愿意|拉倒)"
    r"(?:了|吧|啊|呀|的|哦|啦|嘛|呢|谢谢|用|需要|要|别的|其他|其他的|什么|问题|事|没有|没|麻烦|不用|不要|不是|不|我|先|再见|拜拜|哈|就这样|就这些)*$"
)
_MISHEARD_FINE = re.compile(r"^请(?=$|吧|啊|呀|的|可以|没问题|那|好|行|对)")
_MISHEARD_UM = re.compile(
    r"^(?:[如因](?=$|对|是|好|行|可以|没|不|我是|方便|需要|想)|你(?=$|对|好的|行|可以的?$|没有?$|不用|不是|我是))"
)
"""As the first sound of an answer a telephone recogniser writes 行 as 请, and 嗯 as 你, 如 or 因."""
_LEAVING = re.compile(r"谢|再见|拜|白白|挂|就这样|就这些|回见")
_BUSY = re.compile(r"不方便|没空|没时间")
_UNWANTED = re.compile(r"不用|不要|不需要|不必|不想|不考虑|兴趣|算了|免了|甭|唔使|拉倒|暂时不|不愿意|需要")
"""A no to the call itself, whoever was asked for."""
_CONVENIENT = re.compile(r"方便|有空|有时间|打扰|占用|[聊说]两句")
"""The bot asks for a moment: a no to what is wanted is a no to the call, and no wish for another hour."""
_GO_ON = re.compile(
    r"(?<!不)(?:行|好|成|可以|嗯|那|哦|得)(?:吧|啊|的|呀)?(?:那)?(?:你|您)?(?:先)?(?:就)?(?:说|讲)(?:说|讲)?(?:看|吧|来听听|一下|下|呗|嘛)?$|^(?:啊|哦|嗯|那)*(?:你|您)(?:说|讲)(?:吧|呗|嘛)?$"
)
"""行吧那你说说看: the floor goes back, whatever was grumbled before it."""

_CONTACT_ME = re.compile(r"^(?:嗯+|好+的?|行|可以|成|对|那|我?要的?|想要)+.{0,6}(?:联系|找)我(?:吧|就行|好了)?")
"""A yes that wishes to be contacted: what a yes to an offer leads to, and no call for a human now."""

_DO_IT = re.compile(
    r"^(?:嗯+|行|好的?|可以|成|那|就|你|都|给我|帮我)*(发|寄|留|约|办|送|报|订|定|装|换|排|开|加|试|续|登记|安排|预约|领)(?:一[下个份])?(?:吧|呗)(?!.{0,6}(?:但|不过|可是|等))"
)
"""寄吧 after 需要寄吗: the verb of the question comes back."""
_DECIDED = re.compile(
    r"^(?:嗯+|行|好的?|可以|成|那|就)*(?:这么|就)?(?:定了|要了|成交|就它了|就这个了)(?!.{0,2}(?:吗|没|告诉|通知|联系|再|找|给你|跟你|之后|以后))"
)
"""那定了: said only by whoever takes what is offered."""

_ASKED: tuple[tuple[str, re.Pattern[str]], ...] = (
    (
        "anything_else",
        re.compile(r"(?:还有|还需要|还想).{0,8}(?:别的|其他|什么|问题|帮)|其他.{0,6}(?:需要|问题)"),
    ),
    (
        "identity",
        re.compile(r"(?:请问|您)?(?:您)?是.{1,8}(?:本人|女士|先生|小姐|老师)?(?:本人)?(?:吗|么|吧)[？?。]?$"),
    ),
    (
        "transfer",
        re.compile(
            r"(?:转|接|找|安排).{0,6}(?:人工|真人|同事|客服|专员).{0,10}(?:吗|好吗|可以吗|行吗)"
            r"|转(?:接|给|到).{0,6}(?:顾问|老师|经理|主管|医生|专家|师傅).{0,8}(?:吗|好吗|可以吗|行吗|[？?])"
        ),
    ),
    ("choice", re.compile(r"(?:更|比较|最)?(?:关注|看重|在意|关心|想|喜欢|方便).{1,20}还是.{1,20}")),
    (
        "offer",
        re.compile(
            r"(?:要不要|想不想|需不需要|愿不愿意|给您|帮您|为您|您要|需要|想要|感兴趣|有兴趣|考虑|了解|试试|体验|参加|预约|领).{0,18}(?:吗|么|呢|好吗|可以吗|行吗|怎么样|如何|[？?])"
        ),
    ),
    ("yes_no", re.compile(r"(?:吗|么|吧|好不好|是不是|对不对|方便不|可以不)[？?。]?$")),
)


def asked(context: Context) -> str:
    """What was asked: by the flow, or where it says no more than `yes_no`, by the bot's own words.

    `offer` asks whether the callee wants what is offered, `convenience` for a moment of their time.
    """
    if context.asks not in {"", "yes_no"}:
        return context.asks
    last = _last_sentence(context.bot_said)
    found = next((name for name, pattern in _ASKED if pattern.search(last)), context.asks)
    if context.asks and found not in {"offer", "identity", "transfer"}:
        found = context.asks
    if found == "yes_no" and _CONVENIENT.search(_last_question(context.bot_said)):
        return "convenience"
    return found


def _last_sentence(words: str) -> str:
    return re.split(r"[。！!]", words.strip().rstrip("。！!"))[-1]


def _last_question(words: str) -> str:
    """现在方便吗？一会儿就好。 asks before it reassures."""
    return next(
        (part for part in reversed(re.split(r"(?<=[？?])|[。！!]", words)) if part.endswith(("？", "?"))), ""
    )


def offers_person(bot_said: str) -> bool:
    """Whether the bot has just asked if it shall put a human on the line now, and not later."""
    last = _last_question(bot_said)
    return dict(_ASKED)["transfer"].search(last) is not None and not _LATER.search(last)


_LATER = re.compile(r"联系您|打给您|给您打|回电|回您|来电|加您|稍后|晚点|明天|上门|安排(?!人工|真人)")
_VISIT = re.compile(
    r"约|上课|开课|试课|上门|[来去]做|方便来|安排在|排在|给您(?:排|留|占|订|定)|送(?:货|到|过去)"
    r"|到店|来店|到院|进店|过来|安装|试听|试驾|体验|来一趟|到校|看房|面谈"
)
_BY_PHONE = re.compile(r"打|电话|联系|回电|来电|致电")
_NO_TIME_NOW = re.compile(r"打|电话|联系|忙|没空|没时间|开会|开车|再说|不行|不方便|不去|不来|不约|有事|吗")


def names_visit(text: str, bot_said: str) -> bool:
    """Whether a time in `text` is when they will come, because that is what the bot asked: 周六上午吧 after
    您看哪天方便到店. It is no wish to be called then."""
    last = _last_question(bot_said)
    return bool(_VISIT.search(last)) and not (_BY_PHONE.search(last) or _NO_TIME_NOW.search(text))


_PUT_OFF = re.compile(r"再(?:说|看|定|议|考虑|商量)")
_CALL_AGAIN = re.compile(r"再(?:打|联系|来电|回电|给我(?:打|来|回)|跟我联系|通话|聊)|(?:打|来电|联系)(?:给)?我")
_CANNOT_NOW = re.compile(r"忙|没空|没时间|开会|开车|上班|不方便|在外|出差|有事")


def timed(text: str, spoken: str, *, bot_said: str, likeliest: Intent) -> Intent | None:
    """What the time `spoken` makes of `text`; `None` where its other words decide.

    过完年再打 asks for a call, 过完年再说 puts the decision off, a time by itself answers the bot's question.
    `likeliest` is what the model makes of the whole.
    """
    if _CALL_AGAIN.search(text):
        return Intent.BUSY_CALLBACK
    alone = len(spoken) >= max(1, 0.5 * len(text))
    if is_far(spoken) and _PUT_OFF.search(text):
        return Intent.CONSIDERING if alone and not _CANNOT_NOW.search(text) else None
    if not alone and likeliest is not Intent.BUSY_CALLBACK:
        return None
    if names_visit(text, bot_said):
        return Intent.INTERESTED
    return Intent.BUSY_CALLBACK if alone else None


def impossible(text: str, asks: str, bot_said: str) -> frozenset[Intent]:
    """What `text` would mean elsewhere and cannot mean after what the bot has just offered: a human asked for
    where one was offered and taken, an end of all calls where one call was proposed and declined."""
    arranged = accepts_person(text, asks, bot_said) or lets_come(text, bot_said)
    taken = {Intent.REQUEST_HUMAN} if arranged else set()
    waived = {Intent.DO_NOT_CALL} if waives_call(text, bot_said) else set()
    return frozenset(taken | waived)


_PRAISE = re.compile(
    r"^(?:嗯+|啊|哦|都|用着|感觉|觉得|就|也|我|还|总体|一直)*(?:挺好|蛮好|很好|还好|还行|还可以|还不错|不错|可以|顺手|满意|挺满意|很满意|没问题|没毛病|好用|挺顺手|习惯)(?:的|吧|啊|呀|了|用|嘛|呢)*$"
)
_SO_SO = re.compile(
    r"^(?:嗯+|啊|哦|我|感觉|觉得)*(?:也?就那样|也就那么回事|一般般?|凑合|马马虎虎|还凑合|说不上来|说不好|差不多那样|不好不坏|没啥感觉)(?:的|吧|啊|呀|了|嘛|呢)*$"
)
_HAVE = re.compile(r"^(?:嗯+|啊|哦)*(?:好的?|好吧|有的?|有啊|对的?|是的?|行吧?)$")
_IS_ME = re.compile(
    r"^(?:嗯|对|啊|哎|喂)*(?:是我|我是|我就是|就是我|是本人|是的?|对)(?:的|啊|呀)?(?:你|您|你们)?(?:是)?(?:哪里|哪位|哪儿|谁|啥事|什么事|哪家|怎么了)(?:啊|呀|的)?$"
)
_PERSON = re.compile(r"(?:客户经理|(?:专属|健康|美容)?顾问|班主任|老师|专员|同事|医生|师傅|专人)")
_ARRANGE = re.compile(
    r"^(?:嗯+|行|好的?|可以|成|那|你|您|就|先|要不)*(?:让|请|叫|约|跟|和|找)(?P<who>.{2,6}?)(?:先|来|给我|帮我|跟我|和我|就)*(?:安排|联系|介绍|聊|讲|说|排|看看?|打|发)"
)
_CALL_LATER = re.compile(r"(?:打给您|给您打|打过去|给您回|再联系您|联系您|给您来电|回电)")
_NO_CALL = re.compile(
    r"^(?:嗯|那|哎|唉|哦|啊)*(?:算了|好了|行了)?(?:就)?(?:不用|不必|甭|用不着)(?:再|给我|回|过来|特意)*(?:打|联系|来电|回)(?:了|啦|吧|过?来)*"
)


def accepts_person(text: str, asks: str, bot_said: str) -> bool:
    """Whether `text` says yes to the human whom the bot has just offered to bring in touch later:
    行，那先跟顾问聊聊 after 帮您约一位顾问好吗. 换个老师 and 你们经理 are no yes.
    """
    if asks not in {"offer", "choice", "yes_no"} or not (match := _ARRANGE.match(text)):
        return False
    found = _PERSON.search(match["who"] + text[match.end("who") : match.end()])
    return found is not None and found[0] in bot_said and not re.search(r"你们|换|别|不|现在|马上|吗", text)


def lets_come(text: str, bot_said: str) -> bool:
    """Whether `text` lets the one come of whom the bot has spoken: 让他六点以后来 after 需要师傅上门."""
    return _COMER.search(bot_said) is not None and _LET_COME.match(text) is not None


_COMER = re.compile(r"师傅|上门|阿姨|保洁|安装|量(?:尺|房)|送(?:货|过)|快递")
_LET_COME = re.compile(
    r"^(?:嗯|那|就|你|您|行|好的?|可以)*(?:让|叫|请|喊)(?:你们?)?(?:的)?(?:他|她|师傅|人|阿姨|安装的)(?!.{0,8}(?:接|听|说|讲|电话|谈)).{0,10}(?:来|上门|到|送)"
)


def waives_call(text: str, bot_said: str) -> bool:
    """Whether `text` declines the call that the bot has just proposed: 不用打了, and not 别再打了."""
    last = _last_question(bot_said) or _last_sentence(bot_said)
    return _CALL_LATER.search(last) is not None and (
        _NO_CALL.search(text) is not None and not re.search(r"再也|以后|永远|别|都不|骚扰|黑名单|老是", text)
    )


def answer(text: str, asks: str, concern: str, bot_said: str = "") -> Intent | None:
    """What `text` (as `essence` spells it) means as an answer to `asks`; `None` where it stands for itself.

    `bot_said` tells which words of the question come back as the answer, and what was offered.
    """
    if waives_call(text, bot_said):
        return Intent.REFUSE
    if lets_come(text, bot_said) or _DECIDED.match(text):
        return Intent.INTERESTED
    if (
        asks not in {"transfer", "identity"}
        and (done := _DO_IT.match(text))
        and done[1] in (_last_question(bot_said) or _last_sentence(bot_said))
    ):
        return Intent.INTERESTED
    if not asks:
        return None
    if accepts_person(text, asks, bot_said):
        return Intent.INTERESTED
    if asks == "open":
        if _PRAISE.match(text) or _HAVE.match(text):
            return Intent.AFFIRM
        if _SO_SO.match(text):
            return Intent.CONSIDERING
        if _NO.match(text) and _UNWANTED.search(text) and not _BUSY.search(text):
            return Intent.REFUSE
    if asks == "identity" and _IS_ME.match(text):
        return Intent.AFFIRM
    if asks == "choice" and _echoes(text, bot_said):
        return Intent.AFFIRM
    text = _MISHEARD_UM.sub("嗯", _MISHEARD_FINE.sub("行", text))
    if (
        asks == "choice"
        and concern
        and len(text) <= 12
        and not re.search(r"多少|多久|多长|吗|怎么|几|不|什么|啥|贵|便宜|谁|哪|呢$|[那这]个嘛?$", text)
    ):
        return Intent.AFFIRM
    if asks in {"identity", "yes_no", "convenience"} and len(text) <= 16 and _GO_ON.search(text):
        return Intent.AFFIRM
    if asks == "offer" and _CONTACT_ME.match(text):
        return Intent.INTERESTED
    if _YES.match(text):
        if asks in {"open", "callback_time"}:
            return None
        return Intent.INTERESTED if asks == "offer" else Intent.AFFIRM
    if _NO.match(text):
        if _BUSY.search(text):
            return Intent.BUSY_CALLBACK
        match asks:
            case "offer" | "choice":
                return Intent.REFUSE
            case "anything_else":
                return Intent.THANKS_BYE if _LEAVING.search(text) else Intent.DENY
            case "identity":
                return Intent.REFUSE if _UNWANTED.search(text) else Intent.WRONG_PERSON
            case "convenience" if _UNWANTED.search(text):
                return Intent.REFUSE
            case "yes_no" | "convenience" | "transfer":
                return Intent.DENY
            case _:
                return None
    return None


def _echoes(text: str, bot_said: str) -> bool:
    """护理吧, 时间排不开: an option comes back in the bot's own words."""
    said = re.sub(r"(?:吧|呢|啊|呀|嘛|的|了)+$", "", re.sub(r"^(?:嗯|那|就|还是|主要|应该|可能|是)+", "", text))
    return 2 <= len(said) <= 10 and said in re.sub(r"[，。？！、]", "", _last_question(bot_said))

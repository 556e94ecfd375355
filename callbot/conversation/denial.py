"""Where a sentence denies something instead of promising it: 没有打折, 不能保证, 您问的七折没有了."""

from __future__ import annotations

import re

_BREAKS = re.compile(r"[，。！？；：,.!?;:]")
_SENTENCE = re.compile(r"[。！？.!?]")
_FILLER = (
    r"(?:在|能|要|想|给|为|向|跟|对|替|帮|您|你|大家|做|打|有|说|是|这个|这种|那个|任何|什么|所谓的?|参加|过|到|轻易|乱|随便|完全|百分之?百"
    r"|(?:哪|任何一?)[个种款项家次][一-鿿]{0,4}?是)*"
)
_NO = (
    r"(?<!是)(?<!能)(?:不是|并非|绝非|没有|没法|没办法|无法|[打做给送发减退赔保免]不(?:了|起)|"
    r"不能|不敢|不会|不好|不可以|不便|不做|不参加|不承诺|不存在|难以|别信|没(?!问题|错|事))"
)
_BEFORE = re.compile(rf"{_NO}{_FILLER}$")
_WITHHELD = re.compile(
    r"(?:不(?:能|敢|好|可以|会|便)|没(?:有)?(?:办?法|人能|谁能)|无法|难以|不(?:是)?随便|并不|也不|不)(?:跟|给|向|对|替|帮|再)?(?:您|你|大家)?"
    r"(?:做|打|作|下|轻易|乱|说|完全|百分百|百分之百)*(?:任何|什么|这个)?$"
)
_AFTER = re.compile(
    r"^(?:的|那个|这个|价格?|优惠|折扣|活动|券|套餐|我|我们|咱们|这边|那边|这里|目前|现在|今年|暂时|已经|早就|真的?|确实|都|也|是|这件事|这种|的?说法|通过|抱歉)*"
    r"(?:没有?(?:了|的|哦|呢|呀)?|没法[给做]?|结束了|取消了|不做了?|不参加|给不了|做不(?:了|到)|不能(?:乱)?(?:说|承诺|答应|保证)|不敢(?:乱)?说|不存在|您?都?别信|信不得)$"
)
_QUOTED = re.compile(
    r"(?:您|你)(?:刚才|刚刚|之前)?(?:问|说|提|讲|担心|想要|听说|看到|想问)(?:到|起|过)?(?:的|了)?[^，。]{0,6}$|谁说$"
)
_REFUSED = re.compile(
    r"^(?:没有|不能|不敢|没法|无法|给不了|做不了|不做|不参加|不存在|别信|为准)|(?:目前|这边|现在|我|我们|暂时|真的?)(?:也|都|是|确实|还)*"
    r"(?:没有|不能|不敢|没法|无法|给不了|做不了|不做)|以.{1,6}为准$|您?都?别信"
)
_ASKED = re.compile(r"[吗么嘛吧]$")
_STRONGER = re.compile(r"^[^，。！？；,.!?;]{0,4}(?:更|以上|以下|起|不到|都?不止)")


def denied(words: str, start: int, end: int) -> bool:
    """Whether `words[start:end]`, in the spelling of `claims.spelled`, is denied by its own sentence.

    A question denies nothing (不是七折吗 offers one), and neither does a comparison (没有比七折更低的).
    """
    before = _BREAKS.split(words[:start])[-1]
    rest = words[end:]
    clause_end = _BREAKS.search(rest)
    after = rest[: clause_end.start()] if clause_end else rest
    asked = _ASKED.search(after) or (clause_end is not None and clause_end[0] in "？?")
    if asked or _STRONGER.match(after):
        return False
    if _WITHHELD.search(before) and not re.search(r"(?:无不|不得不|不能不|不会不|没有不)", before):
        return True
    if _BEFORE.search(before) or (_AFTER.match(after) and not words[:end].endswith("就")):
        return True
    if _QUOTED.search(before):
        following = _SENTENCE.split(rest[clause_end.end() :])[0] if clause_end else ""
        return any(_REFUSED.search(clause) for clause in (*_BREAKS.split(following), after))
    return False


def denied_everywhere(words: str, span: str) -> bool:
    """Whether every occurrence of `span` in `words` is denied."""
    places = [match.start() for match in re.finditer(re.escape(span), words)]
    return bool(places) and all(denied(words, place, place + len(span)) for place in places)

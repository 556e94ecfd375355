"""Machine names in the words of a Chinese call centre."""

from __future__ import annotations

from collections.abc import Mapping

OUTCOMES: Mapping[str, str] = {
    "interested": "有意向",
    "considering": "考虑中",
    "refused": "拒绝",
    "do_not_call": "要求勿扰",
    "transferred": "已转人工",
    "callback": "约定回拨",
    "wrong_number": "号码非本人",
    "voicemail": "语音信箱",
    "no_answer": "无人接听",
    "interrupted": "通话中断",
    "busy": "占线",
    "rejected": "拒接",
    "power_off": "关机",
    "suspended": "停机",
    "invalid_number": "空号",
    "network": "线路故障",
}

CAUSES: Mapping[str, str] = {
    **OUTCOMES,
    "unreachable": "暂时无法接通",
    "cancelled": "我方取消",
    "normal": "正常结束",
    "early_hang_up": "接通即挂断",
    "no-media": "没有收到声音",
    "carrier-unknown": "线路没有答复",
    "stopped": "我方停止拨打",
    "worker-lost": "媒体进程中断",
    "lost-claim": "任务已另行结清",
    "conversation-failed": "对话出错",
    "failed": "拨打出错",
}
"""Why an attempt ended as it did: the line's causes and our own, beside the outcomes."""

FOLLOW_UPS: Mapping[str, str] = {
    "assign_agent_24h": "24 小时内专人联系",
    "push_offer_3d": "3 天后推送优惠",
    "low_priority_no_touch_30d": "30 天不打扰，低优先级",
    "blacklist": "加入勿扰名单",
    "complaint_pause_30d": "暂停触达 30 天，24 小时内答复",
    "agent_handles_now": "人工正在处理",
    "schedule_callback": "按约定时间回拨",
    "mark_number_invalid": "标记号码无效",
    "retry_later": "稍后重试",
    "sequence_touch": "按序列发送消息",
    "sequence_task": "按序列人工联系",
}

STATES: Mapping[str, str] = {
    "making": "创建中",
    "draft": "草稿",
    "running": "进行中",
    "paused": "已暂停",
    "done": "已完成",
    "cancelled": "已取消",
    "queued": "排队",
    "dialing": "拨号中",
    "in_call": "通话中",
    "interrupted": "中断",
    "open": "待办",
    "claimed": "处理中",
    "sent": "已发送，等回应",
    "answered": "已答复",
    "closed": "已关闭",
    "active": "进行中",
    "finished": "已走完",
    "stopped": "已停止",
}

SPEAKERS: Mapping[str, str] = {"bot": "智能客服", "callee": "客户", "agent": "人工坐席"}

INTENTS: Mapping[str, str] = {
    "affirm": "肯定",
    "deny": "否定",
    "interested": "感兴趣",
    "considering": "考虑",
    "refuse": "拒绝",
    "busy_callback": "不方便/约时间",
    "do_not_call": "别再打",
    "complaint": "投诉",
    "request_human": "要人工",
    "ask_identity": "问身份",
    "ask_is_robot": "问是否机器人",
    "ask_price_offer": "问价格优惠",
    "ask_product_detail": "问产品",
    "ask_location_time": "问地点时间",
    "already_bought_elsewhere": "已在别家购买",
    "no_longer_needed": "不再需要",
    "wrong_person": "不是本人",
    "cannot_hear_repeat": "没听清",
    "greeting_ack": "应答",
    "thanks_bye": "道谢/再见",
    "silence_filler_unclear": "听不清",
    "voicemail_or_system_announcement": "系统提示音",
    "abusive": "辱骂",
    "privacy_concern": "隐私顾虑",
}

EMOTIONS: Mapping[str, str] = {
    "neutral": "平静",
    "positive": "积极",
    "hesitant": "犹豫",
    "impatient": "不耐烦",
    "angry": "生气",
    "sad_worried": "难过/担心",
}


JOURNAL: Mapping[str, str] = {
    "do_not_call": "要求勿扰",
    "complaint": "投诉",
    "callback": "约定回拨",
    "promise": "承诺",
    "transfer_request": "要求人工",
}

TRANSFERS: Mapping[str, str] = {
    "connected": "已接通人工",
    "declined": "坐席未接受",
    "no_answer": "坐席未应答",
    "no_agent": "没有空闲坐席",
    "callee_left": "客户先挂断",
    "agent_left": "坐席断线",
    "bridge_failed": "转接失败",
    "abandoned": "客户先挂断",
    "done": "已完成",
}

TRANSFER_REASONS: Mapping[str, str] = {
    "complaint": "投诉",
    "explicit_request": "要求人工",
    "high_value_complex_query": "大额或复杂业务",
    "repeated_misunderstanding": "多次没听懂",
    "vulnerable_person": "需要特别照顾",
    "legal_threat": "提到法律途径",
}

ENDED_BY: Mapping[str, str] = {"bot": "智能客服", "callee": "客户", "carrier": "线路", "agent": "人工坐席"}

CHECKS: Mapping[str, str] = {
    "disclosed": "及时表明是智能客服并告知录音",
    "stop_respected": "要求勿扰得到尊重",
    "human_given": "要人工或投诉有着落",
    "nothing_false": "没有被拦下的不实表述",
    "short_turns": "话不过长",
    "heard_out": "客户不用重复",
    "calmer": "情绪没有变差",
}

EVENTS: Mapping[str, str] = {
    "order": "下单",
    "login": "登录",
    "browse": "浏览",
    "favourite": "收藏",
    "cart": "加购",
    "form": "表单",
    "visit": "到店",
    "lesson": "上课",
    "enquiry": "咨询",
    "refund": "退款",
    "ticket": "工单",
    "review": "评价",
    "share": "分享",
    "message_sent": "消息送达",
    "message_open": "打开消息",
    "message_click": "点击消息",
    "unsubscribe": "退订",
    "human_call": "人工电话",
    "conversation": "通话",
    "call": "外呼",
}

OWNERS: Mapping[str, str] = {
    "system": "系统",
    "complaint-desk": "投诉专员",
    "sales-desk": "销售顾问",
    "list-owner": "名单负责人",
    "supervisor": "主管",
}

SCOPES: Mapping[str, str] = {"all": "全部渠道", "voice": "仅电话"}

PURPOSES: Mapping[str, str] = {
    "marketing": "营销",
    "service_followup": "服务回访",
    "requested": "客户要求",
}

FAILED: Mapping[str, str] = {"content": "内容不相关", "timing": "时机不合适", "channel": "通道不对劲"}

ALARMS: Mapping[str, str] = {
    "follow_up_overdue": "待办超期",
    "case_due_soon": "投诉将超时",
    "case_overdue": "投诉超时未答复",
    "promise_overdue": "承诺超期未兑现",
    "batch_tripped": "批次熔断暂停",
    "holidays_unknown": "节假日表将到期",
    "transfer_late": "转人工超时",
}

PROMISES: Mapping[str, str] = {
    "callback": "按时回拨",
    "agent_contact": "专人联系",
    "complaint_answer": "答复投诉",
    "message": "发送资料",
    "offer": "发放优惠",
    "wrap_up": "坐席承诺",
}

PROMISE_STATES: Mapping[str, str] = {"open": "待兑现", "kept": "已兑现", "broken": "未按时兑现", "void": "作废"}

STOPS: Mapping[str, str] = {
    "refused": "客户拒绝",
    "do_not_call": "要求勿扰",
    "complaint": "投诉",
    "activated": "已激活",
    "human": "人工接手",
    "batch_cancelled": "批次取消",
    "restarted": "重新开始",
}

LATENCY: Mapping[str, str] = {
    "turn_end": "判断说完",
    "recogniser": "识别",
    "reader": "理解",
    "writer": "措辞",
    "voice": "合成",
    "wire": "送出",
    "total": "合计",
}


def word(table: Mapping[str, str], name: str | None) -> str:
    """The Chinese word, or the machine name where none is known, or a dash."""
    return table.get(name, name) if name else "—"

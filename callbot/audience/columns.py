"""The columns of customer lists and their histories; docs/import.md explains each one."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from callbot.audience.cells import day, json_object, many, moment, one_of, past, text, whole, yes, yuan, zone
from callbot.audience.row import Column

INDUSTRIES: Final = MappingProxyType(
    {"电商": "ecommerce", "医美": "aesthetics", "教育": "education", "金融": "finance"}
)
KINDS: Final = MappingProxyType(
    {
        "登录": "login",
        "浏览": "browse",
        "收藏": "favourite",
        "加购": "cart",
        "订单": "order",
        "表单": "form",
        "到店": "visit",
        "上课": "lesson",
        "咨询": "enquiry",
        "退款": "refund",
        "工单": "ticket",
        "评价": "review",
        "分享": "share",
        "消息送达": "message_sent",
        "打开消息": "message_open",
        "点击消息": "message_click",
        "退订": "unsubscribe",
        "沟通": "conversation",
        "外呼": "call",
    }
)
PURPOSES: Final = MappingProxyType({"营销": "marketing", "服务回访": "service_followup"})
_CHANNELS = {
    "电话": "voice",
    "短信": "sms",
    "企业微信": "wecom",
    "APP": "app",
    "小程序": "mini_program",
    "邮件": "email",
}
_GENDERS = {
    "男": "男",
    "女": "女",
    "男性": "男",
    "女性": "女",
    "先生": "男",
    "女士": "女",
    "male": "男",
    "female": "女",
}
_SCOPES = {"全部": "all", "电话": "voice", "是": "all"}

_PHONE = Column(
    key="phone", names=("手机号", "电话", "手机", "手机号码", "联系电话"), read=text(32), required=True
)
_OWNER = (
    Column(key="customer", names=("客户编号", "客户ID", "会员号"), read=text(64)),
    Column(key="phone", names=("手机号", "电话", "手机", "手机号码", "联系电话"), read=text(32)),
)
"""How a row of history names its customer: by number of the list, or by phone."""

_CONSENT = (
    Column(key="purpose", names=("用途", "同意用途"), read=one_of(PURPOSES), required=True),
    Column(key="granted", names=("同意", "是否同意"), read=yes, required=True),
    Column(key="at", names=("时间", "同意时间"), read=past, required=True),
    Column(key="text_version", names=("文本版本",), read=text(64)),
    Column(key="channel", names=("渠道", "取得渠道"), read=text(32)),
    Column(key="evidence", names=("凭证", "凭证编号"), read=text(200)),
)

CUSTOMERS: Final = (
    Column(key="external_id", names=("客户编号", "客户ID", "会员号"), read=text(64)),
    Column(key="name", names=("姓名", "客户姓名", "名字"), read=text(40), required=True),
    _PHONE,
    Column(key="industry", names=("行业",), read=one_of(INDUSTRIES), required=True),
    Column(key="brand", names=("品牌", "商家"), read=text(40), required=True),
    Column(key="gender", names=("性别",), read=one_of(_GENDERS)),
    Column(key="birthday", names=("生日", "出生日期"), read=day),
    Column(key="region", names=("地区", "城市"), read=text(40)),
    Column(key="timezone", names=("时区",), read=zone),
    Column(key="preferred_channel", names=("偏好渠道",), read=one_of(_CHANNELS)),
    Column(key="named_agent", names=("专属顾问", "专属联系人"), read=text(40)),
    Column(key="member_level", names=("会员等级",), read=text(20)),
    Column(key="member_until", names=("权益到期日", "会员到期日"), read=day),
    Column(key="interests", names=("兴趣", "兴趣标签"), read=many),
    Column(key="registered_at", names=("注册时间", "注册日期"), read=past),
    Column(key="own_enquiry_at", names=("最近主动咨询",), read=past),
    Column(key="number_valid", names=("号码有效",), read=yes),
    Column(key="do_not_contact", names=("勿扰",), read=one_of(_SCOPES)),
    Column(key="refused_at", names=("最近拒绝",), read=past),
    Column(key="complained_at", names=("最近投诉",), read=past),
    Column(key="consent_at", names=("营销同意时间",), read=past),
    Column(key="consent_text", names=("同意文本版本",), read=text(64)),
    Column(key="consent_channel", names=("同意渠道",), read=text(32)),
    Column(key="consent_evidence", names=("同意凭证",), read=text(200)),
    Column(key="last_order_at", names=("最近购买时间", "最近购买日期"), read=past),
    Column(key="last_order_item", names=("最近购买商品",), read=text(60)),
    Column(key="last_order_yuan", names=("最近购买金额",), read=yuan),
)

EVENTS: Final = (
    *_OWNER,
    Column(key="external_id", names=("事件编号",), read=text(64)),
    Column(key="kind", names=("类型", "事件"), read=one_of(KINDS), required=True),
    Column(key="at", names=("时间", "发生时间"), read=past, required=True),
    Column(key="note", names=("内容", "备注"), read=text(500)),
    Column(key="data", names=("数据",), read=json_object),
)

ORDERS: Final = (
    *_OWNER,
    Column(key="external_id", names=("订单编号", "订单号"), read=text(64), required=True),
    Column(key="at", names=("时间", "下单时间"), read=past, required=True),
    Column(key="item", names=("商品", "项目", "课程", "产品"), read=text(60), required=True),
    Column(key="category", names=("品类", "类目"), read=text(40)),
    Column(key="amount_fen", names=("金额", "金额（元）", "amount_yuan"), read=yuan, required=True),
    Column(key="refunded", names=("已退款",), read=yes),
)

CONSENTS: Final = (*_OWNER, *_CONSENT)

OFFERS: Final = (
    Column(key="code", names=("优惠编号",), read=text(40), required=True),
    Column(key="version", names=("版本",), read=whole(1, 9_999)),
    Column(key="industry", names=("行业",), read=one_of(INDUSTRIES), required=True),
    Column(key="title", names=("名称", "标题"), read=text(40), required=True),
    Column(key="discount_percent", names=("减免百分比",), read=whole(1, 99)),
    Column(key="amount_fen", names=("金额（元）", "金额", "amount_yuan"), read=yuan),
    Column(key="min_spend_fen", names=("使用门槛（元）", "使用门槛", "min_spend_yuan"), read=yuan),
    Column(key="gift", names=("赠品",), read=text(60)),
    Column(key="valid_from", names=("开始日期",), read=day),
    Column(key="valid_until", names=("截止日期",), read=day),
    Column(key="stock", names=("库存",), read=whole(0, 1_000_000_000)),
    Column(key="priority", names=("优先级",), read=whole(-1_000, 1_000)),
    Column(key="compensation", names=("可用于补偿",), read=yes),
    Column(key="min_silent_days", names=("沉默天数起",), read=whole(0, 10_000)),
    Column(key="max_silent_days", names=("沉默天数止",), read=whole(0, 10_000)),
    Column(key="min_orders", names=("订单数起",), read=whole(0, 10_000)),
    Column(key="max_orders", names=("订单数止",), read=whole(0, 10_000)),
    Column(key="member_levels", names=("适用等级",), read=many),
    Column(key="withdrawn_at", names=("撤回时间",), read=moment),
)

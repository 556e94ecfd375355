"""The fixed names of what is understood and what came of it. Data, flows and reports agree on them."""

from __future__ import annotations

from enum import StrEnum


class Intent(StrEnum):
    """What the callee means by one utterance, in its context."""

    AFFIRM = "affirm"
    DENY = "deny"
    INTERESTED = "interested"
    CONSIDERING = "considering"
    REFUSE = "refuse"
    BUSY_CALLBACK = "busy_callback"
    DO_NOT_CALL = "do_not_call"
    COMPLAINT = "complaint"
    REQUEST_HUMAN = "request_human"
    ASK_IDENTITY = "ask_identity"
    ASK_IS_ROBOT = "ask_is_robot"
    ASK_PRICE_OFFER = "ask_price_offer"
    ASK_PRODUCT_DETAIL = "ask_product_detail"
    ASK_LOCATION_TIME = "ask_location_time"
    ALREADY_BOUGHT_ELSEWHERE = "already_bought_elsewhere"
    NO_LONGER_NEEDED = "no_longer_needed"
    WRONG_PERSON = "wrong_person"
    CANNOT_HEAR_REPEAT = "cannot_hear_repeat"
    GREETING_ACK = "greeting_ack"
    THANKS_BYE = "thanks_bye"
    SILENCE_FILLER_UNCLEAR = "silence_filler_unclear"
    ANNOUNCEMENT = "voicemail_or_system_announcement"
    ABUSIVE = "abusive"
    PRIVACY_CONCERN = "privacy_concern"


class Emotion(StrEnum):
    """How the callee sounds from the words alone."""

    NEUTRAL = "neutral"
    POSITIVE = "positive"
    HESITANT = "hesitant"
    IMPATIENT = "impatient"
    ANGRY = "angry"
    SAD_WORRIED = "sad_worried"


class TransferReason(StrEnum):
    """Why a human is needed."""

    COMPLAINT = "complaint"
    EXPLICIT_REQUEST = "explicit_request"
    HIGH_VALUE_COMPLEX_QUERY = "high_value_complex_query"
    REPEATED_MISUNDERSTANDING = "repeated_misunderstanding"
    VULNERABLE_PERSON = "vulnerable_person"
    LEGAL_THREAT = "legal_threat"


class Signal(StrEnum):
    """What may show in one utterance, beside its intent, that a human is needed."""

    SELF_HARM = "self_harm"
    VIOLENCE = "violence"
    MEDICAL_EMERGENCY = "medical_emergency"
    FRAUD_UNDER_WAY = "fraud_under_way"
    MINOR = "minor"
    DEMENTIA = "dementia"
    GRIEF_OR_HARDSHIP = "grief_or_hardship"
    LEGAL_THREAT = "legal_threat"
    HIGH_VALUE_COMPLEX = "high_value_complex"
    MISHEARING = "mishearing"
    EXPLICIT_REQUEST = "explicit_request"
    COMPLAINT = "complaint"


VULNERABLE = frozenset(
    {
        Signal.SELF_HARM,
        Signal.VIOLENCE,
        Signal.MEDICAL_EMERGENCY,
        Signal.FRAUD_UNDER_WAY,
        Signal.MINOR,
        Signal.DEMENTIA,
        Signal.GRIEF_OR_HARDSHIP,
    }
)
"""Signals of a person who must not be left to a bot."""


class Outcome(StrEnum):
    """How an attempt ended: exactly one for each. The second group comes from the line, not from words."""

    INTERESTED = "interested"
    CONSIDERING = "considering"
    REFUSED = "refused"
    DO_NOT_CALL = "do_not_call"
    TRANSFERRED = "transferred"
    CALLBACK = "callback"
    WRONG_NUMBER = "wrong_number"
    VOICEMAIL = "voicemail"
    NO_ANSWER = "no_answer"
    INTERRUPTED = "interrupted"

    BUSY = "busy"
    REJECTED = "rejected"
    POWER_OFF = "power_off"
    SUSPENDED = "suspended"
    INVALID_NUMBER = "invalid_number"
    NETWORK = "network"


class FollowUpKind(StrEnum):
    """What follows from an outcome. The leading one of a call names its outcome's row in the design's table."""

    ASSIGN_AGENT_24H = "assign_agent_24h"
    PUSH_OFFER_3D = "push_offer_3d"
    LOW_PRIORITY_NO_TOUCH_30D = "low_priority_no_touch_30d"
    BLACKLIST = "blacklist"
    COMPLAINT_PAUSE_30D = "complaint_pause_30d"
    AGENT_HANDLES_NOW = "agent_handles_now"
    SCHEDULE_CALLBACK = "schedule_callback"
    MARK_NUMBER_INVALID = "mark_number_invalid"
    RETRY_LATER = "retry_later"

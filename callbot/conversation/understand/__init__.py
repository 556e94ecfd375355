"""Understanding of what callees say: a deterministic look, then a small model of meaning."""

from callbot.conversation.understand.reader import LocalReader

__all__ = ["LocalReader"]

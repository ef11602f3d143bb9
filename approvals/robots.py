"""What robots of chat groups are sent, and whether they took it. Pure.

WeCom: https://developer.work.weixin.qq.com/document/path/91770 (text of at most 2048 bytes).
DingTalk: https://open.dingtalk.com/document/robots/custom-robot-access (signed in the address).
Feishu: https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot (signed in the body).
Each robot takes at most 20 messages a minute (WeCom, DingTalk) or 100 (Feishu).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any, Final, NamedTuple
from urllib.parse import quote_plus, urlsplit

# Also what the shortest of them takes.
BYTES_AT_MOST: Final = 2000
HOSTS: Final[Mapping[str, tuple[str, ...]]] = {
    "wecom": ("qyapi.weixin.qq.com",),
    "dingtalk": ("oapi.dingtalk.com", "api.dingtalk.com"),
    "feishu": ("open.feishu.cn", "open.larksuite.com"),
}


class Post(NamedTuple):
    """An address and the JSON that is posted there."""

    address: str
    body: bytes


def post(system: str, address: str, secret: str, text: str, *, second: int) -> Post:
    """Return what makes a robot say `text`; `second` is the time, which signatures hold."""
    said: dict[str, Any] = {"msgtype": "text", "text": {"content": text}}
    if system == "dingtalk" and secret:
        stamp = str(second * 1000)
        sign = quote_plus(_sign(secret.encode(), f"{stamp}\n{secret}".encode()))
        mark = "&" if urlsplit(address).query else "?"
        address = f"{address}{mark}timestamp={stamp}&sign={sign}"
    if system == "feishu":
        said = {"msg_type": "text", "content": {"text": text}}
        if secret:
            key = f"{second}\n{secret}".encode()
            said |= {"timestamp": str(second), "sign": _sign(key, b"")}
    return Post(address, json.dumps(said, ensure_ascii=False).encode())


def refusal(status: int, content: bytes) -> str:
    """Return why a robot did not take it, in a few words of its own; nothing if it did."""
    if status != 200:
        return f"HTTP {status}"
    try:
        said = json.loads(content)
    except (ValueError, RecursionError):
        return "no JSON"
    if not isinstance(said, dict):
        return "no JSON"
    # WeCom and DingTalk say errcode, Feishu code, and formerly StatusCode.
    code = next((said[name] for name in ("errcode", "code", "StatusCode") if name in said), None)
    if code == 0 and not isinstance(code, bool):
        return ""
    words = said.get("errmsg") or said.get("msg") or said.get("StatusMessage") or ""
    return f"{code}: {words}"[:150]


def _sign(key: bytes, text: bytes) -> str:
    return base64.b64encode(hmac.digest(key, text, hashlib.sha256)).decode()

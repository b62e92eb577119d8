"""What PostgreSQL's client says of a connection, in words for whoever sits at the desk at night. The client's own words
go to the log."""

from __future__ import annotations

import logging
import re

from dutydesk.core.i18n import N_, _

log = logging.getLogger(__name__)

_WORDS = (
    (r"Connection refused|0x0000274D", N_("那台机器没有应答：中心库没有开，或端口不对，请打电话给中心库管理员")),
    (r"timeout expired|timed out|0x0000274C", N_("等不到应答：网络不通或太慢，先看网线，再打电话给中心库管理员")),
    (r"could not translate host name|Name or service not known|No address associated|getaddrinfo", N_("找不到这个主机名：先看网线，再请中心库管理员核对地址")),
    (r"No route to host|Network is unreachable|Network is down", N_("网络不通，请看网线和路由")),
    (r"password authentication failed|no password supplied|role \S+ does not exist", N_("登录名或口令不对，请中心库管理员重新给登记文件，在“同步”里读入")),
    (r"database \S+ does not exist", N_("那里没有这个库，请中心库管理员核对地址，重新给登记文件")),
    (r"does not match host name|hostname mismatch|Hostname mismatch", N_("对方的证书不是发给这个主机名的，没有连接，请打电话给中心库管理员")),
    (r"certificate verify failed|self.signed certificate|local issuer|has expired|not yet valid",
     N_("对方的证书没有通过验证，没有连接：不是约定的机构签发的，或不在有效期内。先看本机日期对不对，再打电话给中心库管理员")),
    (r"server does not support SSL|SSL is not enabled|no encryption", N_("对方不支持加密连接，没有连接，请打电话给中心库管理员")),
    (r"root certificate file|certificate file", N_("读不了本机的证书文件，请中心库管理员重新给登记文件，在“同步”里读入")),
    (r"too many clients|connection slots", N_("中心库的连接数已满，过一会儿再试")),
    (r"starting up|shutting down|in recovery mode", N_("中心库正在启动或停机，过一会儿再试")),
    (r"server closed the connection|Connection reset|Broken pipe|unexpected eof|terminating connection|connection is lost", N_("中途断线，过一会儿自动再试")),
    (r"No space left|disk full|could not extend file", N_("中心库的磁盘满了，请找其管理员")),
)  # fmt: skip


def plainly(error: BaseException) -> str:
    """One sentence about an error of the client; its own first line where nothing is known of it."""
    text = str(error).strip()
    log.info("hub: %s", " ".join(text.split()))
    for pattern, words in _WORDS:
        if re.search(pattern, text, re.IGNORECASE):
            return _(words)
    return (text.splitlines() or [type(error).__name__])[0]

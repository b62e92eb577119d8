"""The sheet of the recovery key: what opens encrypted copies on another machine, on paper, for the safe."""

from __future__ import annotations

from dutydesk.core.i18n import _
from dutydesk.core.settings import DeskConfig
from dutydesk.ledger.feature import Pdf
from dutydesk.printing.page import Document, Foot

GROUP = 6
"""Characters of a key that stand together on paper."""


def key_sheet(secret: str, public: str, config: DeskConfig, at: int, key: bytes | None = None) -> Pdf:
    """A private key in groups to be typed and as a QR symbol; `key` is that of an encrypted record, which such a copy
    needs as well. It is kept nowhere else."""
    made = Document(
        title=_("备份恢复密钥"),
        unit=config.unit or config.name,
        at=at,
        subtitle=_("密封后锁在保险柜，不要拍照，不要留在电脑里"),
        foot=Foot(_("右边的方格就是恢复密钥，用扫码枪可以直接读入"), secret),
    )
    rows = [(_("恢复密钥"), grouped(secret)), (_("公钥"), grouped(public))]
    if key is not None:
        rows.insert(1, (_("数据密钥 DUTYDESK_KEY"), grouped(key.hex())))
    made.pairs(rows, columns=1, size=13, row_height=26)
    if config.second_snapshots:
        made.pairs([(_("备份在哪里"), config.second_snapshots)], columns=1)
    made.heading(_("什么时候用"), 2)
    made.paragraph(_("值班电脑坏了、丢了，只剩第二处加密的备份（名字以 .age 结尾）的时候。"), indent=2)
    made.heading(_("怎么用"), 2)
    for text in (
        _("一、换一台电脑，装好值班台，打开，选“换电脑：从备份恢复原来的值班台”。"),
        _("二、插上备份盘，按“别处的备份”，选日期最新的一份。"),
        _("三、把恢复密钥照抄进去，空格、大小写都不要紧，回车。"),
        _("四、填纸上最后的编号，按“照此恢复”，再按“打开值班台”。旧电脑从此不要再记。"),
        _("备份在服务器上的，由信息中心在命令行里取："),
    ):
        made.paragraph(text, indent=2)
    made.paragraph(f"dutydesk restore {config.second_snapshots or 'webdav://…'} --identity -", size=11)
    made.space(12)
    made.signatures([_("打印人"), _("封存人"), _("保管人")])
    return made.pdf()


def grouped(key: str) -> str:
    """A key to be read aloud and typed, what it begins with for itself: `AGE-SECRET-KEY-1 QYQSZQ GPQYQS …`."""
    begin, one, rest = key.partition("1")
    if not rest:
        begin, one, rest = "", "", key
    parts = [rest[at : at + GROUP] for at in range(0, len(rest), GROUP)]
    return " ".join(filter(None, (begin + one, *parts)))

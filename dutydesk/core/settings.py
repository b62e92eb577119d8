"""`desk.toml`: what a workstation is. Rules and thresholds are the ledger `settings`; looks are `desk.looks`, the rest `local_*`."""

from __future__ import annotations

import tomllib
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from dutydesk.core.errors import Problem, Refused
from dutydesk.core.files import write_whole
from dutydesk.core.i18n import _


@dataclass(frozen=True, slots=True)
class DeskConfig:
    """One workstation. To add a setting: add it here with its default, read it somewhere, name it in the manual.

    `desk`: 32 hex digits; `code`: the desk's short code in its district, part of its numbers when given;
    `district`: GB/T 2260 code; `epoch`: the epoch this folder writes; `hub`: address of the hub, without a password;
    `hub_ca`: file of the authority that vouches for the hub's certificate; `second_snapshots`: folder or address of the
    second place of copies; `second_recipients`: age keys for which they are encrypted there; `second_plain`: a folder on
    another disk of this machine gets them as they are; `second_password_file`: where the place's password stands;
    `ballast_mb`: room kept back for a full disk; `view`: a read-only view of a hub, in which nobody writes.
    """

    desk: str
    epoch: int = 1
    code: str = ""
    district: str = ""
    name: str = ""
    unit: str = ""
    sample: bool = False
    drill: bool = False
    shift_pattern: str = "H24_0830"
    second_snapshots: str = ""
    second_recipients: str = ""
    second_plain: bool = False
    second_password_file: str = ""
    ballast_mb: int = 64
    hub: str = ""
    hub_ca: str = ""
    view: bool = False

    @property
    def desk_id(self) -> bytes:
        return bytes.fromhex(self.desk)

    @property
    def mark(self) -> str:
        """The word that stands across every print of a desk that is not the real one."""
        return _("只读") if self.view else _("演练") if self.drill else _("示例") if self.sample else ""


def load(path: Path) -> DeskConfig:
    """Read `desk.toml`. Raises `Refused` naming the file and what is wrong in it."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise Refused(Problem(_("不见了：上次没有建完，或被移走"), file=path.name)) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Refused(Problem(_("写法有误：{error}").format(error=error), file=path.name)) from None
    known = {field.name: field for field in fields(DeskConfig)}
    for name, value in data.items():
        if name not in known:
            raise Refused(Problem(_("不认识的设置"), field=name, file=path.name))
        if str(known[name].type) != type(value).__name__:
            raise Refused(Problem(_("类型不对"), field=name, file=path.name))
    if len(str(data.get("desk", ""))) != 32:
        raise Refused(Problem(_("缺少本机编号"), field="desk", file=path.name))
    return DeskConfig(**data)


def save(path: Path, config: DeskConfig) -> None:
    """Write `desk.toml` whole or not at all."""
    lines = [f"{name} = {_toml(value)}" for name, value in asdict(config).items()]
    write_whole(path, ("\n".join(lines) + "\n").encode())


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    escaped = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else f"\\u{ord(c):04X}" for c in escaped) + '"'

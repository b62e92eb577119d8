"""How a desk comes to its hub: its card goes to the hub's owner, the owner's file comes back and is kept here.

The owner's file has the address in its first line, the password in its second, and then, where the hub has a certificate
of an authority of its own, that authority's certificate (PEM). What it says takes effect at once, in an open window, too.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from dutydesk.core.errors import Problem, Refused, Unavailable
from dutydesk.core.files import write_whole
from dutydesk.core.i18n import _
from dutydesk.core.settings import load, save
from dutydesk.journal.store import Store

CA_FILE = "hub-ca.pem"
"""Where the authority's certificate lies in the desk's folder."""
_PEM = "-----BEGIN CERTIFICATE-----"
_MOST = 64 * 1024


def write_card(store: Store, path: Path) -> None:
    """Write this desk's card for the owner of the hub. Raises `Refused` for a sample or drill, `Unavailable`."""
    from dutydesk.sync import keys, protocol

    protocol.refuse_play(store)
    try:
        write_whole(path, keys.card(store))
    except OSError as error:
        raise Unavailable(_("写不了文件：{error}").format(error=error.strerror or error)) from None


def write_secret(out: Path, address: str, password: str, ca: str = "") -> None:
    """The owner's file for a desk: address, password, and the certificate of the authority in the file `ca`; for the
    owner of the file alone. Raises `Refused` for a `ca` that cannot be read, `Unavailable`."""
    text = f"{address}\n{password}\n"
    if ca:
        text += _certificate(Path(ca))
    try:
        out.touch(mode=0o600)
        out.chmod(0o600)
        write_whole(out, text.encode())
        out.chmod(0o600)
    except OSError as error:
        raise Unavailable(_("写不了文件：{error}").format(error=error.strerror or error)) from None


def _certificate(path: Path) -> str:
    try:
        text = path.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError):
        text = ""
    if _PEM not in text:
        raise Refused(Problem(_("不是证书文件（PEM）"), "--ca", file=str(path)))
    return text


def join(store: Store, path: Path, ca: str = "") -> None:
    """Keep what the owner wrote down at this desk. Raises `Refused` for a file that is none, and for an address that
    cannot be used."""
    from dutydesk.sync import protocol

    protocol.refuse_play(store)
    try:
        if path.stat().st_size > _MOST:
            raise ValueError
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        lines = []
    if len(lines) < 2 or "://" not in lines[0]:
        raise Refused(Problem(_("不是管理员给的登记文件"), file=str(path)))
    rest = "\n".join(lines[2:])
    if _PEM in rest and not ca:
        kept = store.home.root / CA_FILE
        write_whole(kept, f"{rest}\n".encode())
        ca = str(kept)
    keep(store, lines[0].strip(), "", lines[1].strip(), ca)


def keep(store: Store, url: str, login: str, password: str, ca: str) -> None:
    """Remember the hub's address in `desk.toml` and the password for it beside the record."""
    from dutydesk.sync import protocol

    authority = str(Path(ca).absolute()) if ca else ""
    told = address(url, login, authority)
    store.config = replace(store.config, hub=told, hub_ca=authority)
    save(store.home.config, store.config)
    protocol.remember_login(store, told, password)


def address(url: str, login: str, ca: str = "") -> str:
    """The owner's address with a desk's login and without any password."""
    from dutydesk.sync.hub import Target, target

    params = {name: value for name, value in target(url, ca=ca).params.items() if name != "password"}
    return Target(params | ({"user": login} if login else {})).public


def follow(store: Store) -> bool:
    """Take over the hub that `desk.toml` names now: another process may have joined one while this one had the desk
    open. Whether it is another one than before. A file that cannot be read changes nothing."""
    try:
        told = load(store.home.config)
    except Refused:
        return False
    if (told.hub, told.hub_ca) == (store.config.hub, store.config.hub_ca):
        return False
    store.config = replace(store.config, hub=told.hub, hub_ca=told.hub_ca)
    return True

"""The second place of copies: a folder (another disk, a stick, a share), WebDAV, SFTP or S3, by `second_snapshots`.

What leaves the machine is encrypted with age for `second_recipients`: a copy holds everything, the desk's own key too.
Only a folder on another disk of this machine may get it as it is, where `second_plain` says so. A copy is written under
another name, read back, and only then given its own; the rotation is that of the first place. That it is the place it
was, `placemark` looks after.
"""

from __future__ import annotations

import errno
import hashlib
import importlib
import shutil
import sys
import tempfile
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from dutydesk.core.crashpoint import step
from dutydesk.core.errors import Damaged, Problem, Refused, Unavailable
from dutydesk.core.files import sync_file, sync_folder
from dutydesk.core.i18n import N_, _
from dutydesk.core.settings import DeskConfig
from dutydesk.journal import ballast, recipe
from dutydesk.sync import placemark, rotation, sidecar
from dutydesk.sync.rotation import Rotation

AGE = ".age"
CHUNK = 2**20
BEGINS = "AGE-SECRET-KEY-"
MISREAD = str.maketrans("OIB", "0L8")
SLACK = 65_536
"""Bytes that a file system needs beside a file's own."""
PATIENCE = 60.0
"""Seconds that a server may take for one answer."""
SCHEMES = ("webdav", "webdav+http", "sftp", "s3", "memory")
SAID: dict[int | None, str] = {
    errno.ENOSPC: N_("满了，放不下这一份"),
    errno.EDQUOT: N_("满了，放不下这一份"),
    errno.EROFS: N_("只能读，不能写（U 盘上的写保护开关，或已损坏）"),
    errno.EACCES: N_("没有写入的权限"),
    errno.EPERM: N_("没有写入的权限"),
    errno.ENOENT: N_("找不到，没有插上或没有挂上"),
    errno.ENODEV: N_("找不到，没有插上或没有挂上"),
    errno.ENOTDIR: N_("不是文件夹"),
    errno.EIO: N_("读写出错，可能坏了或被拔出"),
    errno.ESTALE: N_("共享断开了"),
    errno.EHOSTDOWN: N_("共享断开了"),
    errno.ETIMEDOUT: N_("没有应答"),
    errno.ECONNREFUSED: N_("连不上"),
}
"""What a disk says, in words."""


class Place(Protocol):
    """Where copies may lie: names in one folder, wherever it is."""

    name: str
    away: bool
    """Whether what lies there has left this machine."""

    def make(self) -> None: ...
    def names(self) -> list[str]: ...
    def size(self, name: str) -> int: ...
    def free(self) -> int: ...
    def put(self, source: Path, name: str) -> None: ...
    def sha256(self, name: str) -> str: ...
    def move(self, name: str, target: str) -> None: ...
    def drop(self, name: str) -> None: ...
    def fetch(self, name: str, target: Path) -> None: ...
    def close(self) -> None: ...


class Folder:
    """A folder of this machine, or one that the system has mounted."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.name = str(folder)
        self.away = _is_share(folder)

    def make(self) -> None:
        """At the first use. Never more than the last folder of the path: the rest is a disk that is not there."""
        self.folder.mkdir(exist_ok=True)

    def names(self) -> list[str]:
        return [path.name for path in self.folder.iterdir() if path.is_file()]

    def size(self, name: str) -> int:
        return (self.folder / name).stat().st_size

    def free(self) -> int:
        return ballast.free(self.folder)

    def put(self, source: Path, name: str) -> None:
        shutil.copyfile(source, self.folder / name)
        sync_file(self.folder / name)

    def sha256(self, name: str) -> str:
        return sidecar.sum_of(self.folder / name)

    def move(self, name: str, target: str) -> None:
        (self.folder / name).replace(self.folder / target)
        sync_folder(self.folder)

    def drop(self, name: str) -> None:
        (self.folder / name).unlink(missing_ok=True)

    def fetch(self, name: str, target: Path) -> None:
        shutil.copyfile(self.folder / name, target)

    def close(self) -> None:
        """Nothing is held open."""


class Remote:
    """A folder behind fsspec."""

    away = True

    def __init__(self, files: Any, root: str, name: str) -> None:
        self._files = files
        self._root = root.rstrip("/")
        self.name = name

    def _at(self, name: str) -> str:
        return f"{self._root}/{name}" if self._root else name

    def make(self) -> None:
        """At the first use."""
        if self._root:
            self._files.makedirs(self._root, exist_ok=True)

    def names(self) -> list[str]:
        self._files.invalidate_cache()
        found: list[Any] = self._files.ls(self._root, detail=False)
        return [str(path).rstrip("/").rpartition("/")[2] for path in found]

    def size(self, name: str) -> int:
        return 0  # a server's room is not ours to reckon with

    def free(self) -> int:
        return 0

    def put(self, source: Path, name: str) -> None:
        self._files.put_file(str(source), self._at(name))

    def sha256(self, name: str) -> str:
        out = hashlib.sha256()
        with self._files.open(self._at(name), "rb") as file:
            while part := file.read(CHUNK):
                out.update(part)
        return out.hexdigest()

    def move(self, name: str, target: str) -> None:
        if self._files.exists(self._at(target)):
            self._files.rm_file(self._at(target))
        self._files.mv(self._at(name), self._at(target))

    def drop(self, name: str) -> None:
        with suppress(FileNotFoundError):
            self._files.rm_file(self._at(name))

    def fetch(self, name: str, target: Path) -> None:
        self._files.get_file(self._at(name), str(target))

    def close(self) -> None:
        """Let go of the connection, where the library leaves that to us."""
        client = getattr(getattr(self._files, "client", None), "http", None)
        if client is not None:
            client.close()


def place_of(config: DeskConfig) -> Place:
    """The second place that `desk.toml` names. Raises `Refused` for an address that is none, `Unavailable` where the
    library for it is missing."""
    text = config.second_snapshots.strip()
    scheme = text.partition("://")[0] if "://" in text else ""
    if not scheme:
        return Folder(Path(text).expanduser())
    if scheme == "file":
        return Folder(Path(urlsplit(text).path))
    if scheme not in SCHEMES:
        raise Refused(
            Problem(_("第二备份的地址应为文件夹或 webdav、sftp、s3：{text}").format(text=text), "second_snapshots")
        )
    parts = urlsplit(text)
    if parts.password:
        raise Refused(Problem(_("口令不要写在地址里，请放进 second_password_file 指的文件"), "second_snapshots"))
    with _families(text):
        return _remote(scheme, parts, _password(config), text)


def _remote(scheme: str, parts: Any, password: str, text: str) -> Remote:
    host, root = str(parts.hostname or ""), str(parts.path or "")
    port = f":{parts.port}" if parts.port else ""
    if scheme.startswith("webdav"):
        if scheme.endswith("+http") and host not in ("127.0.0.1", "localhost", "::1"):
            raise Refused(Problem(_("WebDAV 要用加密连接，地址写 webdav://"), "second_snapshots"))
        made: Any = importlib.import_module("webdav4.fsspec").WebdavFileSystem
        base = f"{'http' if scheme.endswith('+http') else 'https'}://{host}{port}/"
        login = (str(parts.username), password) if parts.username else None
        return Remote(made(base, auth=login, timeout=PATIENCE, skip_instance_cache=True), root.strip("/"), text)
    if scheme == "sftp":
        made = importlib.import_module("fsspec.implementations.sftp").SFTPFileSystem
        given: dict[str, Any] = {"username": parts.username, "port": parts.port or 22, "timeout": PATIENCE}
        return Remote(made(host, **{**given, **({"password": password} if password else {})}), root, text)
    if scheme == "s3":
        made = importlib.import_module("s3fs").S3FileSystem
        told = {"key": parts.username, "secret": password} if parts.username else {}
        return Remote(made(**told), f"{host}{root}", text)
    made = importlib.import_module("fsspec.implementations.memory").MemoryFileSystem
    return Remote(made(), f"/{host}{root}", text)


def _password(config: DeskConfig) -> str:
    if not config.second_password_file:
        return ""
    try:
        return Path(config.second_password_file).expanduser().read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise Unavailable(_("第二备份的口令文件读不出来：{error}").format(error=error)) from None


@contextmanager
def _families(name: str, text: str = "") -> Generator[None]:
    """Whatever a disk, a server or a library says, in our family."""
    kinds: list[type[Exception]] = [OSError, ImportError, ValueError, EOFError]
    for module, error in (
        ("webdav4.client", "ClientError"),
        ("httpx", "HTTPError"),
        ("paramiko.ssh_exception", "SSHException"),
        ("botocore.exceptions", "BotoCoreError"),
        ("botocore.exceptions", "ClientError"),
    ):
        with suppress(ImportError):
            if module.partition(".")[0] in sys.modules:
                kinds.append(getattr(importlib.import_module(module), error))
    try:
        yield
    except tuple(kinds) as error:
        if isinstance(error, ImportError):
            raise Unavailable(
                _("本机没有安装这种存放方式需要的程序库：{name}").format(name=error.name or name)
            ) from None
        known = SAID.get(getattr(error, "errno", None))
        said = _(known) if known else str(getattr(error, "strerror", None) or error).strip() or type(error).__name__
        told = text or _("第二备份没有写成（{folder}）：{error}")
        raise Unavailable(told.format(folder=name, error=said)) from None


def _is_share(folder: Path) -> bool:
    try:
        recipe.refuse_place(folder)
    except Unavailable:
        return True
    return False


def _age() -> Any:
    """The library that speaks age; it brings no types."""
    return importlib.import_module("pyrage")


# -- recipients ----------------------------------------------------------------------------------------------------------


def recipients(config: DeskConfig) -> list[str]:
    """The age keys of `desk.toml`. Raises `Refused` for one that is none."""
    age = _age()
    found = config.second_recipients.replace(",", " ").split()
    for text in found:
        try:
            age.x25519.Recipient.from_str(text)
        except age.RecipientError:
            raise Refused(Problem(_("不是 age 公钥：{text}").format(text=text), "second_recipients")) from None
    return found


def _must_encrypt(config: DeskConfig, place: Place) -> list[str]:
    """For whom a copy is encrypted; nobody where it may lie there as it is."""
    found = recipients(config)
    if not found and (place.away or not config.second_plain):
        raise Refused(
            Problem(
                _(
                    "备份离开本机要加密：请用 dutydesk snapshot --new-key 生成密钥；同一台电脑的另一块硬盘可设 second_plain"
                ),
                "second_recipients",
            )
        )
    return [] if config.second_plain and not place.away else found


def encrypt(source: Path, target: Path, keys: list[str]) -> None:
    """An age file for the holders of `keys`."""
    age = _age()
    age.encrypt_file(str(source), str(target), [age.x25519.Recipient.from_str(text) for text in keys])


def secrets_in(text: str) -> list[str]:
    """The private keys in what a file holds or a person has typed from paper: in groups, over several lines, in small
    letters, with an O for a 0 (no age key has an O, an I or a B after its first 1)."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    whole = "".join("".join(lines).split()).upper()
    parts = [part for part in whole.split(BEGINS)[1:] if part] or ([whole.lstrip("1")] if len(whole) > 50 else [])
    return [f"{BEGINS}1{part.removeprefix('1').translate(MISREAD)}" for part in parts]


def decrypt(source: Path, target: Path, identities: Path | str) -> None:
    """The copy in an age file, by the private keys of a file, or of what was typed. Raises `Refused` where none of them
    fits."""
    age = _age()
    name = str(identities) if isinstance(identities, Path) else ""
    try:
        text = identities.read_text(encoding="utf-8") if isinstance(identities, Path) else identities
        found = [age.x25519.Identity.from_str(line) for line in secrets_in(text)]
    except (OSError, UnicodeDecodeError) as error:
        raise Refused(Problem(_("密钥文件读不出来：{error}").format(error=error), file=name)) from None
    except age.IdentityError:
        raise Refused(Problem(_("密钥有抄错的地方，请逐组再对一遍"), file=name)) from None
    if not found:
        raise Refused(Problem(_("这里没有恢复密钥（以 AGE-SECRET-KEY-1 开头）"), file=name))
    try:
        age.decrypt_file(str(source), str(target), found)
    except age.DecryptError:
        target.unlink(missing_ok=True)
        raise Refused(Problem(_("这把密钥解不开这个备份，或备份已损坏"), file=source.name)) from None


def new_key(file: Path) -> str:
    """Make a key pair: the private one into `file`, which must not be there yet; returns the public one."""
    age = _age()
    made = age.x25519.Identity.generate()
    public = str(made.to_public())
    try:
        with file.open("x", encoding="utf-8") as out:
            file.chmod(0o600)
            out.write(f"# public key: {public}\n{made}\n")
    except FileExistsError:
        raise Refused(Problem(_("这个文件已经在了，不会覆盖"), file=str(file))) from None
    except OSError as error:
        raise Unavailable(_("密钥文件没有写成：{error}").format(error=error.strerror or error)) from None
    return public


# -- sending -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Sent:
    """Where a copy lies now."""

    place: str
    name: str
    encrypted: bool


def send(
    config: DeskConfig,
    copy: Path | None,
    rule: Rotation,
    place: Place | None = None,
    *,
    known: Path | None = None,
    new_place: bool = False,
    before: Sequence[Path] = (),
) -> Sent:
    """Bring a verified copy to the second place; done already when it is there. `known`: the folder in which the desk
    remembers its places; `new_place`: a person says that this is one; `before`: copies from before migrations, which
    follow it and stay. Raises `Refused` for a setting that does not do, `Unavailable` for a place that does not take it,
    reads back differently or is not the one it was."""
    there = place_of(config) if place is None else place
    try:
        return _send(config, copy, rule, there, known, before, new_place=new_place)
    finally:
        there.close()


def _send(
    config: DeskConfig,
    copy: Path | None,
    rule: Rotation,
    there: Place,
    known: Path | None,
    before: Sequence[Path],
    *,
    new_place: bool,
) -> Sent:
    keys = _must_encrypt(config, there)
    mark, name = placemark.Mark("", ""), ""
    with _families(there.name):
        mark = placemark.check(there, config, known, new_place=new_place)
        for left in there.names():
            if left.startswith(".") and left.endswith(".new"):
                there.drop(left)
        if copy is not None:
            name = _bring(there, copy, copy.name, keys, mark, known)
        placemark.leave(there, mark, name or mark.last, known)
        if name:
            _rotate(there, rule, name)
            mark = replace(mark, last=name)
    for old in before:
        with _families(there.name, _("升级前的备份没有送到第二处（{folder}）：{error}")):
            made = sidecar.read(old)
            if made is not None:  # one of each version may be there: by its sum it has a name of its own
                sent = _bring(there, old, f"{old.stem}-{made.sha256[:8]}{old.suffix}", keys, mark, known)
                name = name or sent
    return Sent(there.name, name, bool(keys))


def _bring(there: Place, copy: Path, name: str, keys: list[str], mark: placemark.Mark, known: Path | None) -> str:
    """One copy under a name of its own there, encrypted where it must be; which name that is."""
    if keys:
        name += AGE
    held = there.names()
    if name in held and Path(name).with_suffix(".sha256").name in held:
        return name
    with tempfile.TemporaryDirectory(dir=known or copy.parent, prefix=".second-") as work:
        source = copy
        if keys:
            source = Path(work) / name
            encrypt(copy, source, keys)
        _put_or_make_room(there, copy, source, name, Path(work), mark)
    return name


def _put_or_make_room(there: Place, copy: Path, source: Path, name: str, work: Path, mark: placemark.Mark) -> None:
    """A stick that is full of older copies gives up the oldest ones, where that makes room enough; never the newest."""
    try:
        _put(there, copy, source, name, work)
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        lacking = source.stat().st_size + SLACK - there.free()
        held = listed(there)
        gone = rotation.squeezed(held, lacking, mark.last)
        if not gone or sum(one.size for one in held if one.name in gone) < lacking:
            raise
        for old in gone:
            _let_go(there, old)
        _put(there, copy, source, name, work)


def _put(there: Place, copy: Path, source: Path, name: str, work: Path) -> None:
    made = sidecar.read(copy)
    expected = sidecar.sum_of(source)
    beside = work / "sidecar"
    if made is None:
        made = sidecar.Sidecar(expected, name)
    # Of an encrypted copy the sum is that of the age file; what the desk signed is inside, with the copy's own sum.
    told = sidecar.data(made) if (made.sha256, made.name) == (expected, name) else f"{expected}  {name}\n".encode()
    beside.write_bytes(told)
    temporary = f".{name}.new"
    try:
        there.put(source, temporary)
        step("second.written")
        if there.sha256(temporary) != expected:
            raise Unavailable(_("第二备份读回不一致：{folder}").format(folder=there.name))
        label = Path(name).with_suffix(".sha256").name
        there.put(beside, f".{label}.new")
        there.move(f".{label}.new", label)
        step("second.before-name")
        there.move(temporary, name)
    finally:
        with suppress(OSError, ValueError):
            there.drop(temporary)


def _rotate(there: Place, rule: Rotation, made: str) -> None:
    held = listed(there)
    for name in rotation.to_go(held, rule, made):
        _let_go(there, name)


def _let_go(there: Place, name: str) -> None:
    there.drop(name)
    there.drop(Path(name).with_suffix(".sha256").name)


def listed(there: Place) -> list[rotation.Held]:
    """The copies of a place."""
    names = set(there.names())
    out: list[rotation.Held] = []
    for name in sorted(names):
        moment = rotation.moment(name)
        if moment is not None:
            verified = Path(name).with_suffix(".sha256").name in names
            out.append(replace(moment, verified=verified, size=there.size(name)))
    return out


# -- the way back --------------------------------------------------------------------------------------------------------


def newest(there: Place) -> str:
    """The name of the newest copy at a place: the one that its mark names, else the last by its own name; empty where
    none lies there."""
    names = set(there.names())
    mark = placemark.read(there) if placemark.NAME in names else None
    if mark is not None and mark.last in names:
        return mark.last
    held = [one for one in listed(there) if one.verified]
    return max(held, key=lambda one: one.age).name if held else ""


def fetch(there: Place, name: str, folder: Path) -> Path:
    """Bring a copy and its sum into a folder of this machine, and hold the one against the other. Raises `Damaged`
    where they differ, `Unavailable` where the place does not give it."""
    target = folder / name
    label = Path(name).with_suffix(".sha256").name
    with _families(there.name, _("取不回来（{folder}）：{error}")):
        there.fetch(name, target)
        if label in there.names():
            there.fetch(label, folder / label)
            words = (folder / label).read_text(encoding="utf-8", errors="replace").split()
            if words and words[0] != sidecar.sum_of(target):
                raise Damaged(Problem(_("备份文件与它的校验值不符，请换一个备份"), file=name))
    return target

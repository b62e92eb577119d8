"""A bundle onto the stick: its number, its pieces, written under a temporary name, synced, read back from the medium,
renamed. That it was written is noted here before it gets its name: a file that people may carry away never lies on a
stick without a trace at the desk, not even when the power goes in between.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from dutydesk.core.crashpoint import step
from dutydesk.core.errors import Unavailable
from dutydesk.core.files import sync_folder
from dutydesk.core.i18n import _
from dutydesk.journal import attachments, peers
from dutydesk.journal.store import Store
from dutydesk.sync import age, keys, stick
from dutydesk.sync.bundle import (
    ACTS,
    END,
    ENDING,
    MANIFEST,
    SIGNATURE,
    SIGNED,
    Cancel,
    Chain,
    Hashing,
    Manifest,
    Progress,
    Stopped,
    dump,
    member,
    padding,
)

NUMBER = "bundle/number"
"""Name in `local_peer`: the last number that a bundle of this desk got. Numbers are never used twice."""
WRITTEN = "bundle/written/"
"""Names in `local_peer`: bundles that got their name on a medium, by file name, until they stand in the register."""
COPY = 2**20


@dataclass(frozen=True, slots=True)
class Written:
    """One bundle on the stick; `personal` acts of it have personal data beside them."""

    file: Path
    number: int
    id: bytes
    to: str
    acts: int
    personal: int
    files: int
    size: int
    sha256: str
    ranges: str


def prefix(store: Store) -> str:
    """What this desk's bundles are called before their number."""
    code = re.sub(r"[^0-9A-Za-z\u4e00-\u9fff]", "", store.config.code or store.config.district)
    return f"DD-{code or store.config.desk[-6:]}-"


def take_number(store: Store, folder: Path) -> int:
    """The next number, used up by this."""
    n = int(peers.peer(store, NUMBER).get("n", 0)) + 1
    while (folder / f"{prefix(store)}{n}{ENDING}").exists():  # of a desk that was put back from a copy
        n += 1
    peers.remember(store, {NUMBER: {"n": n}})
    return n


def tidy(folder: Path) -> None:
    """Take away what an export that was cut off has left: it never had the name of a bundle."""
    for old in folder.glob(f".DD-*{ENDING}.part"):
        with suppress(OSError):
            old.unlink()


def ready(folder: Path, size: int = 0) -> None:
    """Whether a medium takes something, and so much: asked before all is packed, and before a number is used up. Raises
    `Unavailable`."""
    trial = folder / f".DD-{ENDING}.part"
    try:
        _room(folder, size)
        with stick.fresh(trial) as file:
            file.write(b"\n")
    except OSError as error:
        raise Unavailable(_("没有写成：{error}").format(error=stick.why(error))) from None
    finally:
        with suppress(OSError):
            trial.unlink(missing_ok=True)


def _room(folder: Path, size: int) -> None:
    short = size + size // 64 + 65_536 - shutil.disk_usage(folder).free
    if short > 0:
        text = _("{folder} 空间不足，还差 {mb} MB：删掉不用的文件，或换一个介质")
        raise Unavailable(text.format(folder=folder, mb=short // 2**20 + 1))


def unsettled(store: Store) -> list[Written]:
    """Bundles that were about to get their name, or had just got it, when an export ended: nobody has entered them."""
    out: list[Written] = []
    for body in peers.peers(store, WRITTEN).values():
        told: dict[str, Any] = {**body, "file": Path(body["file"]), "id": bytes.fromhex(body["id"])}
        out.append(Written(**told))
    return sorted(out, key=lambda one: one.number)


def settle(store: Store, one: Written) -> None:
    """A bundle stands in the register, or nobody keeps one."""
    peers.remember(store, {WRITTEN + one.file.name: None})


def write(
    store: Store,
    folder: Path,
    told: Manifest,
    acts: bytes,
    recipients: Sequence[str],
    made: Written,
    progress: Progress,
    cancel: Cancel,
) -> Written:
    """Onto the medium, verified; what `made` tells with file, size and sum filled in. Raises `Unavailable`, `Stopped`."""
    name = f"{prefix(store)}{told.number}{ENDING}"
    target, temporary = folder / name, folder / f".{name}.part"
    data = dump(told)
    whole = len(data) + sum(part.size for part in told.parts)
    step("bundle.planned")
    try:
        _room(folder, whole)
        pieces = Chain(_pieces(store, told, data, keys.sign(store, SIGNED + data), acts, cancel))
        with stick.fresh(temporary) as file:
            out = Hashing(file, lambda size: progress("write", size, whole))
            age.encrypt(pieces, out, recipients)
        step("bundle.written")
        if stick.sum_of(temporary) != out.sha256.hexdigest():
            raise Unavailable(_("写到 {folder} 的内容读回来不一致，请换一个介质").format(folder=folder))
        step("bundle.verified")
        if target.exists():
            raise Unavailable(_("{name} 已经存在").format(name=name))
        made = replace(made, file=target, size=out.size, sha256=out.sha256.hexdigest())
        peers.remember(store, {WRITTEN + name: asdict(made) | {"file": str(target), "id": told.id.hex()}})
        step("bundle.noted-out")
        temporary.replace(target)
        sync_folder(folder)
    except OSError as error:
        raise Unavailable(_("没有写成：{error}").format(error=stick.why(error))) from None
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
    step("bundle.renamed")
    return made


def _pieces(store: Store, told: Manifest, data: bytes, sig: bytes, acts: bytes, cancel: Cancel) -> Iterator[bytes]:
    for name, content in ((MANIFEST, data), (SIGNATURE, sig)):
        yield member(name, len(content)) + content + padding(len(content))
    for part in told.files:
        yield member(part.name, part.size)
        with attachments.path_of(store.home, part.sha256).open("rb") as file:
            while piece := file.read(COPY):
                if cancel():
                    raise Stopped(_("已中断"))
                yield piece
        yield padding(part.size)
    yield member(ACTS, len(acts))
    for at in range(0, len(acts), COPY):
        if cancel():
            raise Stopped(_("已中断"))
        yield acts[at : at + COPY]
    yield padding(len(acts)) + END

"""Desks that meet by bundles alone: made, introduced, fed; bundles made by hand for the tests of hostile ones."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dutydesk.core.clock import FixedClock
from dutydesk.core.ids import CLI
from dutydesk.core.paths import Home
from dutydesk.journal.verify import verify
from dutydesk.sync import age, bundle, bundlein, bundlekeys, bundleout, keys
from dutydesk.sync.bundletaken import Taken
from tests.journal import desks as d


class Desks:
    """Desks by number in one folder, with a stick each way."""

    def __init__(self, folder: Path, count: int = 2, **config: Any) -> None:
        self.folder = folder
        self.clock = FixedClock(d.EVENING)
        self.stick = folder / "stick"
        self.stick.mkdir()
        self.stores = {
            n: d.make(folder / str(n), n, clock=self.clock, code=f"D{n}", **config) for n in range(1, count + 1)
        }
        for store in self.stores.values():
            for other in self.stores.values():
                if store is not other:
                    bundlekeys.remember(store, bundlekeys.own_card(other))

    def __getitem__(self, n: int) -> d.Store:
        return self.stores[n]

    def open(self, n: int, name: str = "") -> None:
        """The folder of a desk that is closed, opened again; or another folder in its place."""
        self.stores[n] = d.Store.open(Home(self.folder / (name or str(n))), d.FULL, self.clock)

    def write(self, n: int, *texts: str) -> list[bytes]:
        """Entries of the log; their acts."""
        out: list[bytes] = []
        for text in texts:
            self.clock.advance(1_000)
            change = d.new("log", {"text": text, "party_phone": "0571-00000000"}, self.clock.now())
            out.append(self[n].act("test", [change], by=CLI).act_id)
        return out

    def send(self, n: int, to: int, **how: Any) -> list[Path]:
        """Export from desk `n` for desk `to`; the files."""
        made = bundleout.export(self[n], self.stick, f"第{to}席", **how)
        return [one.file for one in made.written]

    def take(self, n: int, *files: Path, **how: Any) -> list[Taken]:
        """Import at desk `n`."""
        return [bundlein.take(self[n], file, **how) for file in files]

    def exchange(self, n: int, to: int) -> list[Taken]:
        return self.take(to, *self.send(n, to))

    def check(self, *names: int) -> None:
        """The oracle: every record verifies, desks of one frontier show the same."""
        first = names[0]
        for n in names:
            assert d.ask(self[n], _FRONTIER) == d.ask(self[first], _FRONTIER), n
            assert d.digest_of(self[n]) == d.digest_of(self[first]), n
            report = verify(self[n].home, self[n].schema)
            assert report.ok, report.problems

    def acts(self, n: int) -> set[bytes]:
        return {act for (act,) in d.ask(self[n], "SELECT act_id FROM act")}

    def close(self) -> None:
        for store in self.stores.values():
            store.close()


_FRONTIER = "SELECT desk, epoch, seq, hash FROM frontier ORDER BY 1, 2"


def opened(store: d.Store, file: Path) -> dict[str, bytes]:
    """The members of a bundle for `store`, read without any care."""
    out = io.BytesIO()
    with file.open("rb") as source:
        age.decrypt(source, out, bundlekeys.identity(store))
    out.seek(0)
    with tarfile.open(fileobj=out) as archive:
        return {info.name: (archive.extractfile(info) or io.BytesIO()).read() for info in archive if info.isfile()}


def closed(members: Sequence[tuple[str, bytes]], recipient: str, file: Path) -> Path:
    """Members as an encrypted bundle, whatever they are."""
    plain = b"".join(bundle.member(name, len(data)) + data + bundle.padding(len(data)) for name, data in members)
    return sealed(plain + bundle.END, recipient, file)


def sealed(plain: bytes, recipient: str, file: Path) -> Path:
    """Any bytes, encrypted for a desk."""
    with file.open("wb") as target:
        age.encrypt(io.BytesIO(plain), target, [recipient])
    return file


def forged(
    sender: d.Store,
    recipient: str,
    file: Path,
    good: Mapping[str, bytes],
    *,
    lines: bytes | None = None,
    level: int = 0,
    **told: Any,
) -> Path:
    """A bundle again with other lines of acts (unpacked) or another manifest, signed by `sender`: sums and sizes are
    right. Lines are not packed unless `level` says so: much rubbish packs too well, and would go no further than that."""
    manifest = json.loads(good[bundle.MANIFEST]) | told
    packed = good[bundle.ACTS]
    if lines is not None:
        packed = _gzip(lines, level)
        manifest["raw"] = told.get("raw", len(lines))
    if "parts" not in told:
        manifest["parts"][-1] = [bundle.ACTS, len(packed), hashlib.sha256(packed).hexdigest()]
    data = json.dumps(manifest, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()
    members = [(bundle.MANIFEST, data), (bundle.SIGNATURE, keys.sign(sender, bundle.SIGNED + data))]
    members += [(name, content) for name, content in good.items() if name.startswith(bundle.FILES)]
    return closed([*members, (bundle.ACTS, packed)], recipient, file)


def _gzip(data: bytes, level: int) -> bytes:
    squeeze = zlib.compressobj(level, zlib.DEFLATED, 31)
    return squeeze.compress(data) + squeeze.flush()


def unpacked(good: Mapping[str, bytes]) -> bytes:
    """The acts of a bundle, as lines."""
    return zlib.decompress(good[bundle.ACTS], 31)

"""What lies beside a copy: its sum, what was found whole in it, and the desk's signature over both.

`NAME.sha256` is a file that `sha256sum -c` reads: the sum and the name; below, as remarks, a line of JSON and the
signature, Ed25519 by the desk's key over `DDSNAP1` ‖ 0 ‖ the lines before it. The chain need not be gone through again
up to the place that a signed sum vouches for; without a key (a sample, a drill) it is.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from dutydesk.core.errors import DutyDeskError
from dutydesk.core.files import write_synced
from dutydesk.journal import recipe, signing
from dutydesk.journal.chain import Act
from dutydesk.journal.chaincheck import Base, Position
from dutydesk.journal.store import ACT_COLUMNS
from dutydesk.sync import keys

_MAGIC = b"DDSNAP1\0"


@dataclass(frozen=True, slots=True)
class Sidecar:
    """`at`: when the copy was made, `full`: when the whole chain was gone through last, `indexes`: when every index was
    compared with its table (ms UTC); `frontier`: desk, epoch, seq, hash of every chain; `public` and `sig` are empty
    for a desk without a key."""

    sha256: str
    name: str
    at: int = 0
    full: int = 0
    size: int = 0
    acts: int = 0
    arrival: int = 0
    desk: str = ""
    epoch: int = 0
    seq: int = 0
    frontier: tuple[tuple[str, int, int, str], ...] = ()
    public: str = ""
    sig: str = ""
    indexes: int = 0

    @property
    def base(self) -> Base:
        """From where on a later copy is to be looked through."""
        places = (Position(bytes.fromhex(d), e, s, bytes.fromhex(h)) for d, e, s, h in self.frontier)
        return Base(self.arrival, tuple(places))

    @property
    def text(self) -> bytes:
        """What is signed."""
        told = {name: value for name, value in asdict(self).items() if name not in ("sha256", "name", "sig")}
        if not self.indexes:  # what was signed before there was such a thing says nothing of it
            del told["indexes"]
        remark = json.dumps(told, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return f"{self.sha256}  {self.name}\n# {remark}\n".encode()


def path_of(copy: Path) -> Path:
    """Where the sidecar of a copy lies."""
    return copy.with_suffix(".sha256")


def signed(made: Sidecar, secret: bytes | None) -> Sidecar:
    """The same with the desk's signature, where it has a key."""
    told = asdict(made)
    told["frontier"] = made.frontier
    if secret is None:
        return Sidecar(**told)
    told["public"] = signing.public_of(secret).hex()
    told["sig"] = signing.sign(secret, _MAGIC + Sidecar(**told).text).hex()
    return Sidecar(**told)


def holds(made: Sidecar) -> bool:
    """Whether the signature is that of the key it names; whose key that is, `trusted` says."""
    if not made.sig:
        return False
    try:
        return signing.holds(bytes.fromhex(made.public), _MAGIC + made.text, bytes.fromhex(made.sig))
    except ValueError:
        return False


def write(copy: Path, made: Sidecar) -> None:
    """Put it beside the copy."""
    write_synced(path_of(copy), data(made))


def data(made: Sidecar) -> bytes:
    """The file's content."""
    return made.text + (f"# sig {made.sig}\n".encode() if made.sig else b"")


def read(copy: Path) -> Sidecar | None:
    """What lies beside a copy; `None` where nothing does that can be read. An older one has the sum alone."""
    try:
        lines = path_of(copy).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return None
    words = lines[0].split() if lines else []
    if not words:
        return None
    told: dict[str, Any] = {}
    sig = ""
    try:
        for line in lines[1:]:
            if line.startswith("# {"):
                told = json.loads(line[2:])
            elif line.startswith("# sig "):
                sig = line.removeprefix("# sig ").strip()
        told["frontier"] = tuple((str(d), int(e), int(s), str(h)) for d, e, s, h in told.get("frontier", ()))
        return Sidecar(words[0], words[-1], sig=sig, **told)
    except (ValueError, TypeError, RecursionError):
        return Sidecar(words[0], words[-1])


def secret_in(raw: recipe.Raw) -> bytes | None:
    """The desk's private key as its database has it; none for one that never had any."""
    try:
        found = raw.execute("SELECT secret FROM local_key WHERE name = 'desk'").fetchone()
    except recipe.driver().DatabaseError:
        return None
    return None if found is None else bytes(found[0])


def trusted(made: Sidecar, copy: Path, key: bytes | None) -> bool:
    """Whether the desk whose record the copy is has signed it: by the key that its own acts announce there."""
    if not holds(made):
        return False
    try:
        raw = recipe.connect(copy, key, read_only=True)
    except DutyDeskError:
        return False
    try:
        found = raw.execute(
            f"SELECT {ACT_COLUMNS} FROM act WHERE kind IN (?, ?) ORDER BY arrival",  # noqa: S608
            (keys.OPENS, keys.KIND),
        ).fetchall()
        ring = keys.extended(keys.Ring(), [Act(*row) for row in found], {})
        public = ring.in_force(bytes.fromhex(made.desk), made.epoch, made.seq)
    except (recipe.driver().DatabaseError, ValueError, LookupError, TypeError):
        return False
    finally:
        raw.close()
    return public is not None and public.hex() == made.public


def sum_of(path: Path) -> str:
    """SHA-256 of a file, hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

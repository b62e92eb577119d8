"""How a desk's file is made, and what its errors mean: what `store` needs around a transaction, and `rebuild` and
`verify` without a store."""

from __future__ import annotations

from dutydesk.core.errors import Damaged, Unavailable
from dutydesk.core.i18n import _
from dutydesk.core.paths import Home
from dutydesk.journal import recipe
from dutydesk.journal.schema import Schema
from dutydesk.journal.tables import JOURNAL, LOCAL, MERGE, VERSION


class DiskFull(Unavailable):
    """There was no room for it; nothing was written, and the same may be tried again."""


OF_DAMAGE = (
    "malformed", "not a database", "corrupt", "vtable constructor failed", "error in tokenize", "decode to UTF-8",
    "invalid fts5 file format", "no such tokenizer",
)  # fmt: skip
"""Words of the driver's errors that mean the file, not the disk or a lock."""


def make_tables(raw: recipe.Raw, schema: Schema) -> None:
    """Everything a new file holds, in one transaction."""
    cursor = raw.cursor()
    cursor.execute("BEGIN IMMEDIATE")
    for statement in (*statements(JOURNAL), *statements(MERGE), *statements(LOCAL), *schema.statements):
        cursor.execute(statement)
    cursor.execute("INSERT INTO local_state VALUES ('schema', ?)", (schema.fingerprint,))
    cursor.execute(f"PRAGMA user_version={VERSION}")
    cursor.execute("COMMIT")
    cursor.close()


def statements(script: str) -> list[str]:
    """The statements of a script; the ones inside a trigger's body stay together."""
    out: list[str] = []
    current = ""
    for line in script.strip().splitlines():
        current += line + "\n"
        inside = "CREATE TRIGGER" in current and not current.rstrip().endswith("END;")
        if line.rstrip().endswith(";") and not inside:
            out.append(current.strip().rstrip(";"))
            current = ""
    return out


def has_acts(home: Home, key: bytes | None) -> bool:
    """Whether the folder's database holds anything that was ever saved. A file that cannot be read may."""
    if not home.database.exists() or home.database.stat().st_size == 0:
        return False
    try:
        raw = recipe.connect(home.database, key, read_only=True)
    except (Damaged, Unavailable):
        return True
    try:
        table = raw.execute("SELECT 1 FROM sqlite_master WHERE name = 'act'").fetchone()
        return table is not None and raw.execute("SELECT 1 FROM act LIMIT 1").fetchone() is not None
    except recipe.driver().DatabaseError:
        return True
    finally:
        raw.close()


def family(error: BaseException) -> Exception:
    """The driver's error in one of our families (habits.md §1.18)."""
    text = str(error)
    if isinstance(error, UnicodeDecodeError) or any(word in text for word in OF_DAMAGE):
        return Damaged(_("数据库已损坏（{error}）").format(error=text))
    if "full" in text:
        return DiskFull(_("磁盘已满，没有保存"))
    if "locked" in text or "busy" in text:
        return Unavailable(_("另一个程序正在写入，没有保存，请再试一次"))
    if "readonly" in text:
        return Unavailable(_("数据文件夹只读，没有保存"))
    return Unavailable(_("没有保存：{error}").format(error=text))

"""A desk of 1,000,000 log entries, made once through the journal's own code and kept under `build/bench`."""

from __future__ import annotations

import shutil
from hashlib import sha256
from pathlib import Path

from dutydesk.core.clock import MINUTE, FixedClock, parse_iso
from dutydesk.core.ids import new_id
from dutydesk.core.paths import Home
from dutydesk.core.settings import DeskConfig
from dutydesk.features import schema
from dutydesk.journal import chain
from dutydesk.journal.apply import Applier
from dutydesk.journal.store import INSERT_ACT, MOVE_FRONTIER, Store
from dutydesk.journal.tables import VERSION

ROOT = Path(__file__).resolve().parents[2] / "build" / "bench"
START = parse_iso("2026-01-01 00:00")
PLACES = "凯旋 湖滨 清波 小营 望江 南星 紫阳 闸弄口 四季青 彭埠 笕桥 丁兰 九堡 采荷".split()
THINGS = "隧道积水约{n}厘米 路灯不亮 树木倒伏压车 下穿通道已封闭 居民反映停电 河道水位上涨{n}厘米 车辆抛锚占道 防汛物资已到位".split()
CATEGORIES = ("PHONE_IN", "PHONE_OUT", "SYSTEM_MSG", "INSTRUCTION", "PATROL", "OTHER")
LINES = ("FLOOD", "SAFETY", "FIRE", "GOV")


def entry(n: int) -> dict[str, int | str]:
    """The n-th entry, always the same."""
    place, thing = PLACES[n % 14], THINGS[n * 7 % 8].format(n=n % 90)
    return {
        "happened_at": START + n * 300 + (n * 7919 % 1000) * MINUTE,
        "recorded_at": START + n * 300,
        "category": CATEGORIES[n % 6],
        "line": LINES[n % 4],
        "party": f"{place}街道值班室",
        "text": f"{place}街道 {thing},编号{n}",
        "handling": "已转办",
        "recorder": "卫庚午",
    }


def big_home(rows: int = 1_000_000) -> Home:
    """The desk, made when it is not there yet or when the log is of another shape; other ledgers, of which it holds
    nothing, are brought up as an update of the program does it."""
    home = Home(ROOT / f"desk-{rows}")
    mark = home.root / "shape"
    log = sha256("\n".join(schema()["log"].ddl()).encode()).hexdigest()
    held = mark.read_text(encoding="utf-8").split() if mark.exists() else []
    if held == [log, schema().fingerprint, str(VERSION)]:
        return home
    clock = FixedClock(START)
    if held[:1] == [log]:
        mark.unlink()  # whoever is cut off here begins anew
        Store.open(home, schema(), clock).close()
        for copy in home.snapshots.iterdir():
            copy.unlink()
    else:
        shutil.rmtree(home.root, ignore_errors=True)
        with Store.create(home, schema(), clock, DeskConfig("ab" * 16, district="330102", unit="测")) as store:
            fill(store, rows)
    mark.write_text("\n".join((log, schema().fingerprint, str(VERSION))), encoding="utf-8")
    return home


def fill(store: Store, rows: int) -> None:
    """Append `rows` acts of one entry each, in transactions of 5,000."""
    desk, epoch = store.config.desk_id, store.config.epoch
    seq, link = store.position()
    hlc = START << 16
    for start in range(0, rows, 5_000):
        with store._transaction() as cursor:
            applier = Applier(cursor, store.schema)
            for n in range(start, min(start + 5_000, rows)):
                at = START + n * 300
                hlc = chain.tick(hlc, at)
                seq += 1
                values = {"no": f"2026-{n + 1:04d}", **entry(n)}
                row = new_id(at)
                body = {"changes": [{"ledger": "log", "row": row.hex(), "set": values}]}
                text = chain.canonical(body)
                act_id = new_id(at)
                head = chain.header(desk, epoch, seq, act_id, hlc, at, at, "system", "log.add", 1)
                digest = chain.digest(1, link, head, text)
                act = chain.Act(desk, epoch, seq, act_id, hlc, at, at, "system", "log.add", 1, text, 1, link, digest)
                cursor.execute(
                    INSERT_ACT,
                    (desk, epoch, seq, act_id, hlc, at, at, "system", "log.add", 1, text, 1, link, digest),
                )
                applier.apply(act, body, {})
                link = digest
            applier.finish()
            cursor.execute(MOVE_FRONTIER, (desk, epoch, seq, link, hlc))
    store._note_head(seq, link)

"""How sync stands, read beside everything else: for the board, the list of what is due, the hand-over sheet, the pane.

Silence is an alarm: a desk that belongs to a hub and has had no good run for so long that somebody must look, whether
runs failed or nobody was there to begin one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from dutydesk.core.clock import DAY, HOUR, local
from dutydesk.core.i18n import N_, _
from dutydesk.journal import audit, history, inbox, peers, settings
from dutydesk.journal.apply import parse_body
from dutydesk.journal.chain import Act
from dutydesk.journal.desk import Desk
from dutydesk.ledger.feature import Figure, OpenItem
from dutydesk.sync import bundlekeys, deletions, planning, protocol, rejoin, schedule
from dutydesk.sync.running import span
from dutydesk.sync.schedule import Past, Rules

PANE = "sync"
"""What an open item of sync names in the place of a ledger: the feature whose pane it leads to."""
_CODES = """SELECT f.desk, json_extract(a.body, '$.epoch.district'), json_extract(a.body, '$.epoch.code'),
 json_extract(a.body, '$.epoch.name') FROM frontier f
 JOIN act a ON a.desk = f.desk AND a.epoch = f.epoch AND a.seq = 1 ORDER BY f.epoch"""
_HEARD = """SELECT a.desk, json_extract(a.body, '$.epoch.code'), json_extract(a.body, '$.epoch.name'), h.recorded_at
 FROM frontier f JOIN act a ON a.desk = f.desk AND a.epoch = f.epoch AND a.seq = 1
 JOIN act h ON h.desk = f.desk AND h.epoch = f.epoch AND h.seq = f.seq
 WHERE coalesce(json_extract(a.body, '$.epoch.district'), '')
  = coalesce((SELECT value FROM local_state WHERE key = 'district'), '') ORDER BY f.epoch"""
PUT_AWAY = 30 * DAY
"""A desk that was not heard of for so long is not in use, and nobody's alarm."""
LONGEST = 80
"""Letters that are shown of what an act says."""
SHOWN_RUNS = 30
SHOWN_ACTS = 200
"""Acts from elsewhere that are counted by desk and kind; beyond that only how many there are."""
REASONS = {
    schedule.NIGHT: N_("夜间"),
    schedule.SHEET: N_("交班前"),
    schedule.EVERY: N_("定时"),
    schedule.RETRY: N_("重试"),
    schedule.ONLINE: N_("网络恢复"),
    schedule.MADE_UP: N_("补做"),
    schedule.ASKED: N_("手工"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the pane: what, more about it, when (ms UTC, None for no time), whether a person must look, and the
    name of the alarm that it is (`deletions.Mass`)."""

    what: str
    more: str
    at: int | None = None
    bad: bool = False
    name: str = ""


@dataclass(frozen=True, slots=True)
class Overview:
    """All that the pane shows. `hub` is empty for a desk that belongs to none; `cut_off`: the last run did not get through
    to it."""

    hub: str
    past: Past | None
    next_at: int | None
    waiting: int
    silent: bool
    conflicts: int
    peers: Sequence[Line]
    came: Sequence[Line]
    runs: Sequence[Line]
    kept_out: Sequence[Line]
    unseen: int = 0
    forks: Sequence[Line] = ()
    desks: Sequence[Line] = ()
    gone: Sequence[Line] = ()
    cut_off: bool = False


def moment(at: int, now: int) -> str:
    """`02:31`, or with its day where that is another one than today."""
    when = local(at)
    return when.strftime("%H:%M" if when.date() == local(now).date() else "%m-%d %H:%M")


# -- for the board and the sheets --------------------------------------------------------------------------------------


def _asked(connection: Connection) -> Rules:
    return planning.rules_of(settings.values(connection, planning.PREFIX))


def open_items(connection: Connection, now: int) -> Sequence[OpenItem]:
    """What does not agree with the hub, a fork, many deletions from elsewhere, two desks with one code; silence, else the
    last failure, else other desks of the district that are silent. Each leads to the pane (`PANE`)."""
    return (
        *_differing(connection),
        *_forked(connection),
        *_gone(connection),
        *_of_one_code(connection),
        *(_unwell(connection, now) or _quiet(connection, now)),
    )


def _differing(connection: Connection) -> Sequence[OpenItem]:
    """That this desk's own record is not what the hub confirmed."""
    body = connection.exec_driver_sql("SELECT body FROM local_peer WHERE name = ?", (planning.DIFFERS,)).scalar()
    if body is None:
        return ()
    told = json.loads(body)
    title = _("本机第 {seq} 条记录与中心库确认的不一致").format(seq=told["seq"])
    return (OpenItem("EQUIPMENT", title, None, 2, PANE, detail=str(told["text"])),)


def _forked(connection: Connection) -> Sequence[OpenItem]:
    """That what this machine wrote is not in the common record."""
    found = sum(branch.count for branch in branches(connection) if branch.own and not branch.stays)
    if not found:
        return ()
    title = _("与另一台同号机器分叉，本机 {count} 次操作其他席位看不到").format(count=found)
    return (OpenItem("EQUIPMENT", title, None, 2, PANE, detail=_("在“同步”里按“并回”")),)


def masses(connection: Connection) -> list[deletions.Mass]:
    """What others deleted that somebody must look at."""
    held = connection.exec_driver_sql("SELECT name, body FROM local_peer WHERE substr(name, 1, 5) = 'gone/'").all()
    return deletions.masses({str(name)[len(deletions.GONE) :]: json.loads(body) for name, body in held})


def _gone(connection: Connection) -> Sequence[OpenItem]:
    """That lists have lost many rows by another desk: as loud as a fork, and due at once."""
    found = masses(connection)
    names = desk_names(connection) if found else {}
    detail = _("在“同步”里：要放回按 F10，删得对按 F8")
    return [
        OpenItem("EQUIPMENT", _who_deleted(connection, mass, names), mass.at, 2, PANE, detail=detail) for mass in found
    ]


def _who_deleted(connection: Connection, mass: deletions.Mass, names: Mapping[bytes, str]) -> str:
    text = _("{desk} {who}删了{what}")
    who = _author_of(connection, mass.by)
    return text.format(desk=names.get(mass.desk, mass.desk.hex()[:8]), who=who, what=mass.what())


def _author_of(connection: Connection, by: str) -> str:
    """What the author of an act is called, as the address book has it; empty for a reserved word."""
    if len(by) != 32:
        return ""
    found = connection.exec_driver_sql("SELECT name FROM people WHERE id = ?", (bytes.fromhex(by),)).scalar()
    return str(found or "")


def branches(connection: Connection) -> list[rejoin.Branch]:
    """The forks that are not settled yet."""
    held = connection.exec_driver_sql("SELECT name, body FROM local_peer WHERE substr(name, 1, 5) = 'fork/'").all()
    return rejoin.branches({str(name)[len(rejoin.FORK) :]: json.loads(body) for name, body in held})


def _of_one_code(connection: Connection) -> Sequence[OpenItem]:
    """That two desks of a district give the same numbers: as their last epochs say."""
    last: dict[bytes, tuple[str, str, str]] = {}
    for desk, district, code, name in connection.exec_driver_sql(_CODES):
        last[bytes(desk)] = (str(district or ""), str(code or ""), str(name or "") or bytes(desk).hex()[:8])
    held: dict[tuple[str, str], list[str]] = {}
    for district, code, name in last.values():
        held.setdefault((district, code), []).append(name)
    out: list[OpenItem] = []
    for (_district, code), names in sorted(held.items()):
        if len(names) > 1:
            title = _("{count} 台席位同用代号 {code}，编号会重复").format(count=len(names), code=code or _("（空）"))
            detail = _("{names}。请给其中一台另起代号").format(names=_("、").join(names))
            out.append(OpenItem("EQUIPMENT", title, None, 2, PANE, detail=detail))
    return out


def _unwell(connection: Connection, now: int) -> Sequence[OpenItem]:
    past = planning.past_of(connection)
    if past is None:
        return ()
    asked = _asked(connection)
    since = past.success or past.joined
    if schedule.silent(asked, now, past):
        title = _("已有 {span}没有同步成功") if past.success else _("接入中心库 {span}，还没有同步成功过")
        title = title.format(span=span(now - since))
        return (OpenItem("EQUIPMENT", title, since + asked.silence * HOUR, 2, PANE, detail=last_reason(connection)),)
    if past.failures:
        title = _("同步失败 {count} 次").format(count=past.failures)
        return (OpenItem("EQUIPMENT", title, None, 1, PANE, detail=last_reason(connection)),)
    return ()


def _quiet(connection: Connection, now: int) -> Sequence[OpenItem]:
    """Other desks of the district that nothing came from while this one is in step: each live desk writes at least the
    entry of its night, 38 hours apart at most. What was shut out or put away is nobody's alarm."""
    past = planning.past_of(connection)
    if past is None or not past.success:
        return ()
    shut = connection.exec_driver_sql("SELECT body FROM local_peer WHERE name = ?", (bundlekeys.REVOKED,)).scalar()
    out_of_use: dict[str, Any] = json.loads(shut) if shut else {}
    heard: dict[bytes, tuple[str, int]] = {}
    for desk, code, name, at in connection.exec_driver_sql(_HEARD):
        called = " ".join(str(part) for part in (code, name) if part) or bytes(desk).hex()[:8]
        heard[bytes(desk)] = (called, max(int(at), heard.get(bytes(desk), ("", 0))[1]))
    patience = 2 * _asked(connection).silence * HOUR
    return [
        OpenItem(
            "EQUIPMENT",
            _("{desk} 已有 {span}没有消息").format(desk=called, span=span(now - at)),
            None,
            1,
            PANE,
            detail=_("请打电话问那一台：是关着、断了网，还是没有同步"),
        )
        for desk, (called, at) in sorted(heard.items(), key=lambda one: one[1])
        if patience < now - at < PUT_AWAY and desk.hex() not in out_of_use
    ]


def figures(connection: Connection, now: int) -> Sequence[Figure]:
    """When the last good run was; where runs fail or none takes place, how many failed and what is not delivered. A desk
    that belongs to no hub says so: nobody must take its silence for health."""
    past = planning.past_of(connection)
    if past is None:
        return (Figure("sync.health", N_("同步"), _("未接入"), "", 0),)
    parts = [moment(past.success, now) if past.success else _("从未")]
    if past.failures:
        parts.append(_("失败{count}次").format(count=past.failures))
    severity = 2 if schedule.silent(_asked(connection), now, past) else 1 if past.failures else 0
    owed = undelivered(connection) if severity else 0
    if owed:
        parts.append(_("待传{count}").format(count=owed))
    if _differing(connection) or _forked(connection):
        parts.append(_("分叉"))
        severity = 2
    return (Figure("sync.health", N_("同步"), " ".join(parts), "", severity),)


def undelivered(connection: Connection) -> int:
    """Acts of this desk that no hub has confirmed. A desk that was never in step does not know its own id here: 0."""
    confirmed: dict[str, int] = {}
    for (body,) in connection.exec_driver_sql("SELECT body FROM local_peer WHERE substr(name, 1, 4) = 'hub/'"):
        for place, seq in json.loads(body).get("confirmed", {}).items():
            confirmed[place] = max(confirmed.get(place, 0), int(seq))
    own = {place.partition("/")[0] for place in confirmed}
    return sum(
        max(0, int(seq) - confirmed.get(f"{bytes(desk).hex()}/{epoch}", 0))
        for desk, epoch, seq in connection.exec_driver_sql("SELECT desk, epoch, seq FROM frontier")
        if bytes(desk).hex() in own
    )


def last_reason(connection: Connection) -> str:
    """Why the last run was no success."""
    found = connection.exec_driver_sql(
        "SELECT state, body FROM local_job WHERE kind = 'sync' ORDER BY n DESC LIMIT 1"
    ).first()
    return reason_of(found[0], json.loads(found[1])) if found is not None else ""


def reason_of(state: str, body: Mapping[str, Any]) -> str:
    """What a run says of why it was no success."""
    if state == peers.DONE:
        return ""
    if state == peers.RUNNING:
        return _("正在同步")
    said = [str(body.get("error") or ""), *map(str, body.get("alarms", ()))]
    return next((text for text in said if text), _("没有同步完"))


# -- for the pane ------------------------------------------------------------------------------------------------------


def overview(desk: Desk) -> Overview:
    """Everything the pane shows, without asking a hub."""
    store, now = desk.store, desk.clock.now()
    past = planning.past(store)
    plan = planning.plan(desk, probe=False)
    told = peers.runs(store, planning.JOB, SHOWN_RUNS)
    with store.read() as connection:
        conflicts = len(history.disputes(connection))
        silent = past is not None and schedule.silent(_asked(connection), now, past)
        names = desk_names(connection)
        came = _came(connection, store.config.desk_id, names, peers.peer(store, planning.CAME))
        kept_out = _kept_out(desk, connection, names)
        unseen = int(connection.exec_driver_sql(inbox.UNSEEN).scalar_one())
        found = branches(connection)
        gone = [_mass_line(connection, mass, names) for mass in masses(connection)]
        others = _desks(connection, store.config.desk_id, names)
    return Overview(
        hub=_shown_hub(store.config.hub),
        past=past,
        next_at=plan.next_at if plan is not None else None,
        waiting=protocol.waiting(store) if past is not None else 0,
        silent=silent,
        conflicts=conflicts,
        peers=_peers(desk),
        came=came,
        runs=[_run(run) for run in told],
        kept_out=kept_out,
        unseen=unseen,
        forks=[_fork(branch, names) for branch in found],
        desks=others,
        gone=gone,
        cut_off=any(run.state == peers.FAILED and run.body.get("error") for run in told[:1]),
    )


def _shown_hub(url: str) -> str:
    from dutydesk.core.errors import DutyDeskError
    from dutydesk.sync.hub import target

    if not url:
        return ""
    try:
        return target(url).place
    except DutyDeskError:
        return _("地址读不懂，请看 desk.toml")


def desk_names(connection: Connection) -> dict[bytes, str]:
    """What each desk calls itself: code and name, by id."""
    found: dict[bytes, str] = {}
    for desk, body in connection.exec_driver_sql(
        "SELECT a.desk, a.body FROM frontier f JOIN act a ON a.desk = f.desk AND a.epoch = f.epoch AND a.seq = 1"
        " ORDER BY f.epoch"
    ):
        told = json.loads(body).get("epoch", {})
        name = " ".join(part for part in (str(told.get("code") or ""), str(told.get("name") or "")) if part)
        found[bytes(desk)] = name or bytes(desk).hex()[:8]
    return found


def _peers(desk: Desk) -> list[Line]:
    """Each hub and each receiver of bundles: how much of this desk it has, and what it still lacks."""
    store = desk.store
    with store.read() as connection:
        own = {
            f"{store.config.desk}/{epoch}": int(seq)
            for epoch, seq in connection.exec_driver_sql(
                "SELECT epoch, seq FROM frontier WHERE desk = ?", (store.config.desk_id,)
            )
        }
    lines: list[Line] = []
    address = _shown_hub(store.config.hub)
    known = peers.peers(store, "hub/")
    for hub, told in known.items():
        confirmed = {place: int(seq) for place, seq in told.get("confirmed", {}).items()}
        owed = sum(max(0, seq - confirmed.get(place, 0)) for place, seq in own.items())
        text = _("已确认 {count} 条，待传 {owed} 条").format(count=sum(confirmed.values()), owed=owed)
        name = address if len(known) == 1 and address else hub[:8]
        lines.append(Line(_("中心库 {id}").format(id=name), text, int(told.get("last_ok", 0)) or None))
    shut = bundlekeys.revoked(store)
    for body in peers.peers(store, bundlekeys.PEER).values():
        card, holds = bundlekeys.PeerCard.from_plain(body["card"]), body.get("holds", ())
        if card.desk in shut or card.desk == store.config.desk_id:
            continue
        has = {f"{whose}/{epoch}": int(seq) for whose, epoch, seq, _head in holds}
        owed = sum(max(0, seq - has.get(place, 0)) for place, seq in own.items())
        text = _("用数据包：待带走 {owed} 条").format(owed=owed)
        lines.append(Line(card.called, text, int(body.get("heard_at", 0)) or None))
    return lines


def _came(connection: Connection, own: bytes, names: Mapping[bytes, str], told: Mapping[str, Any]) -> list[Line]:
    """What the last run that brought something brought, by desk: how many, and when the newest was made."""
    if not told:
        return []
    found = connection.exec_driver_sql(
        "SELECT desk, count(*), max(recorded_at) FROM act WHERE arrival > ? AND desk <> ? GROUP BY desk",
        (int(told.get("after", 0)), own),
    ).all()
    rows = [(names.get(bytes(desk), bytes(desk).hex()[:8]), int(count), int(at)) for desk, count, at in found]
    return [Line(name, _("{count} 条").format(count=count), at) for name, count, at in sorted(rows)]


def _run(run: peers.Run) -> Line:
    body = run.body
    bad = run.state in (peers.FAILED, peers.STOPPED)
    if bad or run.state == peers.RUNNING:
        text = reason_of(run.state, body)
    else:
        text = _("上传 {pushed}，收到 {pulled}").format(pushed=body.get("pushed", 0), pulled=body.get("pulled", 0))
    notes = _("；").join(map(str, body.get("notes", ())))
    states = {peers.DONE: _("成功"), peers.FAILED: _("失败"), peers.STOPPED: _("中断"), peers.RUNNING: _("进行中")}
    what = _("错过") if "missed" in body else states.get(run.state, run.state)
    at = int(body["missed"]) if "missed" in body else run.started_at
    return Line(what, _("；").join(part for part in (text, notes) if part), at, bad)


def _kept_out(desk: Desk, connection: Connection, names: Mapping[bytes, str]) -> list[Line]:
    """What lies in quarantine and did not come in after all: whose, what it says, by whom, and why it was kept out."""
    found = connection.exec_driver_sql(
        "SELECT q.desk, q.seq, q.reason, q.act FROM quarantine q"
        " WHERE NOT EXISTS (SELECT 1 FROM act a WHERE a.act_id = q.act_id) ORDER BY q.n DESC LIMIT ?",
        (SHOWN_ACTS,),
    ).all()
    lines: list[Line] = []
    for whose, seq, reason, held in found:
        act = inbox.kept(held)
        said = _("：").join(part for part in (_author(desk, act.by), _said(desk, act)) if part)
        text = _("{said}——{reason}").format(said=said, reason=reason) if said else str(reason)
        name = names.get(bytes(whose), bytes(whose).hex()[:8])
        lines.append(Line(f"{name} #{seq}", text, act.recorded_at, bad=True))
    return lines


def _author(desk: Desk, by: str) -> str:
    if len(by) != 32:
        return ""
    try:
        return desk.title("people", bytes.fromhex(by))
    except (ValueError, KeyError):
        return ""


def _said(desk: Desk, act: Act) -> str:
    """What an act that is not in the record says, in short: the list and the words of its first change."""
    try:
        change = parse_body(act.body)["changes"][0]
        shape = desk.store.schema.shapes[change["ledger"]]
        values = change.get("set", {})
        told = [field for field in shape.ledger.fields if field.search and isinstance(values.get(field.name), str)]
        shown = [field.kind.show(values[field.name], field) for field in told]
    except (ValueError, LookupError, TypeError, AttributeError):
        return ""
    return " ".join([_(shape.ledger.title), *shown])[:LONGEST]


def _mass_line(connection: Connection, mass: deletions.Mass, names: Mapping[bytes, str]) -> Line:
    who = " ".join(part for part in (names.get(mass.desk, ""), _author_of(connection, mass.by)) if part)
    text = _("删了{what}：要放回按 F10，删得对按 F8").format(what=mass.what())
    return Line(who or mass.desk.hex()[:8], text, mass.last, bad=True, name=mass.name)


def settle_quarantine(desk: Desk, reason: str) -> None:
    """Somebody has found out what lies in quarantine: it stays there, and asks nobody any more. The audit has who and
    why. Raises `Refused` without a reason, or for somebody who may not settle."""
    audit.record(desk, "SETTLE", _("隔离的外来记录"), reason)
    inbox.mark_seen(desk.store)


def _fork(branch: rejoin.Branch, names: Mapping[bytes, str]) -> Line:
    name = names.get(branch.desk, branch.desk.hex()[:8])
    if branch.stays:
        text = _("从 #{seq} 起另一台同号机器也在记，本机的一份在前：应由那一台并回；它修不好了，才在这里按“并回”")
    elif branch.own:
        text = _("从 #{seq} 起另一台同号机器也在记：本机这 {count} 次操作其他席位看不到，按“并回”补上")
    elif branch.stick:
        text = _("从 #{seq} 起与数据包里的不一致，这里有 {count} 次操作；按“并回”改用数据包里的")
    else:
        text = _("从 #{seq} 起与中心库的不一致，这里有 {count} 次操作；按“并回”改用中心库的")
    return Line(name, text.format(seq=branch.after + 1, count=branch.count), None, bad=True)


def _desks(connection: Connection, own: bytes, names: Mapping[bytes, str]) -> list[Line]:
    """How far the other desks are known here, the one that was heard of longest ago first."""
    found = connection.exec_driver_sql(
        "SELECT f.desk, max(a.recorded_at), sum(f.seq) FROM frontier f JOIN act a"
        " ON a.desk = f.desk AND a.epoch = f.epoch AND a.seq = f.seq WHERE f.desk <> ? GROUP BY f.desk ORDER BY 2",
        (own,),
    ).all()
    return [
        Line(
            names.get(bytes(desk), bytes(desk).hex()[:8]),
            _("共 {count} 次操作，最近一次").format(count=int(count)),
            int(at),
        )
        for desk, at, count in found
    ]

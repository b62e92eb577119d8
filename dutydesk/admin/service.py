"""What administration does: rules with their source, disputes settled."""

from __future__ import annotations

from collections.abc import Mapping

from dutydesk.admin import known
from dutydesk.core.errors import Problem, Refused
from dutydesk.core.i18n import _
from dutydesk.journal import audit, history
from dutydesk.journal import query as q
from dutydesk.journal.apply import DELETE, DUPLICATE, GONE, HEADS
from dutydesk.journal.desk import Desk
from dutydesk.journal.history import Conflict
from dutydesk.journal.settings import counted
from dutydesk.journal.settings import known as known_settings
from dutydesk.journal.store import MOST_CHANGES, Receipt
from dutydesk.ledger.feature import Change
from dutydesk.ledger.kinds import Ref
from dutydesk.ledger.spec import Mode, Value

SETTINGS = "settings"


# -- settings ----------------------------------------------------------------------------------------------------------


def settings(desk: Desk) -> list[q.Row]:
    """All settings by key."""
    return desk.rows(SETTINGS)


def add_setting(desk: Desk, values: Mapping[str, Value]) -> bytes:
    """`dutydesk add settings key=… value=… source=… date=…`: writes the setting of this key, new or not."""
    told = {name: str(values.get(name) or "") for name in ("key", "value", "source", "place", "date", "note")}
    write_setting(desk, **told)
    return _row_of(desk, told["key"]) or known.row_id(desk.config.district, told["key"])


def write_setting(
    desk: Desk, key: str, value: str, source: str, date: str = "", place: str = "", note: str = ""
) -> Receipt | None:
    """Write a rule or threshold with the paper it comes from and that paper's date; `None` when nothing changes.

    A key has one row on every desk of a district, so that two desks never make two of it; the city's and another
    district's are rows of their own. An empty value takes the setting back: the
    program's own holds again. Raises `Refused` without a key, a source or a date (a threshold that nobody can trace is
    worse than the default), for a key that nothing reads and for a value that its reader could not use.
    """
    problems = [
        Problem(reason, name)
        for name, text, reason in (
            ("key", key, _("必填")),
            ("source", source, _("写明依据：哪份文件")),
            ("date", date, _("写明依据的日期")),
        )
        if not text.strip()
    ]
    if date.strip() and not problems:
        item = desk.ledger(SETTINGS)["date"]
        try:
            date = str(item.kind.parse(date, item))
        except ValueError as error:
            problems.append(Problem(str(error), "date"))
    problems += _unreadable(desk, key.strip(), value.strip())
    if problems:
        raise Refused(*problems)
    values: dict[str, Value] = {"key": key.strip(), "value": value.strip() or None, "source": source.strip()}
    values |= {"place": place.strip() or None, "date": date.strip(), "note": note.strip() or None}
    row = _row_of(desk, key.strip())
    if row is None:
        given = {name: text for name, text in values.items() if text is not None}
        fresh = known.row_id(desk.config.district, key.strip())
        return desk.act("settings.add", [Change(SETTINGS, fresh, given, new=True)])
    change = desk.edit(SETTINGS, row, values)
    return None if change is None else desk.act("settings.edit", [change])


def _unreadable(desk: Desk, key: str, value: str) -> list[Problem]:
    """Why nothing would read this setting. What is written already under a key that nothing reads can be taken back."""
    every = {one.key: one for _feature, one in known_settings(desk)}
    if not key or (key not in every and not value and _row_of(desk, key) is not None):
        return []
    if key in every:
        reason = known.refusal(every[key], value)
        return [Problem(reason, "value")] if reason else []
    meant = known.nearest(every.values(), key)
    if meant is None:
        return [Problem(_("没有设置“{key}”，在“系统—设置”里找").format(key=key), "key")]
    told = _("没有设置“{key}”，最接近的是 {near}（{label}）")
    return [Problem(told.format(key=key, near=meant.key, label=meant.label), "key")]


def _row_of(desk: Desk, key: str) -> bytes | None:
    """The row of a key that this district wrote."""
    with desk.store.read() as connection:
        found = [one.row for one in counted(connection, key) if one.own and one.setting.key == key]
    return found[-1] if found else None


# -- disputes ----------------------------------------------------------------------------------------------------------


def conflicts(desk: Desk) -> list[Conflict]:
    """What several desks wrote differently and nobody has settled yet; the same written twice leaves nothing to choose."""
    with desk.store.read() as connection:
        found = history.conflicts(connection, desk.store.schema)
    return [one for one in found if one.kind != HEADS or len({claim.value for claim in one.claims}) != 1]


def twins(desk: Desk, conflict: Conflict) -> list[q.Row]:
    """The rows of one natural key, among which a conflict of kind `duplicate` asks to choose; those of one district."""
    ledger = desk.ledger(conflict.ledger)
    held = desk.get(conflict.ledger, conflict.row)
    if held is None:
        return []
    where = tuple(
        q.Condition(name, "null" if held.values[name] is None else "=", held.values[name]) for name in ledger.match
    )
    rows = desk.rows(conflict.ledger, *where)
    with desk.store.read() as connection:
        return history.of_one_district(connection, rows, conflict.row)


def _refuse_accounts(desk: Desk, conflict: Conflict) -> None:
    """Who has which role is settled by whoever may give roles: else a settlement were a way round them."""
    if conflict.ledger == "accounts" and desk.store.guard is not None:
        desk.store.guard("account.role", desk.me.id)


def settle_value(desk: Desk, conflict: Conflict, value: Value, reason: str) -> Receipt:
    """Settle a field that two desks wrote: `value` stands from now on, in place of all that were written.

    The losers stay in the row's history. Raises `Refused` without a reason.
    """
    _refuse_accounts(desk, conflict)
    if conflict.kind != HEADS:
        raise Refused(Problem(_("这不是同一格的两个值"), conflict.field, file=conflict.ledger))
    item = desk.ledger(conflict.ledger)[conflict.field]
    written = bytes.fromhex(value) if isinstance(item.kind, Ref) and isinstance(value, str) else value
    subject = audit.subject_of(conflict.ledger, conflict.row, _(item.label))
    change = Change(conflict.ledger, conflict.row, {conflict.field: written})
    return desk.act("conflict.settle", [change, audit.entry(desk, "SETTLE", subject, reason)], note=reason.strip())


def settle_deletion(desk: Desk, conflict: Conflict, *, keep: bool, reason: str) -> Receipt:
    """Settle a row that one desk deleted while another changed it: keep it, or delete it with all that was written."""
    _refuse_accounts(desk, conflict)
    if conflict.kind != GONE:
        raise Refused(Problem(_("这一条没有被删除"), file=conflict.ledger))
    change = (
        Change(conflict.ledger, conflict.row, {DELETE: None})
        if keep
        else desk.store.deletion(conflict.ledger, conflict.row)
    )
    subject = audit.subject_of(conflict.ledger, conflict.row)
    done = _("保留") if keep else _("删除")
    return desk.act(
        "conflict.settle", [change, audit.entry(desk, "SETTLE", subject, reason, done)], note=reason.strip()
    )


def settle_twins(desk: Desk, conflict: Conflict, keep: bytes, reason: str) -> Receipt:
    """Settle one thing that two desks entered: `keep` stays, the others are deleted and what names them names `keep`.

    Entries of the log and other ledgers to which rows are only added go on naming the old row: they are never altered.
    """
    _refuse_accounts(desk, conflict)
    rows = twins(desk, conflict)
    if conflict.kind != DUPLICATE or keep not in {row.id for row in rows} or len(rows) < 2:
        raise Refused(Problem(_("没有可以合并的两条"), file=conflict.ledger))
    others = [row for row in rows if row.id != keep]
    changes = [desk.store.deletion(conflict.ledger, row.id) for row in others]
    for shape in desk.store.schema.shapes.values():
        if shape.ledger.mode is Mode.APPEND:
            continue
        for item in shape.ledger.fields:
            if isinstance(item.kind, Ref) and item.kind.ledger == conflict.ledger:
                named = desk.rows(shape.ledger.name, q.Condition(item.name, "in", [row.id for row in others]))
                changes += [Change(shape.ledger.name, row.id, {item.name: keep}) for row in named]
    if len(changes) >= MOST_CHANGES:
        raise Refused(
            Problem(_("有 {count} 处指向这几条，请先分批改过").format(count=len(changes)), file=conflict.ledger)
        )
    subject = audit.subject_of(conflict.ledger, keep)
    result = _("合并 {count} 条").format(count=len(rows))
    return desk.act(
        "conflict.settle", [*changes, audit.entry(desk, "SETTLE", subject, reason, result)], note=reason.strip()
    )

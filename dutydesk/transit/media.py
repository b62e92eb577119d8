"""The register of sticks and discs: what there is, who has it, what became of it; and the mark on a stick that says which
one it is.

State and holder of a medium are written by what is entered about it (`move`), never by hand: the register shows how each
came to be as it is. What was used once stays listed.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from dutydesk.core.errors import Problem, Refused, Unavailable
from dutydesk.core.i18n import _
from dutydesk.journal import plain
from dutydesk.journal.desk import Desk
from dutydesk.journal.query import Condition, Row
from dutydesk.journal.store import Receipt
from dutydesk.ledger.kinds import choice_label
from dutydesk.ledger.spec import Value, Values
from dutydesk.sync import stick
from dutydesk.transit.ledger import MEDIA as LEDGER
from dutydesk.transit.ledger import MOVES as MOVE_LEDGER

BUNDLES, MEDIA, MOVES = "bundles", "media", "media_moves"
MOVE = "media.move"
MARK = "dutydesk-medium.txt"
"""The file on a registered stick that says which one it is."""
MARKED = "medium.marked."
"""In the workstation's own memory, with a medium's id: its mark was written or seen here."""
MOST_MARK = 4_096
USABLE = ("IN_USE", "LENT")
ISSUED, RETURNED, LOST, RETIRED, DESTROYED = "ISSUED", "RETURNED", "LOST", "RETIRED", "DESTROYED"
BECOMES = {ISSUED: "LENT", RETURNED: "IN_USE", LOST: "LOST", RETIRED: "RETIRED", DESTROYED: "DESTROYED"}
FROM = {
    ISSUED: ("IN_USE",),
    RETURNED: ("LENT", "LOST", "RETIRED"),
    LOST: ("IN_USE", "LENT", "RETIRED"),
    RETIRED: ("IN_USE", "LENT"),
    DESTROYED: ("IN_USE", "LENT", "RETIRED"),
}
"""In which state a medium must be for each; what is lost may turn up, what is destroyed may not."""
TWO = (LOST, DESTROYED)
"""What a second person must know of."""


def add_medium(desk: Desk, values: Values) -> bytes:
    """Enter a stick or disc; its id. State, who and when are filled in. Raises `Refused`."""
    given: dict[str, Value] = {name: value for name, value in values.items() if value}
    given |= {"state": "IN_USE", "registered_at": desk.clock.now(), "by": desk.me.name or desk.me.id}
    given.pop("holder", None)
    return plain.add(desk, MEDIA, given)


def edit_medium(desk: Desk, medium: bytes, values: Values) -> Receipt | None:
    """Write a medium's description again. Raises `Refused` for its state and holder: these have entries of their own."""
    row = desk.get(MEDIA, medium)
    for name in ("state", "holder"):
        if row is not None and name in values and values[name] != row.get(name):
            raise Refused(Problem(_("领用、归还、遗失、停用、销毁请逐项登记"), name))
    return plain.edit(desk, MEDIA, medium, values)


def remove_medium(desk: Desk, medium: bytes) -> Receipt:
    """Take a medium that was entered by mistake off the list. Raises `Refused` for one that was used."""
    used = Condition("medium", "=", medium)
    if desk.rows(MOVES, used, limit=1) or desk.rows(BUNDLES, used, limit=1):
        raise Refused(_("这个介质用过，登记要留着；不再用的请登记停用或销毁"))
    return plain.remove(desk, MEDIA, medium)


def move(desk: Desk, values: Values) -> bytes:
    """Enter what happened to a medium (`medium`, `what`, `holder`, `witness`, `at`, `note`); the entry's id. Raises
    `Refused` for what cannot follow on what was."""
    given = {name: (value.strip() if isinstance(value, str) else value) for name, value in values.items()}
    given = {name: value for name, value in given.items() if value not in (None, "")}
    medium, what = given.get("medium"), str(given.get("what", ""))
    row = desk.get(MEDIA, medium) if isinstance(medium, bytes) else None
    if row is None:
        raise Refused(Problem(_("这个介质没有登记"), "medium"))
    state, by = row.text("state"), desk.me.name or desk.me.id
    if state not in FROM.get(what, ()):
        now = choice_label(state, LEDGER["state"])
        reason = _("{label}现在是“{state}”，不能登记“{what}”")
        told = choice_label(what, MOVE_LEDGER["what"]) if what in FROM else what
        raise Refused(Problem(reason.format(label=row.text("label"), state=now, what=told), "what"))
    if what == ISSUED and "holder" not in given:
        raise Refused(Problem(_("写明谁领走"), "holder"))
    if what in TWO and given.get("witness") in (None, by, given.get("holder")):
        raise Refused(Problem(_("写明见证人，不能是经办人或领用人自己"), "witness"))
    values = {"at": desk.clock.now(), **given, "by": by}
    if what == RETURNED and row.get("holder"):
        values = {"holder": row.get("holder"), **values}
    entry = desk.new(MOVES, values)
    became: dict[str, Value] = {"state": BECOMES[what], "holder": given.get("holder") if what == ISSUED else None}
    changed = desk.edit(MEDIA, row.id, became)
    desk.act(MOVE, [entry, changed] if changed is not None else [entry])
    return entry.row


def moves(desk: Desk, medium: bytes) -> Sequence[Row]:
    """What was entered about a medium, newest first."""
    return desk.rows(MOVES, Condition("medium", "=", medium))


def mark_medium(desk: Desk, medium: bytes, folder: Path) -> None:
    """Write onto a stick which one it is, so that it is known when it comes back. Raises `Refused` for a stick that has
    another one's mark, `Unavailable`."""
    usable(desk, medium)
    other = medium_at(desk, folder, deep=False)
    if other not in (None, medium):
        raise Refused(Problem(_("这个介质的标记是 {label}，没有改").format(label=desk.title(MEDIA, other or b""))))
    try:
        stick.write(folder / MARK, f"{medium.hex()}\n{desk.title(MEDIA, medium)}\n".encode())
    except OSError as error:
        raise Unavailable(_("写不了 {folder}：{error}").format(folder=folder, error=stick.why(error))) from None
    desk.store.remember(MARKED + medium.hex(), "1")


def right_one(desk: Desk, medium: bytes, folder: Path) -> None:
    """Raises `Refused` where a folder lies on another medium than the one that was chosen, or on none although that one
    has a mark: what a stick is mounted at is there without it, too, and takes a bundle that nobody then carries away."""
    found, label = medium_at(desk, folder), desk.title(MEDIA, medium)
    if found == medium:
        desk.store.remember(MARKED + medium.hex(), "1")
    elif found is not None:
        text = _("这里插的是 {other}，不是 {label}：换成 {label}，或者“介质”选 {other}")
        raise Refused(text.format(other=desk.title(MEDIA, found), label=label))
    elif desk.store.state(MARKED + medium.hex()):
        text = _("{label} 上有编号标记，{folder} 里没有：没有插好，或选错了文件夹；重新格式化过的，先再写一次标记")
        raise Refused(text.format(label=label, folder=folder))


def medium_at(desk: Desk, folder: Path, *, deep: bool = True) -> bytes | None:
    """The registered medium that a folder lies on, by its mark there or above; `None` for one that is not known here."""
    for place in (folder, *list(folder.parents)[:4]) if deep else (folder,):
        with suppress(OSError, ValueError, Refused):
            with stick.opened(place / MARK, MOST_MARK) as file:
                found = bytes.fromhex(file.read(32).decode("ascii"))
            if len(found) == 16 and desk.get(MEDIA, found) is not None:
                return found
    return None


def by_label(desk: Desk, label: str) -> bytes:
    """The medium with a label. Raises `Refused`."""
    found = [row.id for row in desk.rows(MEDIA, Condition("label", "=", label.strip()), limit=1)]
    if not found:
        raise Refused(Problem(_("没有登记这个介质：{label}").format(label=label), "--medium"))
    return found[0]


def usable(desk: Desk, medium: bytes) -> None:
    """Raises `Refused` for a medium that is lost, retired or destroyed."""
    row = desk.get(MEDIA, medium)
    if row is None or row.text("state") not in USABLE:
        if row is None:
            raise Refused(_("这个介质没有登记，请先登记"))
        text = _("{label} 登记为“{state}”，不能往上写：换一个介质，或先登记归还")
        raise Refused(text.format(label=row.text("label"), state=choice_label(row.text("state"), LEDGER["state"])))

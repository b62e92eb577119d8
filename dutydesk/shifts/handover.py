"""The hand-over 交接班: prepared, signed by the one who gives, confirmed item by item and signed by the one who takes,
counter-signed by the leader (domain.md §3.7). Which deed is allowed when, and what stands against a signature, is said
in `rules.py`; the items are kept by `blocks.py`, the seal by `seals.py`.

Whoever signs is the author of that act, not whoever sits at the desk: with accounts in force by a PIN, else by name.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from dutydesk.core.clock import HOUR
from dutydesk.core.errors import Problem, Refused
from dutydesk.core.i18n import _
from dutydesk.core.ids import named_id
from dutydesk.core.reference import by_code, rows
from dutydesk.journal.desk import Desk, Me
from dutydesk.journal.query import Condition, Row
from dutydesk.journal.settings import from_row, setting, short, whole, words
from dutydesk.journal.store import MOST_CHANGES
from dutydesk.ledger.feature import Change, Known
from dutydesk.ledger.rows import parse_row
from dutydesk.ledger.spec import Value, Values
from dutydesk.shifts import blocks, rules, seals, service
from dutydesk.shifts.ledger import HANDOVER_ITEMS, HANDOVERS, SHIFTS
from dutydesk.shifts.pending import PAPER_SETTING, sheet_printed

SHUT = ("CLOSED", "PASSED", "FALSE_ALARM")
"""States of an incident that nobody handles any more."""
JOINT_SETTING, JOINT_DEFAULT = "handover.joint_grades", "HANDOVER_JOINT_GRADES"
IN_ROOM = ("primary", "secondary")
"""Posts that have to be in the room; the leader is reachable round the clock (domain.md §3.1)."""
STAYS = HOUR
"""How long after a shift began its predecessor's hand-over is shown until it is printed."""
MAKES_ROOM = HOUR
"""How long before a shift ends a predecessor's hand-over that still lacks a signature makes room for its own."""
PART = MOST_CHANGES - 50


@dataclass(frozen=True, slots=True)
class Parties:
    """The two shifts of a hand-over and who belongs to them, by id; `there` has signed in for the next one."""

    shift: rules.Shift
    row: Row | None
    following: rules.Shift
    following_row: Row | None
    outgoing: frozenset[bytes]
    incoming: frozenset[bytes]
    there: frozenset[bytes] = frozenset()

    @property
    def receiving(self) -> frozenset[bytes]:
        """Who may take the desk over: the crew of the next shift, and whoever signed in for it."""
        return self.incoming | self.there


# -- which shift -------------------------------------------------------------------------------------------------------


def shift_for(desk: Desk, now: int) -> str:
    """Key of the shift whose hand-over is to be done or finished now: the last one while it is under way; not begun in
    the first half of the running shift; not counter-signed, until the running shift's own was begun or is to be in its
    last hour; or not printed in its first hour. Else the running one."""
    span, running = service.shift_at(desk, now)
    with desk.store.read() as connection:
        last = service.row_before(connection, now)
        if last is None or last.number("ends_at") != span.start:
            return service.key_of(span)
        key = service.key_of(service.of_row(last))
        held = seals.of_shift(connection, key)
        state = held.text("state") if held is not None else ""
        if state == "":
            early = now - span.start < (span.end - span.start) // 2
            waits = running is None or running.get("taken_over_at") is None
            return key if early and waits else service.key_of(span)
        assert held is not None
        if held.get("taken_at") is None:
            return key
        own = service.key_of(span)
        if state != "COUNTERSIGNED":
            begun = seals.of_shift(connection, own) is not None
            return own if begun or span.end - now <= MAKES_ROOM else key
        return key if now - span.start < STAYS and not sheet_printed(connection, key) else own


def parties(desk: Desk, key: str) -> Parties:
    """Both shifts of the hand-over of `key`. Raises `Refused` for what is no shift."""
    span, row = service.find(desk, key)
    after = rules.next_shift(span, service.pattern_of(desk))
    following, following_row = service.find(desk, service.key_of(after))
    incoming = crew(desk, following, following_row)
    return Parties(span, row, following, following_row, crew(desk, span, row), incoming, _there(desk, following))


def crew(desk: Desk, span: rules.Shift, row: Row | None) -> frozenset[bytes]:
    """Everyone who stands a post in a shift: by the shift itself and by the roster."""
    named = {value for name, _label in service.CREW if row is not None and isinstance(value := row.get(name), bytes)}
    if "assignments" in desk.store.schema.shapes:
        for one in desk.rows("assignments", Condition("date", "=", span.date), Condition("shift", "=", span.code)):
            if isinstance(person := one.get("person"), bytes):
                named.add(person)
    return frozenset(named)


def of_shift(desk: Desk, key: str) -> Row | None:
    """The hand-over of a shift; None before it is prepared."""
    with desk.store.read() as connection:
        return seals.of_shift(connection, key)


def items_of(desk: Desk, held: Row | None) -> list[Row]:
    """The items of a hand-over in the sheet's order."""
    return [] if held is None else blocks.items_of(desk, held.id)


# -- the giver ---------------------------------------------------------------------------------------------------------


def prepare(desk: Desk, key: str) -> Row:
    """Freeze what is open into the items of this shift's hand-over. Raises `Refused` when it was begun already."""
    both = parties(desk, key)
    key = service.key_of(both.shift)
    held = of_shift(desk, key)
    state = rules.move(held.text("state") if held is not None else "", "prepare")
    row = service.row_for(desk, both.shift, both.row)
    handover = named_id("handovers", desk.config.district, key)
    if desk.get("handovers", handover) is not None:
        raise Refused(Problem(_("这一班的交接已被删除，不能再开始"), "shift"))
    values: Values = {"shift": key, "next_shift": service.key_of(both.following), "state": state}
    now = desk.clock.now()
    items = blocks.gather(desk, now, handover, _shifts(both, row))
    changes = blocks.joined(desk, handover, items, (), now)
    desk.act("handover.prepare", [Change("handovers", handover, values, new=True), *changes[:PART]])
    _write(desk, "handover.refresh", changes[PART:])
    made = of_shift(desk, key)
    assert made is not None
    return made


def refresh(desk: Desk, key: str) -> bool:
    """Bring the items in step with the record: all of them until the giver signs, after that only what arrived in
    between. Gives whether anything changed."""
    held = of_shift(desk, key)
    if held is None or held.text("state") not in ("PREPARED", "SIGNED_OUT"):
        return False
    items = items_of(desk, held)
    changes = blocks.kept(desk, held, items)
    if held.text("state") == "PREPARED":
        both, now = parties(desk, key), desk.clock.now()
        stay = {change.values["row"] for change in changes} | {
            row.text("row") for row in items if row.get("state") == "KEPT"
        }
        open_now = [
            item
            for item in blocks.gather(desk, now, held.id, _shifts(both, both.row))
            if not (item.ledger == "incidents" and item.row.hex() in stay)
        ]
        changes += blocks.joined(desk, held.id, open_now, items, now)
    _write(desk, "handover.refresh", changes)
    return bool(changes)


def answer(desk: Desk, item: bytes, text: str, person: bytes | None = None, pin: str = "") -> Row:
    """A word to an item: why it stays open, or, once the giver has signed, the giver's answer to what the receiver
    asked. `person` answers, whoever sits there by default. Raises `Refused` for an answer that is not the giver's, and
    where accounts are in force for a PIN that is not this person's."""
    row, held = _item(desk, item)
    author = desk
    if held.text("state") != "PREPARED":
        rules.move(held.text("state"), "review")
    state = rules.item_move(row.text("state"), "answer")
    told = _words(text, "answer")
    if held.text("state") != "PREPARED":
        author = _as_giver(desk, held, person, pin)
    return _say(author, "handover.answer", row, {"answer": told, "state": state})


def answering(desk: Desk, key: str) -> bytes | None:
    """Who answers what the receiver asks: the one who signed as giver; where nobody did (a desk that was taken over
    alone), whoever sits there if of the outgoing crew. None for nobody yet."""
    held = of_shift(desk, key)
    giver = held.get("giver") if held is not None else None
    if isinstance(giver, bytes):
        return giver
    here = bytes.fromhex(desk.me.id) if len(desk.me.id) == 32 else b""
    return here if here in parties(desk, key).outgoing and (held is None or here != held.get("taker")) else None


def _as_giver(desk: Desk, held: Row, person: bytes | None, pin: str) -> Desk:
    """The desk as the giver has it. Raises `Refused` for anybody else, or a PIN that is not the giver's."""
    here = bytes.fromhex(desk.me.id) if len(desk.me.id) == 32 else None
    who, wanted = person or here, answering(desk, held.text("shift"))
    if wanted is None:
        raise Refused(Problem(_("由交班的人员答复：请本人先换成操作人"), "answer"))
    if who != wanted:
        raise Refused(Problem(_("由交班人{name}本人答复").format(name=desk.title("people", wanted)), "answer"))
    if who != here:
        _identify(desk, wanted, pin)
    return as_author(desk, wanted)


def note_joint(desk: Desk, key: str, text: str) -> Row:
    """Note how a major matter is handled together while the desk changes hands. Raises `Refused`."""
    held = _held(desk, key)
    rules.move(held.text("state"), "joint")
    return _put(desk, "handover.joint", held, {"joint": _words(text, "joint", HANDOVERS)}, desk.me.id)


def sign_out(desk: Desk, key: str, person: bytes, pin: str = "") -> Row:
    """The outgoing crew signs: from now on the items stand. Raises `Refused` with everything that stands against it."""
    refresh(desk, key)
    held, both = _held(desk, key), parties(desk, key)
    state = rules.move(held.text("state"), "sign_out")
    problems = [] if state == "EMERGENCY" else rules.before_giving(standing(desk, key))
    problems += _belongs(desk, person, both.outgoing, both.shift)
    problems += _signed_once(held, person, "giver")
    if problems:
        raise Refused(*problems)
    _identify(desk, person, pin)
    values: Values = {"state": state, "giver": person, "given_at": desk.clock.now()}
    return _put(desk, "handover.sign_out", held, values, person.hex())


# -- the receiver ------------------------------------------------------------------------------------------------------


def receivers(desk: Desk, key: str) -> frozenset[bytes]:
    """Who may go through the items as the receiver: the incoming side without the one who gave."""
    return _receivers(parties(desk, key), of_shift(desk, key))


def identify_receiver(desk: Desk, key: str, person: bytes, pin: str = "") -> Desk:
    """The desk as the receiver has it while the items are gone through. Raises `Refused` for whoever is not of the
    incoming side, and where accounts are in force for a PIN that is not this person's."""
    held, both = _held(desk, key), parties(desk, key)
    if problems := _receives(desk, person, both, held):
        raise Refused(*problems)
    if desk.me.id != person.hex():
        _identify(desk, person, pin)
    return as_author(desk, person)


def as_author(desk: Desk, person: bytes) -> Desk:
    """The desk with this person as the author of an act; who sits there stays the same."""
    return replace(desk, me=Me(person.hex(), desk.title("people", person)))


def accept(desk: Desk, item: bytes) -> Row:
    """The receiver takes one item. Raises `Refused` before the giver has signed, and for an author who is not of the
    incoming side."""
    row, held = _item(desk, item)
    rules.move(held.text("state"), "review")
    _by_receiver(desk, held)
    values: Values = {"state": rules.item_move(row.text("state"), "accept"), "settled_at": desk.clock.now()}
    return _say(desk, "handover.accept", row, values)


def question(desk: Desk, item: bytes, text: str) -> Row:
    """The receiver asks about one item, which goes back to the giver for an answer. Raises `Refused` as `accept`."""
    row, held = _item(desk, item)
    rules.move(held.text("state"), "review")
    _by_receiver(desk, held)
    state = rules.item_move(row.text("state"), "question")
    return _say(desk, "handover.question", row, {"question": _words(text, "question"), "state": state})


def take(desk: Desk, key: str, person: bytes, pin: str = "") -> Row:
    """The incoming crew signs: this is the takeover. Its time is kept with the hand-over and the next shift, a line goes
    into the log, the record is sealed. Raises `Refused` with everything that stands against it."""
    refresh(desk, key)
    held, both = _held(desk, key), parties(desk, key)
    state = rules.move(held.text("state"), "take")
    if held.get("taken_at") is not None:
        raise Refused(Problem(_("接班人已经签字"), "taker"))
    problems = [] if state == "EMERGENCY" else rules.before_taking(standing(desk, key))
    problems += _belongs(desk, person, both.receiving, both.following)
    problems += _signed_once(held, person, "taker")
    if problems:
        raise Refused(*problems)
    _identify(desk, person, pin)
    return _taken(desk, held, both, person, {"state": state})


def emergency(desk: Desk, key: str, person: bytes, reason: str, pin: str = "") -> Row:
    """One side hands over alone: who takes the desk where nobody gives it, or leaves it where nobody comes. It needs a
    reason and stands on the board until the leader has counter-signed. Raises `Refused`."""
    both = parties(desk, key)
    held = of_shift(desk, key)
    state = rules.move(held.text("state") if held is not None else "", "emergency")
    told = " ".join(reason.split())
    problems = [] if told else [Problem(_("写明为什么单方交接"), "reason")]
    problems += _belongs(desk, person, both.incoming | both.outgoing, both.shift)
    taking = person in both.incoming and (person not in both.outgoing or (held is not None and bool(held.get("giver"))))
    if held is not None:
        problems += _signed_once(held, person, "taker" if taking else "giver")
        if not taking and held.get("given_at") is not None:
            problems.append(Problem(_("交班人已经签字，由接班的一方来签"), "person"))
    if problems:
        raise Refused(*problems)
    _identify(desk, person, pin)
    if held is None:
        prepare(desk, key)
    refresh(desk, key)
    held = _held(desk, key)
    values: Values = {"state": state, "reason": told}
    if taking:
        return _taken(desk, held, both, person, values)
    line = _("单方交班：{who}，原因：{reason}").format(who=desk.title("people", person), reason=told)
    values |= {"giver": person, "given_at": desk.clock.now()}
    return _put(desk, "handover.emergency", held, values, person.hex(), [_log(desk, line, key, person)])


def countersign(desk: Desk, key: str, person: bytes, pin: str = "") -> Row:
    """The leader's signature, at once or later. Raises `Refused` while nobody has taken the desk over, or for a person
    who leads neither shift or signed already."""
    held, both = _held(desk, key), parties(desk, key)
    state = rules.move(held.text("state"), "countersign")
    problems: list[Problem] = []
    if held.get("taken_at") is None:
        problems.append(Problem(_("还没有人接班"), "taker"))
    if person in (held.get("giver"), held.get("taker")):
        problems.append(Problem(_("交班人、接班人不能再作带班签字"), "leader"))
    elif not _leads(desk, person, both):
        name = desk.title("people", person)
        problems.append(Problem(_("{name} 不是这两班的带班领导").format(name=name), "leader"))
    if problems:
        raise Refused(*problems)
    _identify(desk, person, pin)
    values: Values = {"state": state, "leader": person, "countersigned_at": desk.clock.now()}
    return _put(desk, "handover.countersign", held, values, person.hex())


def seal(desk: Desk, key: str) -> Row:
    """Seal the record of a shift that was taken over; what is sealed stays so. It is an act after the takeover, hence
    made up for when the program was stopped between the two."""
    held = _held(desk, key)
    if held.get("taken_at") is None or held.get("sealed_head"):
        return held
    seq, head = desk.store.position()
    with desk.store.read() as connection:
        found = connection.exec_driver_sql("SELECT desk, epoch, seq FROM frontier ORDER BY desk, epoch").all()
    own = (desk.config.desk_id, desk.config.epoch)
    reached = [(bytes(one), int(epoch), int(to)) for one, epoch, to in found if (bytes(one), int(epoch)) != own]
    values: Values = {"sealed_seq": seq, "sealed_head": head.hex(), "sealed_at": desk.clock.now()}
    taker = held.get("taker")
    desk.store.act(
        seals.KIND,
        [Change("handovers", held.id, values)],
        by=taker.hex() if isinstance(taker, bytes) else desk.me.id,
        note=seals.note_of([(*own, seq), *reached]),
    )
    return _held(desk, key)


def _taken(desk: Desk, held: Row, both: Parties, person: bytes, values: Values) -> Row:
    """The takeover itself."""
    now = desk.clock.now()
    row = service.row_for(desk, both.following, both.following_row)
    key = service.key_of(both.following)
    who = service.crew_text(desk, row) or desk.title("people", person)
    line = _("接班：{crew}").format(crew=who)
    kind = "handover.take"
    if values.get("state") == "EMERGENCY" and "reason" in values:
        kind = "handover.emergency"
        line = _("单方接班：{crew}，原因：{reason}").format(crew=who, reason=values["reason"])
    more = [_log(desk, line, key, person)]
    if row.get("taken_over_at") is None:
        more.append(Change("shifts", row.id, {"taken_over_at": now}))
    _put(desk, kind, held, {**values, "taker": person, "taken_at": now}, person.hex(), more)
    return seal(desk, service.key_of(both.shift))


# -- what stands against it --------------------------------------------------------------------------------------------


def standing(desk: Desk, key: str) -> rules.Standing:
    """What stands against the signatures now."""
    both = parties(desk, key)
    held = of_shift(desk, key)
    values: Values = both.row.values if both.row is not None else {}
    following: Values = both.following_row.values if both.following_row is not None else {}
    lacking = tuple(_(SHIFTS[name].label) for name in ("leader", "primary") if following.get(name) is None)
    return rules.Standing(
        tuple(service.missing(values, service.names_here(desk))),
        lacking,
        tuple(_absent(desk, both.following, following)),
        tuple(major(desk)),
        held.text("joint") if held is not None else "",
        tuple(row.text("state") for row in items_of(desk, held)),
    )


def _there(desk: Desk, span: rules.Shift) -> frozenset[bytes]:
    """Who has signed in for a shift."""
    asked = desk.services.get("signed_in")
    return frozenset(asked(service.key_of(span))) if asked is not None else frozenset()


def _absent(desk: Desk, span: rules.Shift, values: Values) -> list[str]:
    if desk.services.get("signed_in") is None:
        return []
    there = _there(desk, span)
    wanted = [value for name in IN_ROOM if isinstance(value := values.get(name), bytes)]
    return [desk.title("people", person) for person in wanted if person not in there]


def major(desk: Desk) -> list[str]:
    """Open incidents that are marked major, or of a grade that asks for joint handling (reference `duty`, setting
    `handover.joint_grades`)."""
    grades = (setting(desk, JOINT_SETTING) or str(by_code("duty", "setting")[JOINT_DEFAULT]["value"])).split()
    where = tuple(Condition("state", "!=", state) for state in SHUT)
    return [
        desk.title_of(row)
        for row in desk.rows("incidents", *where, order="received_at")
        if row.get("major") or row.get("grade") in grades
    ]


def known(district: str) -> list[Known]:
    """The settings of the hand-over."""
    held, grades = by_code("duty", "setting"), words(by_code("incident_grades", "grade"))
    joint, list_of, paper = (held[code] for code in (JOINT_DEFAULT, "HANDOVER_EQUIPMENT", "HANDOVER_PAPER_DAYS"))
    equipment = "、".join(row["zh"] for row in rows("duty", "equipment"))
    return [
        from_row("duty", "setting", joint, JOINT_SETTING, str(joint["value"]), grades),
        from_row("duty", "setting", list_of, service.EQUIPMENT_SETTING, equipment, short(300)),
        from_row("duty", "setting", paper, PAPER_SETTING, str(paper["value"]), whole(1, int(paper["most"]))),
    ]


def _belongs(desk: Desk, person: bytes, crew_ids: frozenset[bytes], span: rules.Shift) -> list[Problem]:
    if person in crew_ids:
        return []
    told = _("{name} 不是 {shift} 的值班人员").format(name=desk.title("people", person), shift=service.key_of(span))
    return [Problem(told, "person")]


def _receivers(both: Parties, held: Row | None) -> frozenset[bytes]:
    return both.receiving - {held.get("giver") if held is not None else None}


def _receives(desk: Desk, person: bytes, both: Parties, held: Row) -> list[Problem]:
    if person == held.get("giver"):
        return [Problem(_("交班人不能替接班人确认"), "person")]
    return _belongs(desk, person, _receivers(both, held), both.following)


def _by_receiver(desk: Desk, held: Row) -> None:
    """Raises `Refused` where the author of an act is nobody of the incoming side."""
    if len(desk.me.id) != 32:
        raise Refused(Problem(_("接班人先写明是谁"), "person"))
    if problems := _receives(desk, bytes.fromhex(desk.me.id), parties(desk, held.text("shift")), held):
        raise Refused(*problems)


def _signed_once(held: Row, person: bytes, side: str) -> list[Problem]:
    other = held.get("taker" if side == "giver" else "giver")
    if held.get(side) is not None and side == "giver":
        return [Problem(_("交班人已经签字"), "person")]
    if other == person:
        return [Problem(_("交班和接班要由两个人签字"), "person")]
    return []


def _leads(desk: Desk, person: bytes, both: Parties) -> bool:
    rows = [row for row in (both.row, both.following_row) if row is not None]
    if person in [row.get("leader") for row in rows]:
        return True
    from dutydesk.accounts import service as accounts

    return accounts.in_force(desk) and accounts.role_of(desk, person) == "LEADER"


def with_pin(desk: Desk) -> bool:
    """Whether a signature asks for a PIN."""
    from dutydesk.accounts import service as accounts

    return accounts.in_force(desk)


def _identify(desk: Desk, person: bytes, pin: str) -> None:
    """Raises `Refused` unless the PIN is this person's; without accounts the name is the signature."""
    from dutydesk.accounts import service as accounts

    if accounts.in_force(desk):
        accounts.verify(desk, person, pin)


# -- inside ------------------------------------------------------------------------------------------------------------


def _held(desk: Desk, key: str) -> Row:
    held = of_shift(desk, service.key_of(service.find(desk, key)[0]))
    if held is None:
        raise Refused(Problem(_(rules.WHY_NOT[""]), "shift"))
    return held


def _item(desk: Desk, item: bytes) -> tuple[Row, Row]:
    row = desk.get(blocks.LEDGER, item)
    parent = row.get("handover") if row is not None else None
    held = desk.get("handovers", parent) if isinstance(parent, bytes) else None
    if row is None or held is None:
        raise Refused(Problem(_("没有这一项"), "item"))
    return row, held


def _words(text: str, name: str, ledger: object = HANDOVER_ITEMS) -> Value:
    """A text as its ledger takes it; an empty one is refused."""
    if not text.strip():
        raise Refused(Problem(_("没有写内容"), name))
    values, problems = parse_row(HANDOVERS if ledger is HANDOVERS else HANDOVER_ITEMS, {name: text}, partial=True)
    if problems:
        raise Refused(*problems)
    return values[name]


def _say(desk: Desk, kind: str, row: Row, values: Values) -> Row:
    desk.act(kind, [Change(blocks.LEDGER, row.id, values)])
    held = desk.get(blocks.LEDGER, row.id)
    assert held is not None
    return held


def _put(desk: Desk, kind: str, held: Row, values: Values, by: str, more: Sequence[Change] = ()) -> Row:
    desk.store.act(kind, [Change("handovers", held.id, values), *more], by=by)
    after = desk.get("handovers", held.id)
    assert after is not None
    return after


def _write(desk: Desk, kind: str, changes: Sequence[Change]) -> None:
    for start in range(0, len(changes), PART):
        desk.act(kind, changes[start : start + PART])


def _log(desk: Desk, text: str, shift: str, person: bytes) -> Change:
    now = desk.clock.now()
    values: Values = {
        "happened_at": now,
        "recorded_at": now,
        "category": "OTHER",
        "line": "GOV",
        "text": text,
        "shift": shift,
        "recorder": desk.title("people", person),
    }
    return desk.new("log", values)


def _shifts(both: Parties, row: Row | None) -> list[bytes]:
    return [one.id for one in (row, both.following_row) if one is not None]

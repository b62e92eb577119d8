"""Swaps and substitutes 调班代班: what is asked, whose turn it is, and the next step of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from PySide6.QtWidgets import QWidget

from dutydesk.core.clock import local
from dutydesk.core.errors import Problem, Refused
from dutydesk.core.i18n import _
from dutydesk.journal.desk import Desk
from dutydesk.journal.query import Condition, Row
from dutydesk.ledger.kinds import choice_label
from dutydesk.ledger.spec import Ledger, Value
from dutydesk.qt.listpane import ListPane, Narrow
from dutydesk.qt.picker import Find, Option
from dutydesk.roster import service, sheets
from dutydesk.roster.ledger import STAFF, SWAPS
from dutydesk.roster.pane_form import Answers, AskDialog, Do, matching, me_of
from dutydesk.roster.rows import Key
from dutydesk.roster.rules import posts_of

WIDTHS = {
    "state": 10,
    "kind": 5,
    "date": 9,
    "post": 7,
    "person": 7,
    "other": 7,
    "other_date": 9,
    "reason": 16,
    "approver": 7,
}
AHEAD = 92
"""Days of duties that may be swapped."""
OPEN = ("ASKED", "ACCEPTED")


def narrower(ledger: Ledger, widths: Mapping[str, int]) -> Ledger:
    """A ledger as a list shows it where there is little room."""
    fields = tuple(replace(item, width=widths.get(item.name, item.width)) for item in ledger.fields)
    return replace(ledger, fields=fields)


def key_text(key: Key) -> str:
    """A place as an answer of a question: `2026-11-22/H24/PRIMARY/1`."""
    return "/".join(map(str, key))


def key_of(text: str) -> Key | None:
    """The place that such an answer means."""
    parts = text.split("/")
    return (parts[0], parts[1], parts[2], int(parts[3])) if len(parts) == 4 and parts[3].isdigit() else None


def place_text(desk: Desk, key: Key) -> str:
    """`11月22日 周日 主班`, with the shift where a day has several."""
    shifts = service.shift_codes(desk)
    named = dict(shifts).get(key[1], key[1]) if len(shifts) > 1 else ""
    return " ".join(part for part in (sheets.date_text(key[0]), named, service.post_name(desk, key[2])) if part)


def duties_of(desk: Desk, person: bytes | None) -> list[Option]:
    """What a person has to stand from today on."""
    if person is None:
        return []
    today = local(desk.clock.now()).date()
    where = (
        Condition("person", "=", person),
        Condition("date", ">=", today.isoformat()),
        Condition("date", "<=", (today + timedelta(days=AHEAD)).isoformat()),
    )
    keys = [
        (row.text("date"), row.text("shift"), row.text("post"), row.number("slot"))
        for row in desk.rows("assignments", *where, order="date")
    ]
    return [Option(key_text(key), place_text(desk, key)) for key in keys]


def leaders(desk: Desk) -> Find:
    """Finds those who may approve."""

    def find(text: str) -> Sequence[Option]:
        people: list[bytes] = []
        for row in desk.rows(STAFF.name):
            person = row.get("person")
            if isinstance(person, bytes) and (row.get("principal") or "LEADER" in posts_of(row.text("posts"))):
                people.append(person)
        names = desk.titles("people", people)
        return matching(text, [Option(person.hex(), names[person]) for person in people])

    return find


def leader_at(desk: Desk) -> bytes | None:
    """Who sits at the desk, where they may approve."""
    me = me_of(desk)
    return me if me is not None and any(one.key == me.hex() for one in leaders(desk)("")) else None


def person_in(answers: Answers, name: str) -> bytes:
    """The person that an answer names."""
    value = answers.get(name)
    if not isinstance(value, bytes):
        raise Refused(Problem(_("必填"), name))
    return value


class SwapAsk(AskDialog):
    """Who wants to leave which duty, to whom, and for which duty in return: none is a substitute."""

    def __init__(self, desk: Desk, key: Key | None, other_key: Key | None, parent: QWidget | None = None) -> None:
        explain = _("对方同意、领导批准以后值班表才改。不填“换对方哪一班”就是代班。")
        super().__init__(desk, "swap", _("调班代班"), _("提出"), self._ask, explain=explain, parent=parent)
        mine = self._standing(key) or (me_of(desk) if key is None else None)
        self.person("person", _("谁要换"), mine)
        self.choice("place", _("换哪一班"), self._mine, key_text(key) if key else "")
        self.person("other", _("跟谁换"), self._standing(other_key))
        self.choice(
            "in_return", _("换对方哪一班"), self._theirs, key_text(other_key) if other_key else "", required=False
        )
        self.text("reason", _("事由"), hint=_("如 孩子住院"))
        self.signs("person")

    def _standing(self, key: Key | None) -> bytes | None:
        if key is None:
            return None
        where = [
            Condition(name, "=", value) for name, value in zip(("date", "shift", "post", "slot"), key, strict=True)
        ]
        rows = self.desk.rows("assignments", *where, limit=1)
        person = rows[0].get("person") if rows else None
        return person if isinstance(person, bytes) else None

    def _mine(self, text: str) -> Sequence[Option]:
        return matching(text, duties_of(self.desk, self.chosen_person("person")))

    def _theirs(self, text: str) -> Sequence[Option]:
        return matching(text, duties_of(self.desk, self.chosen_person("other")))

    def _ask(self, desk: Desk, answers: Answers) -> bytes:
        person, other = person_in(answers, "person"), person_in(answers, "other")
        place = key_of(str(answers.get("place") or ""))
        if place is None:
            raise Refused(Problem(_("必填"), "place"))
        in_return = key_of(str(answers.get("in_return") or ""))
        return service.ask_swap(desk, place, other, in_return, str(answers.get("reason") or ""), person)


class SwapsPage(ListPane):
    """调班代班. F6 对方同意, F7 领导批准, F8 不同意, F9 撤回; Enter is the next step."""

    noun = ""

    def __init__(self, desk: Desk) -> None:
        super().__init__(
            desk,
            "swaps",
            title=_("调班代班"),
            shown=narrower(SWAPS, WIDTHS),
            columns=("state", "kind", "date", "post", "person", "other", "other_date", "reason", "approver"),
            important="reason",
            shows={"post": self._post},
            hint=_("事由"),
            empty=(_("没有调班代班"), _("在值班表里选一格按 F10，或在这里按 Ctrl+N")),
        )
        for text, name, key, run in (
            (_("对方同意"), "accept", "F6", self.accept),
            (_("领导批准"), "approve", "F7", self.approve),
            (_("不同意"), "refuse", "F8", self.refuse),
            (_("撤回"), "cancel", "F9", self.cancel),
        ):
            self.bar.addWidget(self.tool(text, name, key, run))

    def _post(self, row: Row) -> str:
        return service.post_name(self.desk, row.text("post"))

    def totals(self) -> str:
        count = self.desk.count("swaps", Condition("state", "in", OPEN))
        return _("{count} 件未办完").format(count=count) if count else _("都已办完")

    def narrowings(self) -> Mapping[str, Sequence[Narrow]]:
        state = SWAPS["state"]
        answers = [Narrow(choice_label(one.code, state), (Condition("state", "=", one.code),)) for one in state.choices]
        return {"state": [Narrow(_("全部状态")), Narrow(_("未办完"), (Condition("state", "in", OPEN),)), *answers]}

    # -- what is done ----------------------------------------------------------------------------------------------

    def new_row(self) -> None:
        self.begin(None, None)

    def begin(self, key: Key | None, other_key: Key | None) -> None:
        """Ask for a swap of a place, for another one or for none."""
        dialog = SwapAsk(self.desk, key, other_key, self)
        dialog.done_with.connect(self._asked)
        dialog.begin()

    def _asked(self, row: bytes) -> None:
        self.model.refresh()
        self.refill()
        self.view.show_row(row)
        self.view.setFocus()
        self.say(_("已提出，等对方同意"))

    def open_row(self, row: Row) -> None:
        """Enter: the next step of this one."""
        state = row.text("state")
        if state == "ASKED":
            self.accept()
        elif state == "ACCEPTED":
            self.approve()
        else:
            self.say(self._sentence(row) + _("，已办完"))

    def delete_row(self) -> None:
        """A record is not deleted: it is withdrawn."""
        self.cancel()

    def _current(self) -> Row | None:
        row = self.view.current_row()
        held = self.desk.get("swaps", row.id) if row is not None else None
        if held is None:
            self.say(_("先在表里选一件"))
        return held

    def _sentence(self, row: Row) -> str:
        """`张示例 11月22日 周日 主班 与 李示例 11月25日 周三 主班 调班`."""
        names = [self.desk.title("people", _id(row, name)) for name in ("person", "other")]
        first = place_text(self.desk, (row.text("date"), row.text("shift"), row.text("post"), row.number("slot")))
        if row.get("other_date"):
            key = (row.text("other_date"), row.text("other_shift"), row.text("other_post"), row.number("other_slot"))
            text = _("{one} {place} 与 {other} {in_return} 调班")
            return text.format(one=names[0], place=first, other=names[1], in_return=place_text(self.desk, key))
        return _("{other} 代 {one} {place}").format(one=names[0], place=first, other=names[1])

    def accept(self) -> None:
        """F6."""
        row = self._current()
        if row is None:
            return

        def do(desk: Desk, answers: Answers) -> None:
            service.accept_swap(desk, row.id, person_in(answers, "by"))

        self._step("accept", _("对方同意"), row, do, _("本人"), _id(row, "other"))

    def approve(self) -> None:
        """F7."""
        row = self._current()
        if row is None:
            return

        def do(desk: Desk, answers: Answers) -> None:
            service.approve_swap(desk, row.id, person_in(answers, "by"))

        self._step("approve", _("领导批准"), row, do, _("批准人"), leader_at(self.desk), leaders(self.desk))

    def refuse(self) -> None:
        """F8."""
        row = self._current()
        if row is None:
            return

        def do(desk: Desk, answers: Answers) -> None:
            service.refuse_swap(desk, row.id, person_in(answers, "by"), str(answers.get("reason") or ""))

        who = _id(row, "other") if row.text("state") == "ASKED" else leader_at(self.desk)
        self._step("refuse", _("不同意"), row, do, _("谁不同意"), who, reason=True)

    def cancel(self) -> None:
        """F9."""
        row = self._current()
        if row is None:
            return

        def do(desk: Desk, answers: Answers) -> None:
            service.cancel_swap(desk, row.id, person_in(answers, "by"))

        self._step("cancel", _("撤回"), row, do, _("本人"), _id(row, "person"))

    def _step(
        self,
        name: str,
        yes: str,
        row: Row,
        do: Do,
        whose: str,
        who: bytes | None,
        find: Find | None = None,
        *,
        reason: bool = False,
    ) -> None:
        explain = _("事由：{reason}").format(reason=row.text("reason"))
        dialog = AskDialog(self.desk, f"swap-{name}", self._sentence(row), yes, do, explain=explain, parent=self)
        dialog.person("by", whose, who, find=find)
        if reason:
            dialog.text("reason", _("原因"), required=False)
        dialog.signs("by")
        dialog.done_with.connect(self._stepped)
        dialog.begin()

    def _stepped(self, _made: object) -> None:
        row = self.view.current_row()
        self.model.refresh()
        self.refill()
        held = self.desk.get("swaps", row.id) if row is not None else None
        if held is not None:
            self.view.show_row(held.id)
            self.say(
                _("{what}：{state}").format(
                    what=self._sentence(held), state=choice_label(held.text("state"), SWAPS["state"])
                )
            )
        self.view.setFocus()


def _id(row: Row, name: str) -> bytes | None:
    value: Value = row.values.get(name)
    return value if isinstance(value, bytes) else None

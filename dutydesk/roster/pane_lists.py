"""The lists beside the month: leave, staff, the calendar, postures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from dutydesk.core.clock import local
from dutydesk.core.errors import Problem, Refused
from dutydesk.core.i18n import N_, _
from dutydesk.journal import plain
from dutydesk.journal.desk import Desk
from dutydesk.journal.query import Condition, Query, Row
from dutydesk.ledger.kinds import choice_label
from dutydesk.ledger.spec import Value
from dutydesk.qt.announcer import Changed
from dutydesk.qt.forms import LedgerForm
from dutydesk.qt.listpane import ListPane, Narrow, RowPages
from dutydesk.qt.picker import Find, Option
from dutydesk.roster import rows, service, sheets
from dutydesk.roster.ledger import DAY_TYPES, LEAVES, POSTURES, STAFF
from dutydesk.roster.pane_form import Answers, AskDialog, Do, matching, me_of, must_sign
from dutydesk.roster.pane_swap import leader_at, leaders, narrower, person_in
from dutydesk.roster.rules import crew_coded, crew_words, parse_crew, posts_of

ASKED = ("person", "kind", "starts_on", "ends_on", "place", "reason", "acting", "phone")
LEAVE_WIDTHS = {
    "state": 6,
    "person": 7,
    "kind": 7,
    "starts_on": 9,
    "ends_on": 9,
    "place": 10,
    "acting": 7,
    "approver": 7,
}
STAFF_WIDTHS = {
    "person": 8,
    "posts": 16,
    "trained_on": 9,
    "deputy": 8,
    "standby": 4,
    "principal": 6,
    "joined_on": 9,
    "left_on": 9,
}


class LeavesPage(ListPane):
    """请假外出. Ctrl+N asks; F6 批准, F7 不批, F8 销假, F9 撤回."""

    noun = N_("请假外出")

    def __init__(self, desk: Desk) -> None:
        super().__init__(
            desk,
            "leaves",
            title=_("请假外出"),
            shown=narrower(LEAVES, LEAVE_WIDTHS),
            columns=("state", "person", "kind", "starts_on", "ends_on", "place", "reason", "acting", "approver"),
            important="reason",
            hint=_("事由"),
            empty=(_("没有请假"), _("按 Ctrl+N 提出；领导外出报备也在这里")),
        )
        for text, name, key, run in (
            (_("批准"), "approve", "F6", self.approve),
            (_("不批准"), "refuse", "F7", self.refuse),
            (_("销假"), "return", "F8", self.report_back),
            (_("撤回"), "cancel", "F9", self.cancel),
        ):
            self.bar.addWidget(self.tool(text, name, key, run))

    def totals(self) -> str:
        today = local(self.desk.clock.now()).date().isoformat()
        waiting = self.desk.count("leaves", Condition("state", "=", "ASKED"))
        away = len(service.away(self.desk, today))
        return _("今天 {away} 人不在 · {waiting} 件待批").format(away=away, waiting=waiting)

    def narrowings(self) -> Mapping[str, Sequence[Narrow]]:
        state = LEAVES["state"]
        answers = [Narrow(choice_label(one.code, state), (Condition("state", "=", one.code),)) for one in state.choices]
        return {"state": [Narrow(_("全部状态")), *answers]}

    # -- asking ----------------------------------------------------------------------------------------------------

    def new_row(self) -> None:
        form = LedgerForm(LEAVES, self.desk, names=ASKED, defaults={"kind": "LEAVE", "person": me_of(self.desk)})
        self.show_form(form, _("请假外出"), self.save_new)

    def make(self, values: Mapping[str, Value]) -> bytes:
        return service.ask_leave(self.desk, values)

    def save_new(self, values: dict[str, Value]) -> None:
        person = values.get("person")
        if isinstance(person, bytes) and must_sign(self.desk, person):
            self._sign(person, values)
            return
        super().save_new(values)

    def _sign(self, person: bytes, values: dict[str, Value]) -> None:
        """Somebody else asks than sits at the desk: with their own PIN."""

        def do(desk: Desk, _answers: Answers) -> bytes:
            return service.ask_leave(desk, values)

        dialog = AskDialog(self.desk, "leave-sign", _("由本人提出"), _("提出"), do, parent=self)
        dialog.person("by", _("本人"), person)
        dialog.signs("by")
        dialog.done_with.connect(self._signed)
        dialog.finished.connect(self._sign_over)
        dialog.begin()

    def _signed(self, row: bytes) -> None:
        self.close_form()
        self._saved(row)

    def _sign_over(self, _code: int) -> None:
        if self.form is not None:
            self.form.refuse(())

    # -- deciding --------------------------------------------------------------------------------------------------

    def open_row(self, row: Row) -> None:
        """Enter: the next step."""
        if row.text("state") == "ASKED":
            self.approve()
        elif row.text("state") == "APPROVED":
            self.report_back()
        else:
            self.say(self._sentence(row))

    def delete_row(self) -> None:
        """A record is not deleted: it is withdrawn."""
        self.cancel()

    def _current(self) -> Row | None:
        row = self.view.current_row()
        held = self.desk.get("leaves", row.id) if row is not None else None
        if held is None:
            self.say(_("先在表里选一件"))
        return held

    def _sentence(self, row: Row) -> str:
        person = row.get("person")
        name = self.desk.title("people", person if isinstance(person, bytes) else None)
        kind, state = choice_label(row.text("kind"), LEAVES["kind"]), choice_label(row.text("state"), LEAVES["state"])
        return _("{name} {kind} {first} 至 {last}：{state}").format(
            name=name, kind=kind, first=row.text("starts_on"), last=row.text("ends_on"), state=state
        )

    def approve(self) -> None:
        """F6; what duties are in its way is said afterwards."""
        row = self._current()
        if row is None:
            return

        def do(desk: Desk, answers: Answers) -> tuple[rows.RosterProblem, ...]:
            return service.approve_leave(desk, row.id, person_in(answers, "by"))

        self._step("approve", _("批准"), row, do, _("批准人"), leader_at(self.desk), leaders(self.desk))

    def refuse(self) -> None:
        """F7."""
        row = self._current()
        if row is None:
            return

        def do(desk: Desk, answers: Answers) -> None:
            service.refuse_leave(desk, row.id, person_in(answers, "by"), str(answers.get("reason") or ""))

        who = leader_at(self.desk)
        self._step("refuse", _("不批准"), row, do, _("批准人"), who, leaders(self.desk), text=("reason", _("原因"), ""))

    def cancel(self) -> None:
        """F9."""
        row = self._current()
        if row is None:
            return

        def do(desk: Desk, answers: Answers) -> None:
            service.cancel_leave(desk, row.id, person_in(answers, "by"))

        person = row.get("person")
        self._step("cancel", _("撤回"), row, do, _("谁撤回"), person if isinstance(person, bytes) else None)

    def report_back(self) -> None:
        """F8: back from today, or from another day."""
        row = self._current()
        if row is None:
            return

        def do(desk: Desk, answers: Answers) -> None:
            service.report_back(desk, row.id, str(answers.get("on") or ""))

        today = local(self.desk.clock.now()).date().isoformat()
        person = row.get("person")
        who = person if isinstance(person, bytes) else None
        self._step("return", _("销假"), row, do, _("本人"), who, text=("on", _("哪天回岗"), today))

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
        text: tuple[str, str, str] | None = None,
    ) -> None:
        explain = " · ".join(part for part in (row.text("place"), row.text("reason")) if part)
        dialog = AskDialog(self.desk, f"leave-{name}", self._sentence(row), yes, do, explain=explain, parent=self)
        if text is not None:
            dialog.text(*text, required=False)
        dialog.person("by", whose, who, find=find)
        dialog.signs("by")
        dialog.done_with.connect(self._stepped)
        dialog.begin()

    def _stepped(self, made: object) -> None:
        row = self.view.current_row()
        self.model.refresh()
        self.refill()
        held = self.desk.get("leaves", row.id) if row is not None else None
        if held is None:
            return
        self.view.show_row(held.id)
        told = self._sentence(held)
        if isinstance(made, tuple) and made:
            told += _("；这些班要换人：{places}").format(
                places=_("、").join(sheets.date_text(one.date) for one in made if isinstance(one, rows.RosterProblem))
            )
        self.say(told)
        self.view.setFocus()


class PlainPage(ListPane):
    """A ledger of the roster without rules of its own. `worded` is the field in which codes of posts stand: they are
    shown and typed as this unit calls them, kept as codes, and kept as they are where they say the same."""

    worded = ""
    _names: Mapping[str, str] | None = None

    @property
    def names(self) -> Mapping[str, str]:
        """The posts as this unit calls them, by code; read once until a setting changes, not for every cell."""
        if self._names is None:
            self._names = service.post_names(self.desk)
        return self._names

    def said(self, text: str) -> str:
        """Codes as they may be typed."""
        return text

    def coded(self, text: str) -> str:
        """What was typed as codes. Raises `Refused` for a post that there is not."""
        return text

    def parsed(self, text: str) -> object:
        """What codes mean: the same for every way to write it."""
        return text

    def make(self, values: Mapping[str, Value]) -> bytes:
        return plain.add(self.desk, self._name, self._coded(values, ""))

    def change(self, row: Row, values: Mapping[str, Value]) -> None:
        coded = self._coded(values, row.text(self.worded) if self.worded else "")
        changed = {name: value for name, value in coded.items() if value != row.get(name)}
        if changed:
            plain.edit(self.desk, self._name, row.id, changed)

    def remove(self, row: Row) -> None:
        plain.remove(self.desk, self._name, row.id)

    def open_row(self, row: Row) -> None:
        """Posts are shown as they may be typed."""
        super().open_row(row)
        if self.form is not None and self.worded:
            self.form.put(self.worded, self.said(row.text(self.worded)))

    def listens(self) -> tuple[str, ...]:
        return ("settings",) if self.worded else ()

    def heed(self, changed: Changed) -> None:
        if changed.touches("settings"):
            self._names = None
        super().heed(changed)

    def _coded(self, values: Mapping[str, Value], held: str) -> Mapping[str, Value]:
        """The values to keep, `held` being the codes that the row has."""
        text = values.get(self.worded)
        if not isinstance(text, str):
            return values
        if text != held and text != self.said(held):
            text = self.coded(text)
            if self.parsed(text) != self.parsed(held):
                return {**values, self.worded: text}
        return {**values, self.worded: held}


class StaffPage(PlainPage):
    """值班人员: who may stand which post, from when, and who stands in."""

    noun = N_("值班人员")
    worded = "posts"

    def __init__(self, desk: Desk) -> None:
        super().__init__(
            desk,
            "roster_people",
            title=_("值班人员"),
            shown=narrower(STAFF, STAFF_WIDTHS),
            columns=("person", "posts", "trained_on", "deputy", "standby", "principal", "joined_on", "left_on", "note"),
            important="posts",
            shows={"posts": self._posts, "standby": self._standby, "principal": self._principal},
            pages=self._pages_of,
            hint=_("姓名、拼音首字母或岗位"),
            empty=(_("还没有值班人员"), _("按 Ctrl+N 登记谁能任哪个岗位，或按 Ctrl+I 导入")),
        )

    own_search = True

    def _pages_of(self, query: Query) -> RowPages:
        """Found by the person's name or a post; by name where nothing else is asked for."""
        held = plain.listed(self.desk, replace(query, search=""), STAFF, list)
        names = self.desk.titles("people", [person for row in held if isinstance(person := row.get("person"), bytes)])
        if query.order.lstrip("-") in ("", "person"):
            back = query.order.startswith("-")
            held.sort(key=lambda row: sheets.by_name(names.get(_person(row), "")), reverse=back)
        if not query.search:
            return RowPages(held)
        options = [Option(str(at), f"{names.get(_person(row), '')} {self._posts(row)}") for at, row in enumerate(held)]
        return RowPages([held[int(one.key)] for one in matching(query.search, options)])

    def said(self, text: str) -> str:
        return " ".join(self.names.get(post, post) for post in text.split())

    def coded(self, text: str) -> str:
        known = {name: code for code, name in self.names.items()}
        typed = sorted(posts_of(text))
        strange = [post for post in typed if post not in known and post not in self.names]
        if strange:
            reason = _("没有岗位“{text}”，可填 {known}").format(text=strange[0], known=_("、").join(known))
            raise Refused(Problem(reason, "posts"))
        return " ".join(known.get(post, post) for post in typed)

    def parsed(self, text: str) -> object:
        return posts_of(text)

    def _standby(self, row: Row) -> str:
        return _("备班") if row.get("standby") else ""

    def _principal(self, row: Row) -> str:
        return _("主要领导") if row.get("principal") else ""

    def _posts(self, row: Row) -> str:
        return _("、").join(self.names.get(post, post) for post in row.text("posts").split())

    def totals(self) -> str:
        held = self.desk.rows("roster_people")
        by_post: dict[str, int] = {}
        for row in held:
            for post in posts_of(row.text("posts")):
                by_post[post] = by_post.get(post, 0) + 1
        parts = [f"{self.names.get(post, post)} {count}" for post, count in sorted(by_post.items(), key=_by_count)]
        return " · ".join([_("{count} 人").format(count=len(held)), *parts])

    def listens(self) -> tuple[str, ...]:
        return ("people", *super().listens())


def _person(row: Row) -> bytes:
    person = row.get("person")
    return person if isinstance(person, bytes) else b""


def _by_count(item: tuple[str, int]) -> tuple[int, str]:
    return (-item[1], item[0])


class CalendarPage(PlainPage):
    """日历: what kind a day is; a year without it is unknown and shown so."""

    noun = N_("日历")

    def __init__(self, desk: Desk) -> None:
        super().__init__(
            desk,
            "day_types",
            title=_("日历"),
            important="source",
            hint=_("节日"),
            empty=(_("还没有放假安排"), _("按 Ctrl+I 导入国务院办公厅公布的放假调休安排（holiday-cn JSON 或表格）")),
        )

    def totals(self) -> str:
        year = local(self.desk.clock.now()).year
        words: list[str] = []
        for which in (year, year + 1):
            known = service.day_info(self.desk, f"{which}-10-01", f"{which}-10-01")[0].known
            words.append((_("{year} 年已公布") if known else _("{year} 年未公布")).format(year=which))
        return " · ".join(words)

    def narrowings(self) -> Mapping[str, Sequence[Narrow]]:
        kind = DAY_TYPES["kind"]
        answers = [Narrow(choice_label(one.code, kind), (Condition("kind", "=", one.code),)) for one in kind.choices]
        return {"kind": [Narrow(_("全部类别")), *answers]}


class PosturePage(PlainPage):
    """值守状态: modes that ask for more people, from when to when, by which order."""

    noun = N_("值守状态")
    worded = "crew"

    def __init__(self, desk: Desk) -> None:
        super().__init__(
            desk,
            "postures",
            title=_("值守状态"),
            important="note",
            shows={"crew": self._crew},
            hint=_("文号"),
            empty=(_("一直是常态"), _("汛期、重点时段、全员在岗等按 Ctrl+N 登记，值班表随之加人")),
        )

    def said(self, text: str) -> str:
        return crew_words(text, self.names)

    def coded(self, text: str) -> str:
        return crew_coded(text, self.names)

    def parsed(self, text: str) -> object:
        try:
            return parse_crew(text)
        except Refused:  # it came from elsewhere: nothing that can be typed here says the same
            return text

    def _crew(self, row: Row) -> str:
        return self.said(row.text("crew"))

    def totals(self) -> str:
        today = local(self.desk.clock.now()).date().isoformat()
        modes = [choice_label(mode, POSTURES["mode"]) for mode in service.demand(self.desk, today).modes]
        return _("今天：{modes}").format(modes=_("、").join(modes) or _("常态"))

    def defaults(self) -> Mapping[str, Value]:
        return {"starts_on": local(self.desk.clock.now()).date().isoformat()}

"""The foundation against a real desk: form → act → announcement → table."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QAbstractItemModelTester
from sqlalchemy import MetaData

from dutydesk.core.clock import MINUTE, FixedClock
from dutydesk.core.paths import Home
from dutydesk.core.settings import DeskConfig
from dutydesk.journal.desk import Desk, Me
from dutydesk.journal.query import Query
from dutydesk.journal.schema import schema_of
from dutydesk.journal.store import Store
from dutydesk.ledger.feature import Feature
from dutydesk.ledger.kinds import COUNT, LONG, PHONE, TIME, Kind, ref
from dutydesk.ledger.spec import Field, Ledger, Search
from dutydesk.ledger.table import table
from dutydesk.qt.announcer import announcer_for
from dutydesk.qt.forms import LedgerForm
from dutydesk.qt.listview import LedgerView
from dutydesk.qt.picker import rows_of
from dutydesk.qt.table import LedgerModel

pytestmark = pytest.mark.usefixtures("themed")
NOW = 1_781_764_200_000

PLACES = Ledger("places", "地点", (Field("name", Kind(), "名称", required=True, search=Search.NAME),), match=("name",))
CALLS = Ledger(
    "calls",
    "来电",
    (
        Field("happened_at", TIME, "时间", required=True),
        Field("place", ref("places"), "地点"),
        Field("phone", PHONE, "电话", personal=True),
        Field("dead", COUNT, "死亡"),
        Field("text", LONG, "内容", required=True, search=Search.TEXT),
    ),
    order="-happened_at",
)


@pytest.fixture
def desk(tmp_path):
    made = MetaData()
    feature = Feature("calls", "来电", tables=tuple((ledger, table(ledger, into=made)) for ledger in (PLACES, CALLS)))
    store = Store.create(Home(tmp_path / "desk"), schema_of([feature]), FixedClock(NOW), DeskConfig("0" * 32))
    desk = Desk(store, FixedClock(NOW), Me(), (feature,))
    desk.act("places.add", [desk.new("places", {"name": name}) for name in ("凯旋街道", "闸弄口街道")])
    yield desk
    announcer_for(store).close()
    store.close()


def test_from_the_form_to_the_table(desk, qtbot) -> None:
    model = LedgerModel(CALLS, desk)
    QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    view = LedgerView(model)
    qtbot.addWidget(view)
    view.show()
    announcer_for(desk.store).changed.connect(model.heed)
    form = LedgerForm(CALLS, desk)
    qtbot.addWidget(form)
    form.show()

    def save(values: dict) -> None:
        desk.act("calls.add", [desk.new("calls", values)])
        form.done()

    form.submitted.connect(save)
    for minute, typed in enumerate(["kxjd", "zlk"]):
        form.editors["happened_at"].set_value(NOW + minute * MINUTE)
        form.editors["phone"].set_text("13900000001")
        form.editors["text"].set_text(f"积水 {minute}")
        picker = form.editors["place"].picker
        picker.setFocus()
        qtbot.keyClicks(picker, typed)
        qtbot.keyClick(picker, Qt.Key.Key_Return)
        qtbot.keyClick(form.editors["text"].input, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
        qtbot.waitUntil(lambda minute=minute: model.rowCount() == minute + 1)
    assert model.texts(0) == ("2026-06-18 14:31", "闸弄口街道", "139****0001", "", "积水 1")
    assert model.texts(1) == ("2026-06-18 14:30", "凯旋街道", "139****0001", "", "积水 0")
    model.set_search("积水 0")
    assert model.rowCount() == 1


def test_keeping_the_place_while_rows_come_in(desk, qtbot) -> None:
    for part in range(3):
        changes = [
            desk.new("calls", {"happened_at": NOW - (part * 200 + n) * MINUTE, "text": f"第 {part * 200 + n} 条"})
            for n in range(200)
        ]
        desk.act("calls.add", changes)
    view = LedgerView(LedgerModel(CALLS, desk))
    qtbot.addWidget(view)
    view.resize(800, 400)
    with qtbot.waitExposed(view):
        view.show()
    view.show_row(view.ledger_model.row(450).id)
    top = view.ledger_model.row(view.rowAt(0))["text"]
    desk.act("calls.add", [desk.new("calls", {"happened_at": NOW + n * MINUTE, "text": "新"}) for n in range(300)])
    view.ledger_model.refresh()
    assert view.current_row()["text"] == "第 450 条"
    assert view.ledger_model.row(view.rowAt(0))["text"] == top
    view.ledger_model.sort(3)
    assert view.current_row()["text"] == "第 450 条"


def test_references_are_found_and_titled(desk) -> None:
    find = rows_of(desk, "places")
    assert [option.label for option in find("zlk")] == ["闸弄口街道"]
    assert {option.label for option in find("")} == {"凯旋街道", "闸弄口街道"}
    key = find("凯旋")[0].key
    assert desk.title("places", bytes.fromhex(key)) == "凯旋街道"
    assert desk.pages(Query("places")).count() == 2

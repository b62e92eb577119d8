"""The window over a hub, with a real server: it shows every district, is narrowed to one, and takes no writing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QWidget

from dutydesk import app, cli
from dutydesk.core.clock import FixedClock
from dutydesk.core.paths import Home
from dutydesk.features import VIEWED, schema
from dutydesk.journal.view import ViewStore
from dutydesk.qt.dialogs import Sentence
from dutydesk.qt.preview import PdfPreview
from dutydesk.shell.start import Starter
from dutydesk.shell.viewing import ViewWindow
from dutydesk.sync import view
from tests.journal import desks as d
from tests.sync.cities import add, log, make_city, reader_of
from tests.sync.fleet import Fleet

NOW = d.EVENING + 3_600_000
NONE, CTRL = Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def city(fleet: Fleet) -> Fleet:
    """Two districts with a log, an incident, a warning and a shelter each."""
    made = make_city(fleet)
    for n, name in ((1, "甲区"), (2, "乙区")):
        store = made.stores[str(n)]
        at = store.clock.now()
        add(
            store,
            "incidents",
            happened_at=at,
            received_at=at,
            type="11E00",
            place=f"{name}隧道口",
            text="积水",
            state="OPEN",
        )
        add(store, "warnings", identifier=f"w{n}", type="RAIN", colour="RED", issuer=f"{name}气象台", headline="暴雨红色预警",
            areas=name, issued_at=at, ends_at=at + 36_000_000, status="ACTUAL", kind="ALERT", state="ACTIVE")  # fmt: skip
        add(
            store,
            "shelters",
            name=f"{name}中学",
            level="DISTRICT",
            address="操场",
            capacity=300,
            state="OPEN",
            manager="甲某",
        )
    made.settle(1, 2, rounds=1)
    return made


@pytest.fixture
def home(city: Fleet, folder: Path) -> Home:
    """The view's folder, filled."""
    home = Home(folder / "view")
    view.make(home, schema(), FixedClock(NOW), reader_of(city))
    with ViewStore.open(home, schema(), FixedClock(NOW)) as store:
        assert view.refresh(store).ok
    return home


@pytest.fixture
def open_window(qtbot: Any, monkeypatch: pytest.MonkeyPatch, home: Home) -> Iterator[Callable[[], ViewWindow]]:
    """Opens the view as the program does."""
    monkeypatch.setenv("DUTYDESK_MUTE", "1")
    opened: list[Starter] = []

    def open_() -> ViewWindow:
        starter = Starter(home, FixedClock(NOW), ViewWindow)
        opened.append(starter)
        with qtbot.waitSignal(starter.ready, timeout=20_000):
            starter.start()
        window = starter.window
        assert isinstance(window, ViewWindow)
        qtbot.waitUntil(lambda: not window.arranging)
        window.activateWindow()
        qtbot.waitUntil(window.isActiveWindow)
        return window

    yield open_
    for starter in opened:
        starter.window.close()
        starter.close()
        starter.window.deleteLater()
        starter.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def column(window: ViewWindow, pane: str, model: str, name: str) -> list[str]:
    shown = getattr(window.show_pane(pane), model)
    at = [item.name for item in shown.fields].index(name)
    return sorted(shown.texts(row)[at] for row in range(shown.rowCount()))


def cards(window: ViewWindow, pane: str) -> list[str]:
    return [card.title + card.note for card in window.show_pane(pane).list.cards if card.key]


def test_it_shows_every_district_and_narrows_to_one(qtbot: Any, open_window: Any, city: Fleet) -> None:
    window = open_window()
    assert "只读" in window.windowTitle()
    assert window.board.mark.isVisible()
    assert window.board.mark.value == "只读"
    assert list(window.docks) == list(VIEWED)
    assert window.entry_bar.isHidden()
    assert not window.board.who.isVisible()
    assert window.news.text().startswith("只读。最久没有新记录的是乙区（06-18 22:"), window.news.text()
    window.clock.advance(30 * 3_600_000)
    window._say("")
    assert "一天多没有新记录：" in window.news.text()
    assert "乙区（06-18 22:" in window.news.text()
    window.clock.advance(-30 * 3_600_000)
    qtbot.waitUntil(lambda: len(column(window, "daybook", "model", "text")) >= 3)
    assert set(column(window, "daybook", "model", "_origin")) == {"甲区", "乙区"}
    assert column(window, "shelters", "model", "name") == ["乙区中学", "甲区中学"]
    assert len(cards(window, "incidents")) == len(cards(window, "warnings")) == 2
    window.district.setCurrentIndex(window.district.findText("乙区"))
    assert column(window, "shelters", "model", "name") == ["乙区中学"]
    assert set(column(window, "daybook", "model", "_origin")) == {"乙区"}
    (incident,), (warning,) = cards(window, "incidents"), cards(window, "warnings")
    assert "乙区隧道口" in incident
    assert "乙区气象台" in warning
    daybook = window.show_pane("daybook")
    daybook.bar.search.setText("第1条")
    qtbot.waitUntil(lambda: daybook.model.rowCount() == 0)
    window.district.setCurrentIndex(0)
    qtbot.waitUntil(lambda: daybook.model.rowCount() == 1)
    daybook.bar.reset()
    log(city.stores["1"], "刚来的一条")
    city.sync(1)
    window.begin()
    qtbot.waitUntil(lambda: "刚来的一条" in column(window, "daybook", "model", "text"), timeout=60_000)


def test_the_district_is_kept_for_the_next_time(qtbot: Any, open_window: Any, home: Home) -> None:
    window = open_window()
    window.district.setCurrentIndex(window.district.findData("330105"))
    window.close()
    window.desk.store.close()
    again = open_window()
    assert again.district.currentText() == "乙区"
    assert again.store.desks


def said(window: QWidget) -> list[str]:
    """The sentences that stand on the screen; they are put away."""
    found = window.findChildren(Sentence)
    texts = [one.text.text() for one in found]
    for one in found:
        one.close()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    return texts


def test_whatever_would_write_answers_with_a_sentence(qtbot: Any, open_window: Any, tmp_path: Path) -> None:
    window = open_window()
    (tmp_path / "a.txt").write_text("a")
    before = d.ask(window.store, "SELECT count(*) FROM act")
    for key, held in ((Qt.Key.Key_F2, NONE), (Qt.Key.Key_F12, NONE), (Qt.Key.Key_L, CTRL)):
        QTest.keyClick(window, key, held)
        (told,) = said(window)
        assert "只读" in told

    shelters = window.show_pane("shelters")
    shelters.new_row()
    shelters.form.restore({"name": "新的一处"})
    shelters.form.submit()
    shown = [part.text() for part in shelters.form.findChildren(QLabel) if part.isVisible()]
    assert any("只读" in text for text in shown), shown
    shelters.close_form()
    shelters.view.setCurrentIndex(shelters.model.index(0, 0))
    shelters.open_shelter()
    shelters.close_shelter()
    assert "只读" in "".join([*said(window), shelters.status.text()])

    shelters.import_file()
    window.show_pane("warnings").import_file()
    assert ["只读" in told for told in said(window)] == [True, True]

    daybook = window.show_pane("daybook")
    assert sorted(daybook.tools.actions_by_name) == ["amend", "attach", "intake"]
    daybook.focus_first()
    daybook.add_file(tmp_path / "a.txt")
    assert "只读" in "".join(said(window))
    assert d.ask(window.store, "SELECT count(*) FROM act") == before


def test_a_paper_printed_from_a_view_is_recorded_nowhere(qtbot: Any, open_window: Any, tmp_path: Path) -> None:
    window = open_window()
    before = d.ask(window.store, "SELECT count(*) FROM act")
    window.show_pane("shelters").print_list()
    preview = window.findChild(PdfPreview)
    preview.write(tmp_path / "p11.pdf")
    assert (tmp_path / "p11.pdf").read_bytes().startswith(b"%PDF")
    assert d.ask(window.store, "SELECT count(*) FROM act") == before
    preview.leave()


def test_an_address_that_is_none_is_told_in_one_line(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    args = cli.parse(
        ["--home", str(tmp_path / "v"), "--hub", "postgresql://city1@elsewhere/hub?sslmode=disable", "--view"]
    )
    assert app.main(args) == 1
    assert capsys.readouterr().err.count("\n") == 1
    assert not (tmp_path / "v").exists()


def test_the_folder_of_a_view_is_not_opened_as_a_desk(qtbot: Any, home: Home, qapp: Any) -> None:
    starter = Starter(home, FixedClock(NOW))
    with qtbot.waitSignal(starter.failed, timeout=20_000) as told:
        starter.start()
    assert "--view" in told.args[0]
    said(starter.window)
    starter.window.close()
    starter.close()
    starter.window.deleteLater()
    starter.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def test_a_hub_out_of_reach_leaves_what_was_there(qtbot: Any, open_window: Any, city: Fleet, home: Home) -> None:
    window = open_window()
    city.server.execute("postgres", f"ALTER ROLE {city.database}_reader NOLOGIN")
    window.fetch_now()
    qtbot.waitUntil(lambda: window._fetching is None, timeout=60_000)
    assert "没有取到" in window._said
    assert len(column(window, "daybook", "model", "text")) >= 3

"""The one style sheet, built from the theme's tokens and measures.

Widgets say what they are by a dynamic property, not by colours of their own: `role` of a label (`title`, `heading`,
`muted`, `problem`, `number`), `role="line"` of a frame, `primary` of the button that Enter should mean, `flat` of a
button in a bar, `problem` of an input that was refused. Table cells are styled here, in C++, rather than by a
delegate in Python: a page of cells paints in a third of the time.
"""

from __future__ import annotations

from string import Template

from dutydesk.core.paths import resources
from dutydesk.qt.theme import Theme

PICTURES = ("tick", "mark", "down", "up", "left", "right")
"""Drawings that a style sheet can only take from files: `resources/icons/NAME-light.png` and `-night.png`."""

_SHEET = Template("""
QToolTip { color: $text; background: $raised; border: 1px solid $outline; padding: ${p4}px; }
QLabel[role="title"] { font-size: ${f20}px; font-weight: bold; }
QLabel[role="heading"] { font-size: ${f16}px; font-weight: bold; }
QLabel[role="muted"] { color: $muted; }
QLabel[role="small"] { color: $muted; font-size: ${f12}px; }
QLabel[role="problem"] { color: $text; font-weight: bold; font-size: ${f13}px; }
QLabel[role="number"] { font-size: ${f20}px; font-weight: bold; }
QLabel[role="must"] { color: $accent; font-size: ${f12}px; }
QFrame[role="line"] { background: $border; border: none; }
QFrame[role="panel"] { background: $surface; border: 1px solid $border; border-radius: ${p4}px; }

QLineEdit, QPlainTextEdit, QTextEdit, QSpinBox, QComboBox, QDateEdit {
  color: $text; background: $surface; border: 1px solid $outline; border-radius: ${p4}px;
  padding: 0 ${p8}px; min-height: ${p26}px; selection-background-color: $accent; selection-color: $on_accent; }
QPlainTextEdit, QTextEdit { padding: ${p4}px; }
QLineEdit:focus, QPlainTextEdit:focus, QTextEdit:focus, QSpinBox:focus, QComboBox:focus, QDateEdit:focus {
  border: 2px solid $accent; padding: 0 ${p7}px; }
QPlainTextEdit:focus, QTextEdit:focus { padding: ${p3}px; }
QLineEdit[problem="true"], QPlainTextEdit[problem="true"] { border: 2px solid $text; padding: 0 ${p7}px; }
QPlainTextEdit[problem="true"] { padding: ${p3}px; }
QLineEdit:disabled, QPlainTextEdit:disabled, QComboBox:disabled { color: $outline; background: $window;
  border-color: $border; }
QLineEdit:read-only { background: $window; }
QComboBox::drop-down { border: none; width: ${p24}px; }
QComboBox::down-arrow { image: url("$down"); width: ${p12}px; height: ${p12}px; }

QPushButton, QToolButton { color: $text; background: $raised; border: 1px solid $outline; border-radius: ${p4}px;
  padding: 0 ${p12}px; min-height: ${p26}px; }
QToolButton { padding: 0 ${p4}px; min-width: ${p24}px; }
QPushButton:hover, QToolButton:hover { background: $hover; }
QPushButton:pressed, QToolButton:pressed, QToolButton:checked { background: $selection; color: $on_selection; }
QPushButton:focus, QToolButton:focus { border: 2px solid $accent; padding: 0 ${p11}px; }
QToolButton:focus { padding: 0 ${p3}px; }
QLineEdit QToolButton { min-width: 0; min-height: 0; padding: 0; border: none; background: transparent; }
QPushButton[primary="true"] { color: $on_accent; background: $accent; border-color: $accent; font-weight: bold; }
QPushButton[primary="true"]:focus { border: 2px solid $text; }
QPushButton:disabled, QToolButton:disabled, QPushButton[primary="true"]:disabled {
  color: $outline; background: $window; border-color: $border; }
QPushButton[flat="true"], QToolButton[flat="true"] { background: transparent; border-color: transparent; }
QPushButton[flat="true"]:hover, QToolButton[flat="true"]:hover { background: $hover; }
QPushButton[flat="true"]:focus, QToolButton[flat="true"]:focus { border: 2px solid $accent; }
QCheckBox, QRadioButton { spacing: ${p8}px; min-height: ${p26}px; }
QCheckBox:focus, QRadioButton:focus { color: $accent; }
QCheckBox::indicator, QRadioButton::indicator { width: ${p16}px; height: ${p16}px; border: 1px solid $outline;
  border-radius: ${p3}px; background: $surface; }
QRadioButton::indicator { border-radius: ${p8}px; }
QCheckBox::indicator:focus, QRadioButton::indicator:focus { border: 2px solid $accent; }
QCheckBox::indicator:checked, QRadioButton::indicator:checked { background: $accent; border-color: $accent;
  image: url("$tick"); }
QCheckBox::indicator:disabled { border-color: $border; background: $window; }

QAbstractItemView { color: $text; background: $surface; border: 1px solid $border; outline: none;
  selection-background-color: $selection; selection-color: $on_selection; }
QTableView { border: none; gridline-color: $border; }
QTableView::item { padding: 0 ${p5}px; border: none; border-bottom: 1px solid $hover; }
QTableView::item:selected { background: $selection; color: $on_selection; }
QTableView::item:focus { border: 1px solid $accent; padding: 0 ${p4}px; }
QListView::item, QTreeView::item { padding: ${p4}px ${p8}px; border: none; }
QListView::item:selected, QTreeView::item:selected { background: $selection; color: $on_selection; }
QListView::item:hover, QTreeView::item:hover { background: $hover; }
QListView::item:selected:hover, QTreeView::item:selected:hover { background: $selection; }
QHeaderView { background: $window; border: none; }
QHeaderView::section { color: $muted; background: $window; border: none; border-bottom: 1px solid $border;
  border-right: 1px solid $border; padding: 0 ${p8}px; min-height: ${p26}px; }
QHeaderView::section:last { border-right: none; }
QHeaderView::down-arrow { image: url("$down"); width: ${p12}px; height: ${p12}px; padding-right: ${p4}px; }
QHeaderView::up-arrow { image: url("$up"); width: ${p12}px; height: ${p12}px; padding-right: ${p4}px; }
QTableCornerButton::section { background: $window; border: none; }

QMenu { color: $text; background: $raised; border: 1px solid $outline; padding: ${p4}px 0; menu-scrollable: 1; }
QMenu::item { padding: ${p4}px ${p24}px ${p4}px ${p24}px; }
QMenu::indicator { width: ${p16}px; height: ${p16}px; left: ${p4}px; }
QMenu::indicator:checked { image: url("$mark"); }
QMenu::item:selected { background: $selection; color: $on_selection; }
QMenu::item:disabled { color: $outline; }
QMenu::separator { height: 1px; background: $border; margin: ${p4}px 0; }
QMenuBar { background: $window; }
QMenuBar::item { padding: ${p4}px ${p8}px; }
QMenuBar::item:selected { background: $selection; color: $on_selection; }

QTabBar::tab { color: $muted; background: transparent; border: none; border-bottom: 2px solid transparent;
  padding: ${p4}px ${p12}px; min-height: ${p20}px; }
QTabBar::tab:selected { color: $text; border-bottom: 2px solid $accent; }
QTabBar::tab:hover { color: $text; background: $hover; }
QTabBar::scroller { width: ${p48}px; }
QTabBar QToolButton { background: $window; border: 1px solid $border; padding: 0; min-width: ${p20}px; min-height: 0; }
QTabBar QToolButton::left-arrow { image: url("$left"); width: ${p12}px; height: ${p12}px; }
QTabBar QToolButton::right-arrow { image: url("$right"); width: ${p12}px; height: ${p12}px; }
QMainWindow > QTabBar, QMainWindow > QTabBar::tab { max-height: 0; min-height: 0; padding: 0; border: none;
  font-size: 1px; }
QTabWidget::pane { border: none; border-top: 1px solid $border; }
QDockWidget { color: $muted; titlebar-close-icon: none; titlebar-normal-icon: none; }
QDockWidget::title { background: $window; padding: ${p4}px ${p8}px; border-bottom: 1px solid $border; }
QMainWindow::separator { background: $border; width: 1px; height: 1px; }
QMainWindow::separator:hover { background: $accent; }
QSplitter::handle { background: $border; }
QSplitter::handle:horizontal { width: 1px; }
QSplitter::handle:vertical { height: 1px; }
QToolBar { background: $window; border: none; spacing: ${p4}px; padding: ${p4}px; }
QStatusBar { background: $window; color: $muted; }
QStatusBar::item { border: none; }
QGroupBox { border: none; margin-top: ${p24}px; font-weight: bold; }
QGroupBox::title { subcontrol-origin: margin; left: 0; }
QProgressBar { color: $text; background: $hover; border: none; border-radius: ${p2}px; text-align: center;
  min-height: ${p16}px; max-height: ${p16}px; }
QProgressBar::chunk { background: $selection; border-radius: ${p2}px; }
QScrollArea { border: none; background: transparent; }
QScrollBar:vertical { background: transparent; width: ${p12}px; margin: 0; }
QScrollBar:horizontal { background: transparent; height: ${p12}px; margin: 0; }
QScrollBar::handle { background: $border; border-radius: ${p4}px; margin: 2px; }
QScrollBar::handle:vertical { min-height: ${p32}px; }
QScrollBar::handle:horizontal { min-width: ${p32}px; }
QScrollBar::handle:hover { background: $outline; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }
QCalendarWidget QWidget { alternate-background-color: $raised; }
QCalendarWidget #qt_calendar_navigationbar { background: $window; }
QCalendarWidget QToolButton { border-color: transparent; background: transparent; padding: 0 ${p8}px; }
QCalendarWidget QTableView::item { padding: 0; border: none; }
""")
_PADDINGS = (2, 3, 4, 5, 7, 8, 11, 12, 16, 20, 24, 26, 32, 48)
_SIZES = (12, 13, 16, 20)


def sheet(theme: Theme) -> str:
    """The style sheet of `theme`, every measure at its scale."""
    tokens = theme.tokens
    plain = {
        name: getattr(tokens, name)
        for name in (
            *("window", "surface", "raised", "hover", "border", "outline", "text", "muted"),
            *("accent", "on_accent", "selection", "on_selection"),
        )
    }
    measures = {f"p{size}": str(theme.px(size)) for size in _PADDINGS}
    sizes = {f"f{size}": str(theme.px(size)) for size in _SIZES}
    night = "night" if theme.night else "light"
    pictures = {name: resources("icons", f"{name}-{night}.png").as_posix() for name in PICTURES}
    return _SHEET.substitute(plain, **measures, **sizes, **pictures)

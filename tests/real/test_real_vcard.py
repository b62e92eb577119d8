from __future__ import annotations

import os
from pathlib import Path

import pytest

from dutydesk.people.vcard import VCards, read_vcards, write_vcards

_FOLDER = os.environ.get("DUTYDESK_REAL_DATA", "")
if not _FOLDER:
    pytest.skip("DUTYDESK_REAL_DATA is not set", allow_module_level=True)
pytestmark = pytest.mark.real
CONTACTS = Path(_FOLDER) / "contacts"

FIGURES = {
    "1.vcf": (1, 2),
    "2.vcf": (1, 2),
    "3.vcf": (1, 2),
    "12.vcf": (1, 3),
    "John_Doe_GMAIL.vcf": (1, 2),
    "John_Doe_MS_OUTLOOK.vcf": (1, 2),
    "fullcontact.vcf": (1, 9),
    "gb2312_8bit_hotlines.vcf": (19, 19),
    "gb2312_qp_hotlines.vcf": (19, 19),
    "issue114.vcf": (1, 2),
    "outlook-2003.vcf": (1, 0),  # its numbers are words
    "outlook-2007.vcf": (1, 4),
    "rfc2426-example.vcf": (2, 4),
    "rfc6350-example.vcf": (1, 2),
    "政府机构_交通管理局.vcf": (1, 9),
    "政府机构_国家电网.vcf": (1, 2),
    "政府机构_浙里办.vcf": (1, 1),
}


def read(name: str) -> VCards:
    return read_vcards((CONTACTS / name).read_bytes(), name)


def test_every_file_has_its_figures() -> None:
    assert {path.name for path in CONTACTS.glob("*.vcf")} == set(FIGURES)


@pytest.mark.parametrize("name", FIGURES)
def test_figures(name: str) -> None:
    found = read(name)
    assert (len(found.cards), sum(len(card.numbers) for card in found.cards)) == FIGURES[name]
    assert not found.refused
    again = read_vcards(write_vcards(found.cards), name)
    assert again.cards == found.cards


@pytest.mark.parametrize("name", ["gb2312_8bit_hotlines.vcf", "gb2312_qp_hotlines.vcf"])
def test_hotlines_in_gb2312(name: str) -> None:
    cards = read(name).cards
    assert cards[0].name == "中华全国总工会"
    assert {card.name: card.numbers[0][1] for card in cards}["国家授时中心"] == "02983895117"


def test_an_office_has_its_name_from_its_organisation() -> None:
    (card,) = read("政府机构_交通管理局.vcf").cards
    assert (card.name, card.office) == ("交通管理局", True)
    assert card.numbers[0][1] == "12123"


def test_names_and_texts() -> None:
    assert read("12.vcf").cards[0].name == "Michael Brüning"
    assert read("rfc6350-example.vcf").cards[0].numbers[0][1] == "+1-418-656-9254转102"
    assert read("outlook-2007.vcf").cards[0].note.count("\n") == 3
    assert len(read("outlook-2003.vcf").warnings) == 4

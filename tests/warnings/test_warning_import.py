"""Files of warnings into the ledger: nothing lost, nothing twice, no test ever in force."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from dutydesk.core.clock import HOUR, FixedClock, parse_iso
from dutydesk.core.errors import Refused
from dutydesk.exchange.importing import plan, run
from dutydesk.journal.desk import Desk
from dutydesk.ledger.spec import Value
from dutydesk.warnings import service, standing
from dutydesk.warnings.cap import read_alerts
from dutydesk.warnings.importing import first_state, read_cap, read_list, values_of
from tests.warnings.typed import lines_of

NOW = parse_iso("2026-06-18 14:30")
NAME = "33010241600000_20260618143000"
MESSAGE = """<?xml version="1.0" encoding="UTF-8"?>
<alert>
  <identifier>{name}</identifier>
  <sender>示例区气象台</sender><senderCode>33010241600000</senderCode>
  <sendTime>{sent}+08:00</sendTime>
  <status>{status}</status><msgType>{kind}</msgType><scope>Public</scope><references>{refers}</references>
  <info>
    <language>zh-CN</language><eventType>11B03</eventType>
    <urgency>Unknown</urgency><severity>{colour}</severity><certainty>Unknown</certainty>
    <effective>{sent}+08:00</effective><onset/><expires>{ends}</expires>
    <headline>示例区气象台发布暴雨橙色预警[II级/严重]</headline>
    <description>三小时内降雨量将达50毫米以上</description><instruction>注意防范</instruction><web/>
    <area><areaDesc>示例街道</areaDesc><polygon/><circle/><geocode>330102001000,330102002000</geocode></area>
  </info>
</alert>
"""
FOREIGN = """<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">
  <identifier>x-1</identifier><sender>a@example.org</sender><sent>2026-06-18T14:00:00+08:00</sent>
  <status>Actual</status><msgType>Alert</msgType><scope>Public</scope>
  <info><category>Met</category><event>Small Craft Warning</event>
    <urgency>Future</urgency><severity>Unknown</severity><certainty>Likely</certainty>
    <expires>2026-06-18T20:00:00+08:00</expires>
    <area><areaDesc>South, coast</areaDesc><geocode><valueName>EMMA_ID</valueName><value>123456</value></geocode></area>
  </info></alert>"""


def message(name: str = NAME, **more: str) -> bytes:
    values = {
        "sent": "2026-06-18 14:30:00", "status": "Actual", "kind": "Alert", "refers": "", "colour": "Orange",
        "ends": "2026-06-18 17:30:00+08:00", **more,
    }  # fmt: skip
    return MESSAGE.format(name=name, **values).encode()


def brought(desk: Desk, data: bytes, name: str = "w.xml") -> dict[str, Any]:
    return run(desk, plan(desk, "warnings", data, name))


def live(desk: Desk) -> list[str]:
    return [standing.name_of(one.row) for one in service.in_force(desk)]


def test_a_message_is_a_row_in_force_with_its_file_and_a_line_in_the_log(desk: Desk) -> None:
    result = brought(desk, message())
    assert (result["read"], result["added"], result["refused"]) == (1, 1, [])
    (row,) = desk.rows("warnings")
    wanted: dict[str, Value] = {
        "identifier": NAME,
        "type": "11B03",
        "event": "暴雨",
        "colour": "ORANGE",
        "issuer": "示例区气象台",
        "headline": "示例区气象台发布暴雨橙色预警[II级/严重]",
        "areas": "示例街道",
        "area_codes": "330102001000 330102002000",
        "issued_at": NOW,
        "starts_at": NOW,
        "ends_at": NOW + 3 * HOUR,
        "text": "三小时内降雨量将达50毫米以上",
        "measures": "注意防范",
        "status": "ACTUAL",
        "kind": "ALERT",
        "refers": None,
        "state": "ACTIVE",
        "assumed_end": 0,
        "original": hashlib.sha256(message()).hexdigest(),
        "cancelled_at": None,
    }
    assert dict(row.values) == wanted
    assert live(desk) == [NAME]
    assert [entry.text("text") for entry in desk.rows("log")] == ["发布暴雨橙色预警：示例街道；至 17:30"]


def test_the_same_file_twice_changes_nothing_also_when_it_was_lifted_meanwhile(desk: Desk, clock: FixedClock) -> None:
    brought(desk, message())
    clock.advance(HOUR)
    result = brought(desk, message())
    assert (result["added"], result["changed"], result["unchanged"]) == (0, 0, 1)
    service.cancel(desk, desk.rows("warnings")[0].id)
    result = brought(desk, message())
    assert (result["added"], result["changed"], result["unchanged"]) == (0, 0, 1)
    assert live(desk) == []
    assert desk.rows("warnings")[0]["state"] == "CANCELLED"


def test_an_update_and_a_cancel_end_what_they_name(desk: Desk) -> None:
    brought(desk, message("A", sent="2026-06-18 12:00:00"))
    brought(desk, message("B", sent="2026-06-18 13:00:00", kind="Update", refers="A", colour="Red"))
    assert live(desk) == ["B"]
    brought(desk, message("C", sent="2026-06-18 14:00:00", kind="Cancel", refers="B"))
    assert live(desk) == []
    states = {standing.name_of(one.row): standing.state_text(one) for one in service.listed(desk)}
    assert states == {"A": "已被更新", "B": "已解除", "C": "已解除"}


def test_they_may_come_in_any_order(desk: Desk) -> None:
    brought(desk, message("B", sent="2026-06-18 13:00:00", kind="Update", refers="A", colour="Red"))
    brought(desk, message("A", sent="2026-06-18 12:00:00"))
    assert live(desk) == ["B"]


@pytest.mark.parametrize(
    ("status", "code", "state"),
    [("Test", "TEST", "NOT_LIVE"), ("Exercise", "EXERCISE", "NOT_LIVE"), ("Draft", "DRAFT", "DRAFT")],
)
def test_what_is_not_meant_is_kept_with_its_status_and_never_counts(
    desk: Desk, status: str, code: str, state: str
) -> None:
    brought(desk, message(status=status, colour="Red"))
    (row,) = desk.rows("warnings")
    assert (row["status"], row["state"]) == (code, state)
    assert live(desk) == []
    assert desk.figures(NOW - HOUR, NOW)["warnings.in_force"].value == "无生效"
    assert not [item for item in desk.open_items() if item.block == "WARNINGS"]
    assert desk.count("log") == 0


def test_an_end_that_is_the_issue_is_assumed(desk: Desk) -> None:
    brought(desk, message(ends="2026-06-18 14:30:00+08:00"))
    (row,) = desk.rows("warnings")
    assert (row["ends_at"], row["assumed_end"]) == (NOW, 1)
    assert lines_of(desk)[0].endswith("至 06-19 02:30（推定） 示例区气象台")


def test_a_foreign_one_without_code_and_colour_is_not_lost(desk: Desk) -> None:
    result = brought(desk, FOREIGN.encode())
    assert (result["added"], result["refused"]) == (1, [])
    (row,) = desk.rows("warnings")
    assert (row["type"], row["event"], row["colour"]) == (None, "Small Craft Warning", None)
    assert (row["headline"], row["areas"], row["area_codes"]) == ("Small Craft Warning", "South, coast", None)
    assert live(desk) == ["x-1"]
    assert desk.rows("warnings", search="small craft")[0].id == row.id


def test_no_sender_no_headline_no_info_is_still_a_row(desk: Desk) -> None:
    bare = (
        b"<alert xmlns='urn:oasis:names:tc:emergency:cap:1.2'><identifier>n</identifier>"
        b"<sent>2026-06-18T14:00:00+08:00</sent><status>Actual</status><msgType>Alert</msgType></alert>"
    )
    assert brought(desk, bare)["added"] == 1
    (row,) = desk.rows("warnings")
    assert (row["issuer"], row["headline"]) == ("发布单位不详", "未写标题的预警")


def test_what_cannot_be_dated_is_refused_by_its_line_and_nothing_is_written(desk: Desk) -> None:
    data = message().replace(b"2026-06-18 14:30:00+08:00</sendTime>", b"today</sendTime>")
    result = plan(desk, "warnings", data, "w.xml").result()
    assert [(found["line"], found["field"]) for found in result["refused"]] == [(2, "sent")]
    assert desk.count("warnings") == 0


def test_a_web_list_is_a_row_a_warning(desk: Desk) -> None:
    rows = [
        {
            "alertid": f"3301024160000{n}_20260618143000",
            "issuetime": "2026/06/18 14:30",
            "title": "示例省示例市示例区气象台发布大风蓝色预警信号",
            "pic": "http://image.example/p0007004.png",
        }
        for n in range(7)
    ]
    data = json.dumps({"data": {"page": {"count": 7, "list": rows}}}, ensure_ascii=False).encode()
    result = brought(desk, data, "list.json")
    assert (result["read"], result["added"]) == (7, 7)
    row = desk.rows("warnings")[0]
    assert (row["issuer"], row["type"], row["colour"], row["issued_at"]) == (
        "示例省示例市示例区气象台", "11B06", "BLUE", NOW,
    )  # fmt: skip
    assert [entry.text("text") for entry in desk.rows("log")] == ["导入预警 7 条，最高蓝色"]
    assert brought(desk, data, "list.json")["unchanged"] == 7


def test_long_texts_fit_their_cells(desk: Desk) -> None:
    data = message().replace("示例街道".encode(), ("很长的街道名" * 5_000).encode())
    data = data.replace("示例区气象台发布".encode(), ("示例" * 400).encode())
    brought(desk, data)
    (row,) = desk.rows("warnings")
    assert len(row.text("areas")) <= 20_000
    assert len(row.text("headline")) <= 500


def test_the_original_is_given_away_again_whole(desk: Desk) -> None:
    brought(desk, message(NAME, sent="2026-06-18 13:00:00"))
    (row,) = desk.rows("warnings")
    (alert,) = read_alerts(service.export_cap(desk, row), "out.xml").alerts
    (first,) = read_alerts(message(NAME, sent="2026-06-18 13:00:00"), "in.xml").alerts
    assert alert.geocodes == first.geocodes == ("330102001000", "330102002000")
    assert (alert.identifier, alert.sent_ms, alert.sender_code) == (first.identifier, first.sent_ms, "33010241600000")


def test_a_damaged_original_falls_back_to_the_row(desk: Desk) -> None:
    from dutydesk.journal.attachments import path_of

    brought(desk, message())
    (row,) = desk.rows("warnings")
    path = path_of(desk.store.home, row.text("original"))
    path.write_bytes(b"broken")
    (alert,) = read_alerts(service.export_cap(desk, row), "out.xml").alerts
    assert (alert.identifier, alert.info.colour) == (NAME, "ORANGE")


def test_drafts_without_a_window(desk: Desk) -> None:
    found = read_cap(desk, message(), "w.xml", {})
    assert [draft.line for draft in found.drafts] == [2]
    assert found.drafts[0].values["state"] == "ACTIVE"
    with pytest.raises(Refused):
        read_list(desk, b"{}", "w.json", {})
    assert first_state({"kind": "ACK"}) == "NOT_LIVE"
    assert first_state({}) == "ACTIVE"
    assert values_of(read_alerts(message(kind="Cancel"), "w").alerts[0])["kind"] == "CANCEL"

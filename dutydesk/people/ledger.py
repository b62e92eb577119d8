"""Who and where: regions, units, posts, people and their telephone numbers."""

from __future__ import annotations

from dutydesk.core.i18n import N_
from dutydesk.ledger.choices import choices
from dutydesk.ledger.kinds import CODE, COUNT, DAY, LONG, PHONE, TEXT, ref
from dutydesk.ledger.spec import Choice, Field, Ledger, Search, Values

NUMBER_KINDS = (
    Choice("MOBILE", N_("手机")),
    Choice("OFFICE", N_("办公电话")),
    Choice("DUTY", N_("值班电话")),
    Choice("HOTLINE", N_("热线")),
    Choice("HOME", N_("住宅电话")),
    Choice("FAX", N_("传真")),
    Choice("SATELLITE", N_("卫星电话")),
    Choice("OTHER", N_("其他")),
)
NUMBER_STATES = (
    Choice("OK", N_("有效")),
    Choice("UNCHECKED", N_("未核")),
    Choice("NO_ANSWER", N_("无人接")),
    Choice("BAD", N_("空号错号")),
    Choice("OFF", N_("停用")),
)
PUBLIC_NUMBERS = frozenset(("OFFICE", "DUTY", "HOTLINE", "FAX"))
PEOPLE_KINDS = (Choice("PERSON", N_("个人")), Choice("OFFICE", N_("单位或热线")))


def is_private_number(row: Values) -> bool:
    """Offices' and hotlines' numbers are not personal data; a person's are (个人信息保护法 art. 4)."""
    return row.get("kind") not in PUBLIC_NUMBERS


def is_person(row: Values) -> bool:
    """A unit or hotline in the list of contacts is nobody's personal data."""
    return row.get("kind") != "OFFICE"


REGIONS = Ledger(
    "regions",
    N_("行政区划"),
    (
        Field("code", TEXT, N_("代码"), required=True, width=14, search=Search.TEXT, help=N_("GB/T 2260 代码")),
        Field("name", TEXT, N_("名称"), required=True, width=16, search=Search.NAME),
        Field("level", CODE, N_("级别"), choices=choices("duty", "region_level"), width=10),
        Field("parent", ref("regions"), N_("上级"), width=16),
    ),
    match=("code",),
    order="code",
)
UNITS = Ledger(
    "units",
    N_("单位"),
    (
        Field("name", TEXT, N_("名称"), required=True, width=24, search=Search.NAME),
        Field("short", TEXT, N_("简称"), width=12, search=Search.NAME),
        Field("region", ref("regions"), N_("区划"), width=14),
        Field("duty_phone", PHONE, N_("值班电话"), width=16, search=Search.TEXT),
        Field("fax", PHONE, N_("传真"), width=16),
        Field("note", LONG, N_("备注"), width=20, search=Search.TEXT),
    ),
    match=("name",),
)
POSTS = Ledger(
    "posts",
    N_("职务"),
    (
        Field("name", TEXT, N_("名称"), required=True, width=18, search=Search.NAME),
        Field("role", CODE, N_("值班岗位"), choices=choices("duty", "post"), width=12),
        Field("note", TEXT, N_("备注"), width=20),
    ),
    match=("name",),
)
PEOPLE = Ledger(
    "people",
    N_("通讯录"),
    (
        Field("name", TEXT, N_("姓名"), required=True, width=12, search=Search.NAME, personal=True),
        Field("unit", ref("units"), N_("单位"), width=22),
        Field("post", ref("posts"), N_("职务"), width=16),
        Field("kind", CODE, N_("类别"), choices=PEOPLE_KINDS, width=8),
        Field("region", ref("regions"), N_("负责区域"), width=14),
        Field(
            "note",
            LONG,
            N_("备注"),
            width=24,
            search=Search.TEXT,
            personal=is_person,
            help=N_("如“打座机”“夜间打值班室”"),
        ),
    ),
    match=("name", "unit"),
)
NUMBERS = Ledger(
    "numbers",
    N_("电话号码"),
    (
        Field("person", ref("people"), N_("姓名"), required=True, width=12),
        Field("order", COUNT, N_("次序"), width=6),
        Field("kind", CODE, N_("类别"), choices=NUMBER_KINDS, width=10),
        Field("number", PHONE, N_("号码"), required=True, width=18, search=Search.TEXT, personal=is_private_number),
        Field("state", CODE, N_("状态"), choices=NUMBER_STATES, width=8),
        Field("verified_at", DAY, N_("核实日期"), width=12),
        Field("note", TEXT, N_("备注"), width=16),
    ),
    match=("person", "number"),
    order="order",
)

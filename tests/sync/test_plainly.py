"""What the driver says becomes a sentence with a next step, and nothing of its own words is shown."""

from __future__ import annotations

import pytest
from psycopg import OperationalError, errors

from dutydesk.core.errors import Refused, Unavailable
from dutydesk.sync import plainly
from dutydesk.sync.line import families

STEPS = ("请", "先看", "再试")


def test_every_sentence_says_what_to_do_next() -> None:
    assert [words for _pattern, words in plainly._WORDS if not any(step in words for step in STEPS)] == []


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ('connection to server at "10.0.0.9", port 5432 failed: Connection refused', "请打电话给中心库管理员"),
        ('FATAL:  password authentication failed for user "dutydesk_1"', "重新给登记文件"),
        ("SSL error: certificate verify failed", "先看本机日期对不对"),
        ('FATAL:  database "hub" does not exist', "请中心库管理员核对地址"),
    ],
)
def test_words_of_the_client(said: str, shown: str) -> None:
    assert shown in plainly.plainly(OperationalError(said))


def test_a_full_disk_at_the_hub_is_no_lost_line() -> None:
    with pytest.raises(Unavailable) as told, families():
        raise errors.DiskFull("could not extend file: No space left on device")
    assert str(told.value) == "中心库的磁盘满了，请打电话给其管理员；没传的都在本机，腾出空间后自动补传"


def test_a_login_without_rights_is_told_without_the_servers_words() -> None:
    with pytest.raises(Refused) as told, families():
        raise errors.InsufficientPrivilege("permission denied for table hub_state")
    assert str(told.value) == "中心库不给这个登录权限：席位可能已被吊销，请打电话给中心库管理员"

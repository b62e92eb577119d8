"""What warnings hands to the program."""

from __future__ import annotations

from dutydesk.core.i18n import N_
from dutydesk.ledger.feature import Exporter, Feature, Importer
from dutydesk.warnings.ledger import WARNINGS
from dutydesk.warnings.model import WARNING_TABLE


def is_xml(head: bytes, name: str) -> bool:
    """Whether a file promises warning messages in XML."""
    from dutydesk.warnings.cap import looks_like_alerts

    return looks_like_alerts(head, name)


def is_list(head: bytes, name: str) -> bool:
    """Whether a file promises a web list of warnings."""
    from dutydesk.warnings.webjson import looks_like_list

    return looks_like_list(head, name)


WARNING_FEATURE = Feature(
    name="warnings",
    title=N_("预警"),
    tables=(
        (WARNINGS, WARNING_TABLE),
    ),
    importers=(
        Importer("warnings", "cap", N_("预警消息(CAP 及国内格式)"), "dutydesk.warnings.importing:read_xml", is_xml),
        Importer("warnings", "web", N_("预警网页列表"), "dutydesk.warnings.importing:read_json", is_list),
    ),
    exporters=(Exporter("warnings", ".xml", N_("预警消息 CAP 1.2"), "dutydesk.warnings.exporting:write_xml"),),
    pane="dutydesk.warnings.pane:WarningsPane",
    key="Alt+4",
)

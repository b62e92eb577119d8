"""GeoJSON (RFC 7946): points in as records, rows with coordinates out as points.

Numbers are kept as the digits that stand in the file; nothing passes through a float on the way in. Coordinates are
WGS 84 longitude, latitude (RFC 7946 §4): a file in another system is not told apart and has to be converted first.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, cast

from dutydesk.core.errors import Problem, Refused
from dutydesk.core.i18n import _
from dutydesk.ledger.records import Line, Records
from dutydesk.ledger.spec import Ledger, On, Values
from dutydesk.ledger.textfile import decode

LON, LAT = "lon", "lat"


def read_geojson(data: bytes, file: str) -> Records:
    """Records of a FeatureCollection or a bare Feature: `lon`, `lat`, then every property that occurs, in order.

    A record's line is the feature's place in the file, from 1. What is not a point is in `refused`; a feature with
    null geometry is a record without coordinates. Raises `Refused` when the file is no GeoJSON or holds no feature.
    """
    text, encoding = decode(data, file)
    try:
        root: object = json.loads(text, parse_float=str, parse_int=str, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise Refused(Problem(_("JSON 写法有错，读不出来"), line=error.lineno, file=file)) from None
    except (ValueError, RecursionError):
        raise Refused(Problem(_("JSON 写法有错，读不出来"), file=file)) from None
    features = _features(root, file)
    headers: dict[str, None] = {LON: None, LAT: None}
    found: list[tuple[int, dict[str, str]]] = []
    refused: list[Problem] = []
    for number, feature in enumerate(features, 1):
        try:
            record = _record(feature)
        except ValueError as error:
            refused.append(Problem(str(error), line=number, file=file))
            continue
        headers.update(dict.fromkeys(record))
        found.append((number, record))
    names = tuple(headers)
    rows: list[Line] = [(number, tuple(record.get(name, "") for name in names)) for number, record in found]
    return Records(names, rows, "geojson", file, encoding=encoding, refused=tuple(refused))


def _no_constant(name: str) -> str:
    raise ValueError(name)


def _features(root: object, file: str) -> list[object]:
    if isinstance(root, dict):
        body = cast("dict[str, object]", root)
        if body.get("type") == "Feature":
            return [body]
        features = body.get("features")
        if body.get("type") == "FeatureCollection" and isinstance(features, list):
            if features:
                return cast("list[object]", features)
            raise Refused(Problem(_("文件里没有要素"), file=file))
    raise Refused(Problem(_("不是 GeoJSON 要素（Feature 或 FeatureCollection）"), file=file))


def _record(feature: object) -> dict[str, str]:
    """The texts of one feature. Raises `ValueError` with the reason."""
    if not isinstance(feature, dict) or cast("dict[str, object]", feature).get("type") != "Feature":
        raise ValueError(_("不是要素（Feature）"))
    body = cast("dict[str, Any]", feature)
    record = {LON: "", LAT: ""}
    geometry: object = body.get("geometry")
    if isinstance(geometry, dict):
        shape = cast("dict[str, object]", geometry)
        if shape.get("type") != "Point":
            raise ValueError(_("不是点，是 {shape}").format(shape=shape.get("type")))
        record[LON], record[LAT] = _position(shape.get("coordinates"))
    elif geometry is not None:
        raise ValueError(_("坐标写法有错"))
    properties: object = body.get("properties")
    for name, value in cast("dict[str, object]", properties).items() if isinstance(properties, dict) else ():
        # Coordinates of the geometry rule over a property of the same name, which is kept beside them.
        record[f"{name} (2)" if name in (LON, LAT) and record[LON] else name] = _text(value)
    if "id" in body and "id" not in record:
        record["id"] = _text(body["id"])
    return record


def _position(coordinates: object) -> tuple[str, str]:
    if isinstance(coordinates, list):
        pair = cast("list[object]", coordinates)
        if len(pair) >= 2 and isinstance(pair[0], str) and isinstance(pair[1], str):
            try:
                inside = abs(Decimal(pair[0])) <= 180 and abs(Decimal(pair[1])) <= 90
            except InvalidOperation:
                inside = False
            if inside:
                return pair[0], pair[1]
            raise ValueError(_("坐标不是经度、纬度：{x},{y}").format(x=pair[0], y=pair[1]))
    raise ValueError(_("坐标写法有错"))


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else "0"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def write_geojson(ledger: Ledger, rows: Iterable[Values], *, masked: bool = True) -> bytes:
    """A FeatureCollection of the rows: fields under their own names, values as in JSON output (codes as codes).

    A row without coordinates has null geometry. Raises `Refused` when the ledger keeps none.
    """
    if LON not in ledger or LAT not in ledger:
        raise Refused(Problem(_("“{title}”没有经纬度，不能导出为 GeoJSON").format(title=_(ledger.title))))
    fields = [item for item in ledger.on(On.FILE) if item.name not in (LON, LAT)]
    features: list[Mapping[str, object]] = []
    for row in rows:
        position = [ledger[name].kind.dump(row.get(name), ledger[name]) for name in (LON, LAT)]
        properties: dict[str, object] = {}
        for item in fields:
            value = item.kind.dump(row.get(item.name), item)
            if masked and isinstance(value, str) and item.masks(row):
                value = item.kind.mask(value)
            properties[item.name] = value
        geometry = None
        if None not in position:
            geometry = {"type": "Point", "coordinates": [float(str(part)) for part in position]}
        features.append({"type": "Feature", "geometry": geometry, "properties": properties})
    collection = {"type": "FeatureCollection", "name": ledger.name, "features": features}
    return json.dumps(collection, ensure_ascii=False, indent=1).encode()

"""The desk of these tests."""

from tests.plaindesk import clock, desk, places, window

__all__ = ("clock", "desk", "places", "window")

"""The desk of these tests."""

from tests.streetdesk import clock, desk

__all__ = ("clock", "desk")

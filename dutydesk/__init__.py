"""DutyDesk, the duty desk of a district emergency bureau."""

__version__ = "0.1.0"

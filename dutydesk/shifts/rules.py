"""Which shift 班次 a moment belongs to: the pure rules stand in `core.turns`, for the roster asks the same."""

from __future__ import annotations

from dutydesk.core.turns import Part, Pattern, Shift, next_shift, pattern, shift_label, shift_of, shift_on

__all__ = ["Part", "Pattern", "Shift", "next_shift", "pattern", "shift_label", "shift_of", "shift_on"]

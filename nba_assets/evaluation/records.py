"""Tables of results as JSON has them, and as text."""

from __future__ import annotations

from typing import Any

import pandas as pd


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """A dict per row, NULL as None."""
    return [*table.astype(object).where(table.notna(), None).to_dict("records")]


def as_text(table: pd.DataFrame) -> str:
    """Aligned columns, three digits, nothing for NULL."""
    return str(table.to_string(index=False, float_format=lambda number: f"{number:.3f}", na_rep=""))

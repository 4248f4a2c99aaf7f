"""How a cell, a root and a matrix are spelt in JSON, wherever one is printed: docs/json.md."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from nba_assets.overview.matrix import Matrix, Row
from nba_assets.overview.roots import Root
from nba_assets.partition import Finding, Partition, Status
from nba_assets.planning.state import Cell


def partition_as_dict(partition: Partition) -> dict[str, Any]:
    """{"table", "date"}"""
    return {"table": partition.table, "date": str(partition.day)}


def verdict_as_dict(
    partition: Partition, status: Status, reason: str | None, findings: Iterable[Finding]
) -> dict[str, Any]:
    """What every partition that is named has: table, date, status, reason and causes."""
    return {
        **partition_as_dict(partition),
        "status": status.value,
        "reason": reason,
        "causes": [found.as_dict() for found in findings],
    }


def cell_as_dict(cell: Cell) -> dict[str, Any]:
    """Everything that is known of a cell, in JSON's types."""
    numbers = cell.numbers
    return {
        **verdict_as_dict(cell.partition, cell.status, cell.reason, cell.findings),
        "rows": cell.rows,
        "expected": numbers.expected if numbers else None,
        "required": numbers.required if numbers else None,
        "complete": numbers.complete if numbers else None,
        "share": numbers.share if numbers else None,
        "production_ready_share": cell.published.production_ready_share if cell.published else None,
        "root": partition_as_dict(cell.root) if cell.root else None,
        "accepted_by": cell.accepted_by,
        "computed_at": numbers.started_at.isoformat() if numbers and numbers.started_at else None,
        "code_version": numbers.code_version if numbers else None,
        "run_id": numbers.run_id if numbers else None,
    }


def root_as_dict(root: Root) -> dict[str, Any]:
    """A root, and how many others of those asked about are in the same trouble."""
    return verdict_as_dict(root.partition, root.status, root.reason, root.findings) | {"others": root.others}


def matrix_as_dict(matrix: Matrix) -> dict[str, Any]:
    """Date by date the cells, how many have each status, and the roots of what is not in order."""
    return {
        "dates": [_row_as_dict(row, matrix) for row in matrix.rows],
        "statuses": {status.value: count for status, count in matrix.counts().items()},
        "roots": [root_as_dict(root) for root in matrix.roots],
        "notes": list(matrix.notes),
    }


def _row_as_dict(row: Row, matrix: Matrix) -> dict[str, Any]:
    return {
        "date": str(row.day),
        "status": row.status,
        "worst": row.worst.value,
        "games": row.games,
        "accepted": sum(cell.accepted_by is not None for cell in row.cells.values()),
        "cells": {name: cell_as_dict(row.cells[name]) for name in matrix.tables},
    }

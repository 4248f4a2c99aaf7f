"""The one list of what a warehouse stores: the tables of the graph, and the bookkeeping about them.

What a relation looks like in a warehouse is in `ddl.py`; what is written into it is everybody else's business.
"""

from __future__ import annotations

from nba_assets.schema.table import Table
from nba_assets.tables import TABLES
from nba_assets.warehouse.alert_state import ALERT_MESSAGES, ALERTS
from nba_assets.warehouse.corrections import CORRECTIONS
from nba_assets.warehouse.ddl import Relation
from nba_assets.warehouse.ledger import ENTITY_FAILURES, PROCESSOR_RUNS


def relation_of(table: Table) -> Relation:
    """Where a table of the graph is stored."""
    return Relation(table.dataset, table.name, table.contract)


def bookkeeping() -> list[Relation]:
    """The tables that are about the other tables."""
    return [PROCESSOR_RUNS, ENTITY_FAILURES, CORRECTIONS, ALERTS, ALERT_MESSAGES]


def all_relations() -> list[Relation]:
    """Everything that a warehouse stores."""
    return [*(relation_of(table) for table in TABLES.values()), *bookkeeping()]

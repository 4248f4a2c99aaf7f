"""The check that the stored rows are those that were published: nobody has changed them behind the ledger."""

from __future__ import annotations

from collections import defaultdict
from datetime import date

from nba_assets.schema.fingerprint import are_other_rows, partition_hashes
from nba_assets.tables import TABLES
from nba_assets.verification.season import CheckResult, StoredSeason, result

STORED_IS_PUBLISHED = "stored = published"


def stored_rows_are_those_published(stored: StoredSeason) -> CheckResult:
    """Every partition has the content that the ledger says was published."""
    by_table: dict[str, dict[date, str]] = defaultdict(dict)
    for partition, content in stored.published().items():
        by_table[partition.table][partition.day] = content
    wrong = []
    for name, published in by_table.items():
        stands = partition_hashes(stored.rows(TABLES[name]), TABLES[name].contract, published)
        wrong += [
            f"{name} {day}: the rows are not those that were published; run: nba-assets repair {day} {day}"
            for day, content in sorted(published.items())
            if are_other_rows(stands[day], content)
        ]
    examined = sum(map(len, by_table.values()))
    return result(STORED_IS_PUBLISHED, examined=examined, violations=wrong, note="" if examined else "no ledger")

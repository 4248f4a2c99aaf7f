"""The data dictionary in docs/ says what the contracts say."""

from __future__ import annotations

from pathlib import Path

from nba_assets.schema.contract import columns_of
from nba_assets.tables import TABLES, WITH_FEATURES
from nba_assets.tables.dictionary import pages, write_pages

DOCS = Path(__file__).parents[2] / "docs" / "tables"


def test_the_pages_in_the_repository_are_current() -> None:
    outdated = [
        name for name, text in pages().items() if not (DOCS / name).exists() or (DOCS / name).read_text() != text
    ]
    assert not outdated, "run: python -m nba_assets.tables.dictionary docs/tables"
    assert {file.name for file in DOCS.iterdir()} == set(pages())


def rows_under(page: str, heading: str) -> list[str]:
    """The rows of the table that begins with the heading."""
    table = page[page.index(f"| {heading} |") :].split("\n\n", 1)[0]
    return table.splitlines()[2:]


def test_every_column_has_its_line() -> None:
    for name, table in TABLES.items():
        rows = rows_under(pages()[f"{name}.md"], "column")
        assert len(rows) == len(columns_of(table.contract)), name
        assert {row.count(" | ") for row in rows} == {5 if table.result_sets else 6}, name


def test_a_column_says_what_it_is_made_of() -> None:
    rows = rows_under(pages()["player_game_summary.md"], "column")
    usage = next(row for row in rows if row.startswith("| usage |"))
    assert usage.endswith(
        "| raw_player_boxscores: fga, fta, tov, seconds_played; raw_team_boxscores: fga, fta, tov, seconds_played |"
    )
    assert "found by experiment" in pages()["player_game_summary.md"]


def test_every_feature_has_its_line() -> None:
    for table, features in WITH_FEATURES:
        rows = rows_under(pages()[f"{table.name}.md"], "feature")
        cells = [row.strip("| ").split(" | ") for row in rows]
        assert [of_feature[0] for of_feature in cells] == list(features.names)
        assert [of_feature[0] for of_feature in cells if of_feature[5] == "yes"] == list(features.critical)
        assert [of_feature[4] for of_feature in cells] == [feature.null_when for feature in features]
        assert all(source in row for row, feature in zip(rows, features, strict=True) for source in feature.sources)


def test_only_what_differs_is_written(tmp_path: Path) -> None:
    assert len(write_pages(tmp_path)) == len(TABLES) + 1
    (tmp_path / "raw_shots.md").write_text("changed by hand")
    assert [file.name for file in write_pages(tmp_path)] == ["raw_shots.md"]

"""The runs that take minutes are chosen with `-m mutation`; without it they are left out."""

import pytest


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "mutation: runs the fast tests once per fault; minutes, not seconds")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if "mutation" in config.option.markexpr:
        return
    chosen = [item for item in items if item.get_closest_marker("mutation")]
    if chosen:
        items[:] = [item for item in items if item not in chosen]
        config.hook.pytest_deselected(items=chosen)

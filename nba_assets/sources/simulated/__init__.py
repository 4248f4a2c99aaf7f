"""A seeded league that produces the result sets of the real one, for a machine without data and for tests."""

from nba_assets.sources.simulated.rosters import Tendencies
from nba_assets.sources.simulated.source import DEFAULT_SEED, SimulatedSource

__all__ = ["DEFAULT_SEED", "SimulatedSource", "Tendencies"]

"""Who is to be woken: the three tiers, and the recipients that the settings name for each."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from nba_assets.settings import Settings


class Tier(StrEnum):
    """How urgent an alert is."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"

    @property
    def urgency(self) -> int:
        """Greater is more urgent."""
        return list(Tier).index(self)


def worst(tiers: Iterable[Tier]) -> Tier:
    """The most urgent of some tiers; info if there are none."""
    return max(tiers, key=lambda tier: tier.urgency, default=Tier.INFO)


def recipients(settings: Settings, tiers: Iterable[Tier]) -> tuple[str, ...]:
    """The addresses for the tiers, each once; a tier without a list of its own falls back to NBA_ALERTS_TO."""
    own = {
        Tier.CRITICAL: settings.alerts_critical_to,
        Tier.WARNING: settings.alerts_warning_to,
        Tier.INFO: settings.alerts_info_to,
    }
    return tuple(dict.fromkeys(address for tier in tiers for address in own[tier] or settings.alerts_to))

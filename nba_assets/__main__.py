"""`python -m nba_assets`."""

from nba_assets.cli import main

main()

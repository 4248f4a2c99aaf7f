"""`nba-assets`, and `python -m nba_assets`: nothing is imported before an interruption is heard."""


def main() -> None:
    """Run the command line; Control-C also ends it quietly while it is being imported."""
    try:
        from nba_assets.cli import main as command_line

        command_line()
    except KeyboardInterrupt:
        raise SystemExit(130) from None


if __name__ == "__main__":
    main()

"""`python -m nba_assets_tests.mutation`: the table of faults and of the tests that catch them."""

import sys

from nba_assets_tests.mutation.runner import main

sys.exit(main())

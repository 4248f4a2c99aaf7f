"""None of the plausible faults survives the fast tests."""

from pathlib import Path

import pytest

from nba_assets_tests.mutation.faults import FAULTS, Fault
from nba_assets_tests.mutation.runner import ROOT, caught_by


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_the_fault_still_fits_the_source(fault: Fault):
    """A fault that no longer applies would prove nothing."""
    text = (ROOT / "nba_assets" / fault.file).read_text()
    faulty = fault.applied_to(text)
    assert faulty != text
    compile(faulty, fault.file, "exec")


def test_a_fault_that_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="not once"):
        Fault("nonsense", "league/zones.py", (("no such text", "x"),)).applied_to("some text")


@pytest.mark.mutation
@pytest.mark.timeout(600)
def test_without_a_fault_all_is_well(tmp_path: Path):
    assert caught_by(None, tmp_path) == []


@pytest.mark.mutation
@pytest.mark.timeout(600)
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_the_fault_is_caught(fault: Fault, tmp_path: Path):
    assert caught_by(fault, tmp_path) != []

"""The files of deploy/: each held against what will read it, where nothing of that is on the machine of the tests."""

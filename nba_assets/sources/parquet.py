"""Reading the Parquet files of a source."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from pyarrow.fs import LocalFileSystem


def read_parquet(path: Path, columns: Sequence[str] | None = None, *, texts: Sequence[str] = ()) -> pd.DataFrame:
    """All rows of one file, in its order, of all its columns or those named. Raises pyarrow.ArrowException, OSError.

    Those of `texts` are categorical, as they are stored: a season says the same few texts again and again.

    The file is opened by Arrow itself. Of a file opened in Python, Arrow's threads may let go only after the frame has
    been returned; if the interpreter is ending at that moment, the process is aborted, whatever it has done well.
    """
    chosen = None if columns is None else list(columns)
    kept = {"read_dictionary": list(texts)} if texts else {}
    return pd.read_parquet(path, columns=chosen, filesystem=LocalFileSystem(), partitioning=None, **kept)

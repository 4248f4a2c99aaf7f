"""What changes the code version of a table: its numbers' code, and nothing that is only written differently."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import pandas as pd
import pytest

from nba_assets.schema import symbols
from nba_assets.schema.code_version import (
    code_around,
    code_version,
    formula_of,
    is_declaration,
    is_looked_into,
    symbols_of,
    text_of,
)
from nba_assets.schema.contract import Text, column
from nba_assets.schema.evidence import none_expected
from nba_assets.schema.symbols import Code, Symbol
from nba_assets.schema.table import Inputs
from nba_assets.tables import TABLES
from nba_assets.tables.player_game_summary import PlayerGameSummary
from nba_assets_tests.needs import needs_python

FORMULAS, SUMMARY = "nba_assets.league.formulas", "nba_assets.tables.player_game_summary"
STATISTICS = "nba_assets.tables.statistics"


def edited(module: str, *changes: tuple[str, str]) -> Code:
    """The house's code with texts of one module replaced by others."""
    text = text_of(module)
    assert text is not None
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return Code(
        lambda name: text if name == module else text_of(name) if is_looked_into(name) else None, is_declaration
    )


def changed(code: Code) -> set[str]:
    """The tables of which the formula is another."""
    return {
        name
        for name, table in TABLES.items()
        if formula_of(code_version(table, code)) != formula_of(table.code_version)
    }


def changed_checks(code: Code) -> set[str]:
    """The tables of which the checks are others."""
    return {
        name
        for name, table in TABLES.items()
        if code_version(table, code).split("-")[1] != table.code_version.split("-")[1]
    }


class TestTheHouse:
    """The tables and formulas as they are, and edited."""

    def test_every_table_has_its_own(self) -> None:
        versions = [table.code_version for table in TABLES.values()]
        assert len(set(versions)) == len(TABLES)
        assert all(len(version) == 17 and version[8] == "-" for version in versions)

    def test_another_weight_of_free_throws_changes_the_tables_that_use_it(self) -> None:
        code = edited(FORMULAS, ("0.44 * ", "0.45 * "))
        using = {"player_game_summary", "team_offense_game_summary", "player_daily_cache"}
        assert changed(code) == using | {"upcoming_player_game_context"}
        assert changed_checks(code) == set()
        of_shooting = edited(
            FORMULAS, ("fga, dtype=np.float64) + 0.44 * np.asarray(fta, dtype=np.float64)))", "fga)))")
        )
        assert changed(of_shooting) == using

    def test_the_symbols_that_changed_can_be_named(self) -> None:
        code, table = edited(FORMULAS, ("0.44 * ", "0.45 * ")), TABLES["player_game_summary"]
        before, after = symbols_of(table), symbols_of(table, code)
        assert before.keys() == after.keys()
        assert {name for name in before if before[name] != after[name]} == {
            "league.formulas.true_shooting",
            "league.formulas.plays",
        }
        assert "league.formulas.usage" in before

    def test_documentation_and_layout_change_nothing(self) -> None:
        code = edited(
            FORMULAS,
            ("0.44 FTA + TOV: the ways", "anything: the ways"),
            ("    above = np.asarray", "    # A comment.\n\n    above = np.asarray  # another\n    above = np.asarray"),
            ("    # A comment.\n\n    above = np.asarray  # another\n", "    # A comment.\n\n"),
            ("return ratio(100.0 *", "return ratio(\n        100.0\n        *"),
            ("dtype=np.float64), possessions)", "dtype=np.float64),\n        possessions,\n    )"),
        )
        assert changed(code) == changed_checks(code) == set()

    def test_quotes_change_nothing(self) -> None:
        code = edited(SUMMARY, ('rows["points"]', "rows['points']"))
        assert changed(code) == set()

    def test_a_renamed_local_variable_counts(self) -> None:
        assert changed(edited(SUMMARY, ("made", "hit"))) == {"player_game_summary"}

    def test_a_constant_two_levels_down_counts(self) -> None:
        """`plays` is behind `usage_over`, the minutes of a game behind `pace`."""
        code = edited(FORMULAS, ("SECONDS_PER_GAME = 2880", "SECONDS_PER_GAME = 2400"))
        with_pace = {"team_offense_game_summary", "team_defense_game_summary"}
        with_pace |= {"upcoming_team_game_context", "team_defense_zone_analysis"}
        by_time = {"raw_team_boxscores", "raw_player_boxscores"}
        assert changed(code) == with_pace | by_time, "a Cup final's box score is believed by its time"

    def test_a_function_that_nobody_reaches_does_not_count(self) -> None:
        code = edited(
            FORMULAS, ("def rating(", "def nobody() -> int:\n    return SECONDS_PER_OVERTIME\n\n\ndef rating(")
        )
        assert changed(code) == changed_checks(code) == set()

    def test_what_a_table_expects_counts_for_its_checks_alone(self) -> None:
        code = edited(SUMMARY, ("found[day].expected += len(of_day)", "found[day].expected += 2 * len(of_day)"))
        assert changed(code) == set()
        assert changed_checks(code) == {"player_game_summary"}

    def test_what_a_raw_table_rejects_counts_for_its_checks_alone(self) -> None:
        code = edited("nba_assets.tables.raw_shots", ("~is_listed(shots", "is_listed(shots"))
        assert changed(code) == set()
        assert changed_checks(code) == {"raw_shots"}


class TestContracts:
    """Of a contract count the names and types of its columns."""

    def test_descriptions_and_ranges_do_not_count(self) -> None:
        class Described(PlayerGameSummary):
            """Another docstring."""

            player_name: Text = column("Something else", isin=("A", "B"))

        table = TABLES["player_game_summary"]
        assert replace(table, contract=Described).code_version == table.code_version
        code = edited(SUMMARY, ("Player's name, a label", "Something else"), ("Time on the floor", "Time"))
        assert changed(code) == changed_checks(code) == set()

    def test_a_new_column_counts_for_its_table_alone(self) -> None:
        class Longer(PlayerGameSummary):
            """One column more."""

            nickname: Text = column("What they call him")

        table = TABLES["player_game_summary"]
        before, after = table.code_version, replace(table, contract=Longer).code_version
        assert formula_of(before) != formula_of(after)
        assert before.split("-")[1] == after.split("-")[1]
        code = edited(
            SUMMARY, ("    won: Optional", '    nickname: Text = column("What they call him")\n    won: Optional')
        )
        assert changed(code) == set(), "who reads the table reads its content hash"


def _twice(inputs: Inputs, dates: pd.DatetimeIndex) -> pd.DataFrame:
    return pd.concat([TABLES["player_game_summary"].compute(inputs, dates)] * _TIMES)


_TIMES = 2


def test_a_function_from_elsewhere_counts_with_its_own_module() -> None:
    table = replace(TABLES["player_game_summary"], compute=_twice)
    assert formula_of(table.code_version) != formula_of(TABLES["player_game_summary"].code_version)
    assert {f"{__name__}._twice", f"{__name__}._TIMES"} <= symbols_of(table).keys()


def version(texts: Mapping[str, str], root: str = "m.f") -> dict[str, str]:
    """What `m.f` reaches in modules made up for a test."""
    module, _, name = root.rpartition(".")
    return {str(symbol): hash_ for symbol, hash_ in Code(texts.get).reached([Symbol(module, name)]).items()}


def reached(text: str, **others: str) -> set[str]:
    """The names of what `m.f` reaches."""
    return set(version({"m": text, **others}))


SAME = {
    "comments and blank lines": (
        "def f():\n    return 1\n",
        "# about\ndef f():  # it\n\n    # one\n    return 1  # !\n",
    ),
    "documentation": ("def f():\n    return 1\n", 'def f():\n    """It\n    says."""\n    return 1\n'),
    "indentation": ("def f():\n    return 1\n", "def f():\n  return 1\n"),
    "wrapped lines": ("def f():\n    return g(1, x=2)\n", "def f():\n    return g(\n        1,\n        x=2,\n    )\n"),
    "one argument wrapped": ("def f():\n    return g(1)\n", "def f():\n    return g(\n        1,\n    )\n"),
    "one list element wrapped": ("f = [1]\n", "f = [\n    1,\n]\n"),
    "quotes": ("f = 'a' + \"b\"\n", "f = \"a\" + 'b'\n"),
    "quotes inside": ("f = 'a \"b\"'\n", 'f = "a \\"b\\""\n'),
    "quotes of f-strings": ("def f(x):\n    return f'{x:.1f} of'\n", 'def f(x):\n    return f"{x:.1f} of"\n'),
    "escapes": ('f = "é"\n', 'f = "\\u00e9"\n'),
    "a line continued": ("f = 1 + 2\n", "f = 1 + \\\n    2\n"),
    "annotations of others": ("import a\ndef f(x: a.T): return x\n", "import b as a\ndef f(x: a.T): return x\n"),
    "line ends": ("def f():\n    return 1\n", "def f():\r\n    return 1\r\n"),
    "no line end": ("f = 1\n", "f = 1"),
}
OTHER = {
    "a number": ("f = 0.44\n", "f = 0.45\n"),
    "a text": ("f = 'a'\n", "f = 'A'\n"),
    "a text that is no documentation": ("def f():\n    x = 'a'\n", "def f():\n    x = 'b'\n"),
    "bytes are no text": ("f = 'a'\n", "f = b'a'\n"),
    "an f-string is no text": ("f = 'a'\n", "f = f'a'\n"),
    "a local name": ("def f(x):\n    return x\n", "def f(y):\n    return y\n"),
    "where a block ends": (
        "def f(x):\n    if x:\n        x = 1\n        x = 2\n",
        "def f(x):\n    if x:\n        x = 1\n    x = 2\n",
    ),
    "a tuple of one": ("f = (1)\n", "f = (1,)\n"),
    "a tuple of one returned": ("def f(x):\n    return (x)\n", "def f(x):\n    return (x,)\n"),
    "an index that is a tuple": ("def f(x):\n    return x[1]\n", "def f(x):\n    return x[1,]\n"),
    "a decorator": ("def f(): pass\n", "import functools\n@functools.cache\ndef f(): pass\n"),
    "what an import stands for": ("from a import g\ndef f(): return g()\n", "from b import g\ndef f(): return g()\n"),
    "what changes a constant later": ("f = {}\n", "f = {}\nf['a'] = 1\n"),
    "what is added to a constant": ("f = []\n", "f = []\nf.append(1)\n"),
    "the branch that binds it": ("if True:\n    f = 1\n", "if False:\n    f = 1\n"),
}


@pytest.mark.parametrize(("one", "another"), SAME.values(), ids=SAME)
def test_written_differently(one: str, another: str) -> None:
    assert version({"m": one}) == version({"m": another})


@pytest.mark.parametrize(("one", "another"), OTHER.values(), ids=OTHER)
def test_another_meaning(one: str, another: str) -> None:
    assert version({"m": one}) != version({"m": another})


class TestWhatIsReached:
    """Which names lead on, and to what."""

    def test_names_at_the_top_level(self) -> None:
        text = "A = 1\nB = A\nunused = 2\nclass C:\n    x = B\n    def m(self): return g()\n"
        text += "def g(): pass\ndef f(): return C\n"
        assert reached(text) == {"m.f", "m.C", "m.B", "m.A", "m.g"}

    def test_parameters_are_no_symbols_and_a_local_name_counts_for_safety(self) -> None:
        text = "a = b = c = d = 1\ndef f(a, *b, **c):\n    for d in a: pass\n    return [a, b, c, d, lambda a: a]\n"
        assert reached(text) == {"m.f", "m.d"}

    def test_a_name_that_only_an_inner_scope_binds_is_still_the_modules(self) -> None:
        text = "a = b = 1\ndef f(x):\n    y = [a for a in x]\n    z = lambda b: b\n    return a, b, y, z\n"
        assert reached(text) == {"m.f", "m.a", "m.b"}

    def test_the_first_iterable_of_a_comprehension_is_read_outside(self) -> None:
        assert reached("a = [1]\ndef f(): return [a for a in a]\n") == {"m.f", "m.a"}

    def test_a_name_of_a_class_body_is_not_seen_by_its_methods(self) -> None:
        assert reached("a = 1\nclass f:\n    a = 2\n    def m(self): return a\n") == {"m.f", "m.a"}

    def test_a_global_name_is_the_modules(self) -> None:
        assert reached("a = 1\ndef f():\n    global a\n    a = 2\n    return a\n") == {"m.f", "m.a"}

    def test_defaults_and_decorators_count_and_annotations_do_not(self) -> None:
        text = "a = b = T = 1\n@a\ndef f(x: T = b) -> T:\n    y: T = x\n    return y\n"
        assert reached(text) == {"m.f", "m.a", "m.b"}

    @pytest.mark.parametrize(
        "text",
        [
            "from p import n\ndef f(): return n.g()\n",
            "from p.n import g\ndef f(): return g()\n",
            "from p.n import g as h\ndef f(): return h()\n",
            "import p.n\ndef f(): return p.n.g()\n",
            "import p.n as q\ndef f(): return q.g()\n",
            "def f():\n    from p.n import g\n    return g()\n",
            "try:\n    from p.n import g\nexcept ImportError: pass\ndef f(): return g()\n",
            "from p import g\ndef f(): return g()\n",
        ],
    )
    def test_ways_to_import(self, text: str) -> None:
        others = {"p": "from p.n import g\n", "p.n": "C = 1\ndef g(): return C\ndef unused(): pass\n"}
        assert reached(text, **others) == {"m.f", "p.n.g", "p.n.C"}

    def test_a_module_that_is_handed_on_counts_whole(self) -> None:
        assert reached("import n\ndef f(): return vars(n)\n", n="A = 1\nB = 2\n") == {"m.f", "n.A", "n.B"}

    def test_a_root_without_a_name_counts_with_its_whole_module(self) -> None:
        assert set(version({"m": "A = 1\ntable = [lambda: A]\n"}, "m.<lambda>")) == {"m.A", "m.table"}

    def test_functions_that_call_each_other(self) -> None:
        assert reached("def f(): return g()\ndef g(): return f()\n") == {"m.f", "m.g"}

    def test_an_end_is_known_by_its_name_alone(self) -> None:
        text = "A = {}\ndef f(): return A\n"
        one, another = (
            Code({"m": text.format(value)}.get, lambda symbol: symbol.name == "A").reached([Symbol("m", "f")])
            for value in (1, 2)
        )
        assert one == another
        assert set(one) == {Symbol("m", "f")}

    def test_a_relative_import_is_refused(self) -> None:
        with pytest.raises(ValueError, match="relative import"):
            version({"m": "from . import g\ndef f(): return g\n"})


PACKAGE = Path(symbols.__file__).parents[1]
HOUSE = sorted([*(PACKAGE / "tables").glob("*.py"), *(PACKAGE / "league").glob("*.py"), PACKAGE / "schema/feature.py"])


_STAND_ALONE = """
import importlib.util, json, sys
spec = importlib.util.spec_from_file_location("symbols", sys.argv[1])
symbols = importlib.util.module_from_spec(spec)
sys.modules["symbols"] = symbols
spec.loader.exec_module(symbols)
given = json.load(sys.stdin)
ends = {symbols.Symbol(*end) for end in given["ends"]}
code = symbols.Code(given["texts"].get, ends.__contains__)
found = [code.reached([symbols.Symbol(*root)]) for root in given["roots"]]
json.dump([{str(symbol): hash_ for symbol, hash_ in one.items()} for one in found], sys.stdout)
"""


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13"])
def test_every_python_version_finds_the_same(version: str) -> None:
    found = needs_python(version)
    names = [f"nba_assets.{path.parent.name}.{path.stem}" for path in HOUSE if path.stem != "__init__"]
    bound = [Symbol(name, symbol) for name in names for symbol in vars(import_module(name))]
    ends = {symbol for symbol in bound if is_declaration(symbol)}
    functions = [function for table in TABLES.values() for function in (table.compute, table.expect, table.reject)]
    roots = [Symbol(f.__module__, f.__name__) for f in functions if f is not none_expected and f is not None]
    texts = {name: text_of(name) for name in names}
    given = json.dumps({"texts": texts, "ends": [*ends], "roots": roots})
    answer = subprocess.run(
        [found, "-c", _STAND_ALONE, symbols.__file__], input=given, capture_output=True, text=True, check=True
    )
    here = Code(texts.get, ends.__contains__)
    assert json.loads(answer.stdout) == [{str(s): h for s, h in here.reached([root]).items()} for root in roots]
    assert {str(s): h for s, h in code_around("nba_assets.tables").reached(roots).items()} == {
        name: hash_ for of_root in json.loads(answer.stdout) for name, hash_ in of_root.items()
    }

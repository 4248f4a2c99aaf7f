"""Every setting, typed, in one object; from the environment or `.env`, with defaults that run on a laptop.

Reading a setting happens here and nowhere else; what a setting means is the business of the room that uses it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Collection
from datetime import UTC, date, datetime, timedelta
from difflib import get_close_matches
from enum import StrEnum
from pathlib import Path
from pkgutil import resolve_name
from string import Formatter
from typing import TYPE_CHECKING, Annotated, Any, get_args
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from nba_assets.dotenv_file import DotenvError, find_file
from nba_assets.league.calendar import COUNTING_TYPES, EASTERN, season_start_year
from nba_assets.quality.policies import policies
from nba_assets.schema.policy import Completeness, Policy
from nba_assets.sources.registry import SOURCES, is_made_up
from nba_assets.warehouse.registry import WAREHOUSES

if TYPE_CHECKING:
    from nba_assets.sources.nba_api.settings import NbaApiSettings


class SettingsError(ValueError):
    """A setting has a value that it cannot have; the message names it and what is allowed."""


class StateError(ValueError):
    """What lies in NBA_HOME cannot be used; the message names it, and how to go on."""


def _comma_list(value: Any) -> Any:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def _one_of(registered: Collection[str]) -> AfterValidator:
    def checked(name: str) -> str:
        if name not in registered:
            raise ValueError(f"allowed: {', '.join(registered)}")
        return name

    return AfterValidator(checked)


_MOST_DAYS, _MOST_SECONDS = 36_500, 1e6
"""Beyond these there is no calendar, and no clock that waits."""


def _days_ago(value: list[int]) -> list[int]:
    if any(not 1 <= days <= _MOST_DAYS for days in value):
        raise ValueError("numbers of days, of 1 and more, like 1,3,7")
    return value


YEARS = range(1946, 2100)
"""From the league's first season to as far as two digits name a season: days before and after them can be reckoned."""


def _as_typed(read: Callable[[str], Any], example: str) -> BeforeValidator:
    """What a person types is read as ISO 8601 alone: digits would be taken for seconds since 1970."""

    def checked(value: Any) -> Any:
        if not isinstance(value, str):
            return value
        try:
            moment = read(value)
        except ValueError:
            raise ValueError(f"write it like {example}") from None
        if moment.year not in YEARS:
            raise ValueError(f"must be in the years {YEARS[0]} to {YEARS[-1]}")
        return moment

    return BeforeValidator(checked)


Day = Annotated[date, _as_typed(date.fromisoformat, "2021-11-01")]
Moment = Annotated[datetime, _as_typed(datetime.fromisoformat, "2021-11-01T09:00")]
DayList = Annotated[list[int], NoDecode, BeforeValidator(_comma_list), AfterValidator(_days_ago)]
CommaList = Annotated[list[str], NoDecode, BeforeValidator(_comma_list)]


_LONGEST_PATH = 4_000
"""A little less than operating systems allow: files below it need room."""


def _named(value: Any) -> Any:
    if value == "":
        raise ValueError("is empty: name a place, or take the setting away")
    if isinstance(value, str) and ("\0" in value or len(value) > _LONGEST_PATH or not _is_text(value)):
        raise ValueError(f"cannot be a place: it must be UTF-8, and no more than {_LONGEST_PATH:,} characters")
    return value


def _is_text(value: str) -> bool:
    """Whether it can be written as UTF-8; the bytes of a name that is not come as lone surrogates."""
    return not any("\ud800" <= character <= "\udfff" for character in value)


Place = Annotated[Path, BeforeValidator(_named)]
"""A file or directory; Path("") would be the working directory."""
_PLACES = ("home", "data_dir", "duckdb_path", "api_cache_dir")
DEFAULT_HOME = ".nba"


class _BesideTheFile(DotEnvSettingsSource):
    """What `.env` says: relative places in it are beside the file, and so is the home, wherever a command is run."""

    def __call__(self) -> dict[str, Any]:
        """The values by field."""
        found = super().__call__()
        file = find_file()
        if file is None:
            return found
        given = {"home": DEFAULT_HOME} | found
        return given | {name: str(file.path.parent / given[name]) for name in _PLACES if given.get(name)}


EXECUTORS = ("in_process", "multiprocess")
"""Dagster's own, by name; any other is named by its place."""


def _is_executor(value: str) -> str:
    if value not in EXECUTORS and not all(value.partition(":")):
        raise ValueError(f"allowed: {', '.join(EXECUTORS)}, or a place like package.module:executor")
    return value


def _is_season(value: str) -> str:
    try:
        year = season_start_year(value)
    except ValueError:
        raise ValueError("write it like 2021-22") from None
    if year not in YEARS:
        raise ValueError(f"must begin in the years {YEARS[0]} to {YEARS[-1]}")
    return value


def _require_web_address(text: str) -> None:
    if not text.startswith(("http://", "https://")):
        raise ValueError("must be an address that begins with http:// or https://")
    try:
        has_host = bool(urlsplit(text).hostname)
    except ValueError:
        has_host = False
    if not has_host or not text.isprintable() or " " in text or len(text) > _LONGEST_ADDRESS:
        raise ValueError(f"must be an address with a host, without blanks, of at most {_LONGEST_ADDRESS:,} characters")


_LONGEST_ADDRESS = 2_000
"""What browsers and servers take, and messages have room for."""


class SmtpSecurity(StrEnum):
    """How a connection to a mail server is encrypted: after STARTTLS, from its first byte, or not."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


class Settings(BaseSettings):
    """All settings. `NBA_HOME` holds all state.

    Relative paths are relative to the working directory; those of a `.env` file, and the default of NBA_HOME where
    there is one, to its directory.
    """

    model_config = SettingsConfigDict(env_prefix="NBA_", extra="ignore", frozen=True, allow_inf_nan=False)

    source: Annotated[str, _one_of(SOURCES)] = "simulated"
    data_dir: Place | None = None
    counting_types: CommaList = []
    seed: int = 2021
    warehouse: Annotated[str, _one_of(WAREHOUSES)] = "duckdb"
    home: Place = Path(DEFAULT_HOME)
    given_dagster_home: Place | None = Field(default=None, validation_alias="DAGSTER_HOME")
    duckdb_path: Place | None = None
    executor: Annotated[str, AfterValidator(_is_executor)] = "in_process"
    partitions_start: Day = date(2021, 10, 1)
    partitions_end: Day | None = None
    completeness: Completeness = Completeness.RELATIVE
    policy: Annotated[dict[str, dict[str, Any]], NoDecode] = {}
    publishing_delay_hours: float = Field(default=30.0, ge=0, le=24 * _MOST_DAYS)
    late_limit_days: int = Field(default=14, gt=0, le=_MOST_DAYS)
    reread_days: DayList = [1, 3, 7]
    now: Moment | None = None
    coverage_url: str | None = None
    dagster_url: str | None = None
    code_url: str | None = None
    drift_baseline: Annotated[str, AfterValidator(_is_season)] | None = None
    drift_psi: float = Field(default=0.25, gt=0)
    drift_null_share: float = Field(default=0.1, ge=0, le=1)

    bigquery_project: str | None = None
    bigquery_location: str = "US"
    bigquery_dataset_prefix: str = ""
    bigquery_endpoint: str | None = None
    bigquery_credentials: SecretStr | None = None
    bigquery_load_jobs_per_day: int = Field(default=1000, gt=0)
    bigquery_job_seconds: float = Field(default=3600.0, gt=0, le=_MOST_SECONDS)
    bigquery_maximum_bytes_billed: int | None = Field(default=None, gt=0)

    api_cache_dir: Place | None = None
    api_calls_per_second: float = Field(default=0.6, ge=1e-4, allow_inf_nan=True)
    api_calls_per_ten_minutes: float | None = Field(default=None, ge=1, allow_inf_nan=True)
    api_timeout_seconds: float = Field(default=30.0, gt=0, le=_MOST_SECONDS)
    api_max_attempts: int = Field(default=5, gt=0)
    api_cut_off_seconds: float = Field(default=300.0, gt=0, le=_MOST_SECONDS)
    api_proxy: str | None = None
    api_base_url: str | None = None
    api_schedule_url: str | None = None
    api_session: str | None = None
    api_shots_window_days: int = Field(default=7, gt=0, le=_MOST_DAYS)
    api_play_by_play: bool = False
    api_birth_dates: bool = False

    heartbeat_url: SecretStr | None = None
    alerts_to: CommaList = []
    alerts_critical_to: CommaList = []
    alerts_warning_to: CommaList = []
    alerts_info_to: CommaList = []
    alerts_daily_budget: int = Field(default=20, gt=0)
    alerts_smtp_host: str | None = None
    alerts_smtp_port: int | None = Field(default=None, gt=0, lt=65536)
    alerts_smtp_security: SmtpSecurity = SmtpSecurity.STARTTLS
    alerts_smtp_from: str | None = Field(default=None, validate_default=True)
    alerts_smtp_user: str | None = None
    alerts_smtp_password: SecretStr | None = Field(default=None, validate_default=True)
    alerts_webhook_url: SecretStr | None = None
    alerts_critical_webhook_url: SecretStr | None = None
    alerts_warning_webhook_url: SecretStr | None = None
    alerts_info_webhook_url: SecretStr | None = None
    ses_region: str = Field(default="us-west-2", validation_alias="AWS_SES_REGION")
    ses_from_email: str | None = Field(default=None, validation_alias="AWS_SES_FROM_EMAIL")
    ses_access_key_id: SecretStr | None = Field(default=None, validation_alias="AWS_SES_ACCESS_KEY_ID")
    ses_secret_access_key: SecretStr | None = Field(default=None, validation_alias="AWS_SES_SECRET_ACCESS_KEY")
    ses_endpoint: str | None = Field(default=None, validation_alias="AWS_SES_ENDPOINT")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003  ours knows where the file is
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """What is given, then the environment, then the nearest `.env`."""
        file = find_file()
        return init_settings, env_settings, _BesideTheFile(settings_cls, env_file=None if file is None else file.path)

    @field_validator("policy", mode="before")
    @classmethod
    def _policy_is_json(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value)
        except ValueError as error:
            raise ValueError(f'must be JSON like {{"player_daily_cache": {{"min_share": 0.8}}}} ({error})') from error

    @field_validator("partitions_end")
    @classmethod
    def _ends_after_the_start(cls, value: date | None, info: ValidationInfo) -> date | None:
        start = info.data.get("partitions_start")  # absent if it is wrong itself, which is said then
        if value is not None and start is not None and value < start:
            raise ValueError(f"is before the first partition, {start} (NBA_PARTITIONS_START)")
        return value

    @field_validator("heartbeat_url")
    @classmethod
    def _is_an_address(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            _require_web_address(value.get_secret_value())
        return value

    @field_validator(
        "alerts_webhook_url", "alerts_critical_webhook_url", "alerts_warning_webhook_url", "alerts_info_webhook_url"
    )
    @classmethod
    def _is_an_address_or_none(cls, value: SecretStr | None) -> SecretStr | None:
        return cls._is_an_address(value) if value else None

    @field_validator("alerts_smtp_from")
    @classmethod
    def _sends_from_an_address(cls, value: str | None, info: ValidationInfo) -> str | None:
        if not value and info.data.get("alerts_smtp_host"):
            raise ValueError("set it to the sender's address: NBA_ALERTS_SMTP_HOST is set")
        if value and ("@" not in value or not value.isprintable()):
            raise ValueError("must be an address like alerts@example.org")
        return value

    @field_validator("alerts_smtp_password")
    @classmethod
    def _has_a_password(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if bool(value) != bool(info.data.get("alerts_smtp_user")):
            raise ValueError("set it together with NBA_ALERTS_SMTP_USER, or neither")
        return value

    @field_validator("coverage_url", "dagster_url", "code_url")
    @classmethod
    def _is_a_page(cls, value: str | None) -> str | None:
        if not value:
            return None
        _require_web_address(value)
        return value.rstrip("/")

    @field_validator("api_base_url")
    @classmethod
    def _has_a_place_for_the_endpoint(cls, value: str | None) -> str | None:
        if value is not None:
            _require_web_address(value)
            if sorted(name for _, name, _, _ in Formatter().parse(value) if name is not None) != ["endpoint"]:
                raise ValueError("must contain {endpoint}, as in https://HOST/stats/{endpoint}")
        return value

    @field_validator("counting_types")
    @classmethod
    def _types_count(cls, value: list[str]) -> list[str]:
        unknown = sorted(set(value) - COUNTING_TYPES)
        if unknown:
            raise ValueError(f"{', '.join(unknown)} does not count; allowed: {', '.join(sorted(COUNTING_TYPES))}")
        return value

    @property
    def state(self) -> Path:
        """Where warehouse and Dagster's instance lie; a made-up league never shares them with the real one."""
        return (self.home / self.source if is_made_up(self.source) else self.home).absolute()

    @property
    def warehouse_path(self) -> Path:
        """The DuckDB file."""
        return (self.duckdb_path or self.state / "warehouse.duckdb").absolute()

    @property
    def dagster_home(self) -> Path:
        """Dagster's instance directory: runs, events, schedules. DAGSTER_HOME, else our own."""
        return (self.given_dagster_home or self._own_dagster_home).absolute()

    @property
    def has_own_dagster_home(self) -> bool:
        """Whether Dagster's directory is ours to make and to configure, rather than somebody's own."""
        return self.dagster_home.resolve() == self._own_dagster_home.resolve()

    @property
    def _own_dagster_home(self) -> Path:
        return self.state / "dagster"

    @property
    def heartbeat_file(self) -> Path:
        """What is written at every healthy tick of the daemon."""
        return self.state / "heartbeat"

    @property
    def coverage_page(self) -> Path:
        """The page with all dates, as it was last computed."""
        return self.state / "coverage.html"

    @property
    def cache_dir(self) -> Path:
        """Where the live source keeps what it fetched."""
        return (self.api_cache_dir or self.home / "cache").absolute()

    @property
    def policies(self) -> dict[str, Policy]:
        """The completeness policy of every table."""
        return policies(self.policy)

    @property
    def covered_types(self) -> frozenset[str]:
        """The game types that the source has box scores for: as set, else what the source usually has."""
        return frozenset(self.counting_types) or SOURCES[self.source].counting_types

    @property
    def publishing_delay(self) -> timedelta:
        """How long after the Eastern midnight that begins a date its results must be there."""
        return timedelta(hours=self.publishing_delay_hours)

    @property
    def late_limit(self) -> timedelta:
        """How long after its date what is missing of a game is waited for."""
        return timedelta(days=self.late_limit_days)

    def clock(self) -> datetime:
        """The present moment, or the one that NBA_NOW sets; UTC."""
        moment = self.now or datetime.now(UTC)
        return (moment if moment.tzinfo else moment.replace(tzinfo=EASTERN)).astimezone(UTC)

    def nba_api(self) -> NbaApiSettings:
        """What the live source wants to know. Raises SettingsError if NBA_API_SESSION names no function."""
        from nba_assets.sources.nba_api.settings import NbaApiSettings  # loads the client: only where it is used

        return NbaApiSettings(
            cache_dir=self.cache_dir,
            calls_per_second=self.api_calls_per_second,
            calls_per_ten_minutes=self.api_calls_per_ten_minutes,
            timeout_seconds=self.api_timeout_seconds,
            max_attempts=self.api_max_attempts,
            cut_off_seconds=self.api_cut_off_seconds,
            proxy=self.api_proxy,
            base_url=self.api_base_url,
            schedule_url=self.api_schedule_url,
            open_session=_function(self.api_session, "NBA_API_SESSION") if self.api_session else None,
            shots_window_days=self.api_shots_window_days,
            game_types=frozenset(self.counting_types) or COUNTING_TYPES,
            play_by_play=self.api_play_by_play,
            birth_dates=self.api_birth_dates,
            publishing_delay=self.publishing_delay,
            late_limit=self.late_limit,
        )


def unknown_settings() -> dict[str, str | None]:
    """Names in the environment and in `.env` that look like settings of ours and are none, each with the nearest.

    Raises SettingsError if the file cannot be read.
    """
    known = known_variables()
    given = {*os.environ, *set_by_file()}
    unknown = sorted(n for n in given if n.startswith(("NBA_", "AWS_SES_")) and not n.startswith("NBA_TEST_"))
    return {n: next(iter(get_close_matches(n, known, 1)), None) for n in unknown if n not in known}


def origin(name: str) -> str:
    """Where a variable's value comes from: environment, the path of the `.env` file, or default."""
    if name in os.environ:
        return "environment"
    file = find_file()
    return str(file.path) if file is not None and name in file.values else "default"


def load_settings(**overrides: Any) -> Settings:
    """The settings as they are now; raises SettingsError naming each bad value and what is allowed."""
    try:
        settings = Settings(**overrides)
        _ = settings.policies
    except ValidationError as error:
        raise SettingsError("\n".join(_explain(problem) for problem in error.errors())) from error
    except ValueError as error:
        raise SettingsError(str(error)) from error
    return settings


def variables_set() -> list[str]:
    """The variables of the environment that set something of ours, and where BigQuery finds its credentials."""
    return sorted((known_variables() | {"GOOGLE_APPLICATION_CREDENTIALS"}) & os.environ.keys())


def places_set(settings: Settings) -> dict[str, str]:
    """The variables that name places, absolute: what a process in another directory must be given."""
    places = {variable(field): getattr(settings, field) for field in _PLACES}
    return {name: str(place.absolute()) for name, place in places.items() if place is not None}


def set_by_file() -> dict[str, str]:
    """What `.env` sets; raises SettingsError."""
    try:
        file = find_file()
    except DotenvError as error:
        raise SettingsError(str(error)) from error
    return {} if file is None else {name: value for name, value in file.values.items() if value is not None}


def found_at(place: str, variable: str) -> Any:
    """What a setting names by its place, like "package.module:name"; raises SettingsError if it cannot be imported."""
    try:
        return resolve_name(place)
    except Exception as error:  # whatever a module of the user's own raises when it is imported
        raise SettingsError(
            f"{variable}={place}: cannot be imported ({type(error).__name__}: {error}). Is it installed here, or its "
            "directory in PYTHONPATH?"
        ) from error


def _function(place: str, variable: str) -> Callable[[], Any]:
    """The function that a setting names, like "package.module:function"; raises SettingsError if there is none."""
    if not all(place.partition(":")):
        raise SettingsError(f"{variable}={place}: write it like package.module:function")
    found = found_at(place, variable)
    if not callable(found):
        raise SettingsError(f"{variable}={place}: is no function but {type(found).__name__}")
    function: Callable[[], Any] = found
    return function


def known_variables() -> set[str]:
    """The variables of the environment that set a field."""
    return {variable(field) for field in Settings.model_fields}


def variable(field: str) -> str:
    """The variable of the environment that sets a field."""
    return str(Settings.model_fields[field].validation_alias or f"NBA_{field.upper()}")


def _is_secret(field: str) -> bool:
    return field in Settings.model_fields and SecretStr in get_args(Settings.model_fields[field].annotation)


def _explain(problem: Any) -> str:
    field = str(problem["loc"][0])
    name = variable(field) if field in Settings.model_fields else field
    value = "(not shown)" if _is_secret(field) else os.environ.get(name, problem.get("input"))
    place = origin(name)
    where = "" if place in ("environment", "default") else f" (in {place})"
    message = problem["msg"].removeprefix("Value error, ")
    if problem["type"] == "enum":
        allowed: Any = Settings.model_fields[field].annotation
        message = f"allowed: {', '.join(allowed)}"
    return f"{name}={value}{where}: {message}"

"""Every setting of the product, typed, read once from the environment; README.md lists them all."""

from __future__ import annotations

import hmac
import json
import os
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from hashlib import sha256
from pathlib import Path
from tempfile import gettempdir
from typing import Any
from urllib.parse import urlsplit

MODES = ("demo", "development", "test", "production")
LONGEST_SOCKET_FOLDER = 90
LEAST_OF_A_KEY = 32
LEAST_OF_A_SHARED_KEY = 16
LEAST_DIFFERENT = 8
STRIPE_CHECKOUT = "https://checkout.stripe.com"


class SettingsError(ValueError):
    """The environment does not make a product that may start; the text names the variable and the cure."""


def _env(name: str, default: Any, doc: str) -> Any:
    return field(default=default, metadata={"env": name, "doc": doc})


@dataclass(frozen=True)
class Settings:
    """What the environment says. Paths are absolute; spans carry their unit in the name."""

    mode: str = _env("BATON_MODE", "development", "`demo`, `development`, `test` or `production`")
    data: str = _env("BATON_DATA", "var", "folder for the database, Valkey, files, mails and logs")
    host: str = _env("BATON_HOST", "127.0.0.1", "address that the web and live processes listen on")
    port: int = _env("BATON_PORT", 8000, "port of the web process")
    live_port: int = _env("BATON_LIVE_PORT", 0, "port of the live process; 0 is the web port + 1")
    live_url: str = _env(
        "BATON_LIVE_URL", "", "public ws:// or wss:// origin of the live process; empty: same host, live port"
    )
    public_url: str = _env("BATON_PUBLIC_URL", "", "address in mails and links; empty: http://HOST:PORT")
    trusted_hosts: str = _env(
        "BATON_TRUSTED_HOSTS", "", "host names that are answered, separated by commas; required in production"
    )
    behind_proxy: int = _env(
        "BATON_PROXIES", 0, "how many reverse proxies stand in front, whose X-Forwarded headers are believed"
    )
    secret_key: str = _env(
        "SECRET_KEY", "", "signs cookies; at least 32 characters in production, otherwise made and kept in BATON_DATA"
    )
    field_key: str = _env(
        "BATON_FIELD_KEY",
        "",
        "keys that seal private answers, separated by commas, the newest first; empty: derived from SECRET_KEY",
    )
    database_url: str = _env(
        "DATABASE_URL", "", "PostgreSQL, e.g. postgresql://baton@db/baton; empty: SQLite in BATON_DATA"
    )
    redis_url: str = _env(
        "REDIS_URL", "", "Valkey or Redis; empty: `baton up` starts one on a unix socket in BATON_DATA"
    )
    web_processes: int = _env("BATON_WEB_PROCESSES", 1, "gunicorn worker processes")
    web_threads: int = _env("BATON_WEB_THREADS", 8, "threads in each of them")
    brand: str = _env("BATON_BRAND", "Baton", "name shown to customers")
    support_email: str = _env("BATON_SUPPORT_EMAIL", "help@localhost", 'address behind "Contact us"')
    time_zone: str = _env("BATON_TIME_ZONE", "Europe/London", "zone of people and organisations that set none")
    flow_folders: str = _env(
        "BATON_FLOW_FOLDERS", "", "folders of flows without Python, separated by the path separator"
    )
    mail_url: str = _env(
        "BATON_MAIL_URL", "", "smtp://user:password@host:587 or smtps://; empty: files in BATON_DATA/mail"
    )
    mail_from: str = _env("BATON_MAIL_FROM", "Baton <no-reply@localhost>", "sender of mails")
    digest_hour: int = _env(
        "BATON_DIGEST_HOUR", 17, "hour of a customer's day from which the daily mail about unread messages is sent"
    )
    provision_url: str = _env("BATON_PROVISION_URL", "", "webhook that provisions products whose provider is `webhook`")
    webhook_secret: str = _env("BATON_WEBHOOK_SECRET", "", "key of webhook signatures; empty: derived from SECRET_KEY")
    webhook_hosts: str = _env(
        "BATON_WEBHOOK_HOSTS", "", "hosts a webhook may reach although private or plain http, separated by commas"
    )
    vapid_key: str = _env(
        "BATON_VAPID_KEY",
        "",
        "private key of Web Push, 32 bytes in url-safe base64; empty: made once and kept in BATON_DATA",
    )
    fcm_account: str = _env(
        "BATON_FCM_ACCOUNT", "", "service account of Firebase: the path of its JSON file; empty: no pushes to the app"
    )
    fcm_url: str = _env("BATON_FCM_URL", "https://fcm.googleapis.com", "where FCM is")
    agreements_url: str = _env(
        "BATON_AGREEMENTS_URL", "", "housing system that is asked for agreements; empty: `baton agreements import`"
    )
    agreements_token: str = _env("BATON_AGREEMENTS_TOKEN", "", "bearer token for the housing system")
    upload_mb: int = _env(
        "BATON_UPLOAD_MB", 100, "the largest file, and the largest form with files, that is taken at all, in MB"
    )
    clamd: str = _env(
        "BATON_CLAMD",
        "",
        "clamd that scans every file, HOST:PORT or the path of its socket; empty: files are not scanned",
    )
    stripe_key: str = _env("BATON_STRIPE_KEY", "", "secret key of Stripe (sk_...); empty: nobody pays by card")
    stripe_webhook_secret: str = _env(
        "BATON_STRIPE_WEBHOOK_SECRET", "", "signing secret (whsec_...) of the Stripe endpoint at /hooks/stripe"
    )
    stripe_api_base: str = _env("BATON_STRIPE_API_BASE", "", "where Stripe's API is; empty: Stripe itself")
    bank_details: str = _env(
        "BATON_BANK_DETAILS", "", "text shown to whoever pays by bank transfer; empty: nobody is told of bank transfers"
    )
    staff_totp: str = _env(
        "BATON_STAFF_TOTP", "", "`required` or `optional`; empty: optional in demo mode, else required"
    )
    min_app_version: str = _env("BATON_MIN_APP_VERSION", "1.0.0", "apps that say they are older are told to update")
    app_stores: str = _env("BATON_APP_STORES", "", "where the app is to be had: web addresses, separated by commas")
    ios_app: str = _env("BATON_IOS_APP", "", "apps that open our links on iOS: TEAMID.bundle.id, separated by commas")
    android_app: str = _env(
        "BATON_ANDROID_APP", "", "the same on Android: package=SHA-256 of its certificate, separated by commas"
    )
    log_level: str = _env("BATON_LOG_LEVEL", "INFO", "DEBUG, INFO, WARNING or ERROR")

    @classmethod
    def from_env(cls, env: Mapping[str, str] | None = None, **overrides: object) -> Settings:
        """Read the environment (or `env`), then `overrides` by field name; raises SettingsError on nonsense."""
        source = os.environ if env is None else env
        given: dict[str, object] = {}
        for f in fields(cls):
            raw = source.get(f.metadata["env"], "")
            if raw != "":
                given[f.name] = _number(f.metadata["env"], raw) if isinstance(f.default, int) else raw
        settings = cls(**{**given, **overrides})  # type: ignore[arg-type]  # the names come from the fields themselves
        settings._check()
        return settings

    def _check(self) -> None:
        if self.mode not in MODES:
            raise SettingsError(f"BATON_MODE is {self.mode!r}; use one of {', '.join(MODES)}")
        if self.staff_totp not in ("", "required", "optional"):
            raise SettingsError(f"BATON_STAFF_TOTP is {self.staff_totp!r}; use required or optional")
        if not 1 <= self.port <= 65535:
            raise SettingsError(f"BATON_PORT is {self.port}; use a port from 1 to 65535")
        if any(not _is_field_key(key) for key in self.field_keys):
            raise SettingsError(
                "BATON_FIELD_KEY is no list of keys; each has 32 bytes in url-safe base64: python -c "
                "'from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())'"
            )
        if self.vapid_key and not _is_field_key(self.vapid_key + "=" * (-len(self.vapid_key) % 4)):
            raise SettingsError("BATON_VAPID_KEY is no key; use 32 bytes in url-safe base64, or leave it empty")
        if self.fcm_account:
            self.fcm()
        if not 0 <= self.digest_hour <= 23:
            raise SettingsError(f"BATON_DIGEST_HOUR is {self.digest_hour}; use an hour from 0 to 23")
        if not 1 <= self.upload_mb <= 1024:
            raise SettingsError(f"BATON_UPLOAD_MB is {self.upload_mb}; use a number of MB from 1 to 1024")
        if self.clamd and not self.clamd.startswith("/") and not self.clamd.rpartition(":")[2].isdigit():
            raise SettingsError(f"BATON_CLAMD is {self.clamd!r}; use HOST:PORT, or the path of a socket")
        if self.stripe_key and not self.stripe_webhook_secret:
            raise SettingsError(
                "BATON_STRIPE_WEBHOOK_SECRET is empty; set the signing secret of the endpoint /hooks/stripe, "
                "or nobody hears that a payment came"
            )
        if not _is_web_address(self.stripe_api_base, "https" if self.mode == "production" else "http"):
            raise SettingsError(
                f"BATON_STRIPE_API_BASE is {self.stripe_api_base!r}; use https://host, or leave it empty"
            )
        if not all(part.isascii() and part.isdigit() for part in self.min_app_version.split(".")):
            raise SettingsError(f"BATON_MIN_APP_VERSION is {self.min_app_version!r}; use numbers such as 1.4.0")
        if self.mode == "production":
            self._check_production()

    def _check_production(self) -> None:
        if _is_weak(self.secret_key, LEAST_OF_A_KEY):
            raise SettingsError(
                "SECRET_KEY is weak; set 32 or more random characters: "
                "python -c 'import secrets; print(secrets.token_hex())'"
            )
        if self.webhook_secret and _is_weak(self.webhook_secret, LEAST_OF_A_SHARED_KEY):
            raise SettingsError(
                "BATON_WEBHOOK_SECRET is weak; set 16 or more random characters, or leave it empty to derive one"
            )
        address = urlsplit(self.public_url)
        if address.scheme not in ("http", "https") or not address.hostname:
            raise SettingsError(
                f"BATON_PUBLIC_URL is {self.public_url!r}; set https://host, because links in mails stand on it"
            )
        if not self.hosts or any("*" in host for host in self.hosts):
            raise SettingsError(
                f"BATON_TRUSTED_HOSTS is {self.trusted_hosts!r}; name each host, or .example.com for all below it"
            )

    @property
    def hosts(self) -> list[str]:
        """The host names that are answered; none means all."""
        return [host.strip() for host in self.trusted_hosts.split(",") if host.strip()]

    @property
    def field_keys(self) -> list[str]:
        """The keys of private answers, the newest first; none: one derived from SECRET_KEY does it alone."""
        return [key.strip() for key in self.field_key.split(",") if key.strip()]

    @property
    def folder(self) -> Path:
        return Path(self.data).resolve()

    @property
    def is_demo(self) -> bool:
        return self.mode == "demo"

    @property
    def database(self) -> str:
        """SQLAlchemy URL: SQLite in the data folder unless DATABASE_URL says otherwise; psycopg 3 for PostgreSQL."""
        url = self.database_url or f"sqlite:///{self.folder / 'baton.db'}"
        for prefix in ("postgres://", "postgresql://"):
            if url.startswith(prefix):
                return "postgresql+psycopg://" + url.removeprefix(prefix)
        return url

    @property
    def redis(self) -> str:
        """REDIS_URL, else the socket of our own Valkey: in the data folder, unless its path is too long for kernels."""
        if self.redis_url:
            return self.redis_url
        folder = self.folder
        if len(os.fsencode(folder)) > LONGEST_SOCKET_FOLDER:
            folder = Path(gettempdir()) / f"baton-{sha256(os.fsencode(folder)).hexdigest()[:16]}"
        return f"unix://{folder / 'valkey.sock'}"

    @property
    def origin(self) -> str:
        return (self.public_url or f"http://{self.host}:{self.port}").rstrip("/")

    @property
    def port_of_live(self) -> int:
        return self.live_port or self.port + 1

    @property
    def has_own_provider(self) -> bool:
        """Whether products are set up by the listener that comes with the demo."""
        return self.is_demo and not self.provision_url

    @property
    def port_of_provider(self) -> int:
        return self.port + 2

    @property
    def has_own_checkout(self) -> bool:
        """Whether payments by card go to the stand-in that comes with the demo."""
        return self.is_demo and not self.stripe_key

    @property
    def port_of_checkout(self) -> int:
        return self.port + 3

    @property
    def takes_cards(self) -> bool:
        """Whether anybody can pay by card."""
        return bool(self.stripe_key) or self.has_own_checkout

    @property
    def stripe_base(self) -> str:
        """Where Stripe's API is asked; empty: where its library says."""
        base = f"http://127.0.0.1:{self.port_of_checkout}" if self.has_own_checkout else self.stripe_api_base
        return base.rstrip("/")

    @property
    def checkout_origin(self) -> str:
        """Where customers are sent to pay: what forms may lead to."""
        if self.has_own_checkout:
            return f"http://{urlsplit(self.origin).hostname or self.host}:{self.port_of_checkout}"
        if not self.stripe_key:
            return ""
        address = urlsplit(self.stripe_api_base)
        return f"{address.scheme}://{address.netloc}" if self.stripe_api_base else STRIPE_CHECKOUT

    @property
    def provisioning_url(self) -> str:
        """Where products with the provider `webhook` are set up; in the demo a listener that comes with it."""
        return f"http://127.0.0.1:{self.port_of_provider}/provision" if self.has_own_provider else self.provision_url

    @property
    def folders_of_flows(self) -> list[Path]:
        """Folders of flows without Python: those of BATON_FLOW_FOLDERS, and in the demo the one that comes with it."""
        named = [Path(folder) for folder in self.flow_folders.split(os.pathsep) if folder]
        return [*named, Path(__file__).parent.parent / "worker" / "demo" / "flows"] if self.is_demo else named

    @property
    def trusted_webhook_hosts(self) -> str:
        """Hosts that a webhook may reach although private or plain http; in the demo its own listener too."""
        return self.webhook_hosts + (f",127.0.0.1:{self.port_of_provider}" if self.has_own_provider else "")

    @property
    def totp_required(self) -> bool:
        return (self.staff_totp or ("optional" if self.is_demo else "required")) == "required"

    def signing_key(self) -> str:
        """SECRET_KEY, or outside production one made once and kept in the data folder, readable by its owner only."""
        if self.secret_key:
            return self.secret_key
        return self._kept("secret.key", lambda: secrets.token_hex(32))

    def vapid(self) -> str:
        """BATON_VAPID_KEY, else one made once and kept in the data folder: browsers subscribe to this very key."""
        return self.vapid_key or self._kept("vapid.key", _new_vapid_key)

    def fcm(self) -> dict[str, str]:
        """The service account of Firebase. SettingsError when its file is none."""
        try:
            account = json.loads(Path(self.fcm_account).read_text())
            return {name: str(account[name]) for name in ("project_id", "client_email", "private_key", "token_uri")}
        except (OSError, ValueError, KeyError, TypeError) as fault:
            raise SettingsError(
                f"BATON_FCM_ACCOUNT is {self.fcm_account!r}, no service account ({type(fault).__name__}: {fault}); use "
                "the path of the JSON file that Firebase gives out"
            ) from None

    def _kept(self, name: str, make: Callable[[], str]) -> str:
        """A secret that is made once and kept in the data folder, readable by its owner only."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(make())
        except FileExistsError:
            pass
        return path.read_text()

    def webhook_key(self) -> str:
        """The key of webhook signatures: BATON_WEBHOOK_SECRET, else one derived from SECRET_KEY."""
        return self.webhook_secret or hmac.new(self.signing_key().encode(), b"webhooks", "sha256").hexdigest()

    def stripe_keys(self) -> tuple[str, str]:
        """The secret key and the signing secret of Stripe; the stand-in's are made from SECRET_KEY."""
        if not self.has_own_checkout:
            return self.stripe_key, self.stripe_webhook_secret
        key = self.signing_key().encode()
        made = [hmac.new(key, purpose, "sha256").hexdigest() for purpose in (b"checkout", b"checkout webhooks")]
        return f"sk_demo_{made[0]}", f"whsec_{made[1]}"

    @classmethod
    def documented(cls) -> list[tuple[str, str, str]]:
        """(variable, default, meaning) of every setting, for README and `baton doctor`."""
        return [(f.metadata["env"], str(f.default), f.metadata["doc"]) for f in fields(cls)]


def _is_weak(key: str, least: int) -> bool:
    return len(key) < least or len(set(key)) < LEAST_DIFFERENT


def _is_web_address(text: str, least: str) -> bool:
    """Whether it is empty or leads to a host; `least` is http where a connection need not be encrypted."""
    address = urlsplit(text)
    return not text or bool(address.hostname and address.scheme in ("https", least))


def _new_vapid_key() -> str:
    """A number below the order of P-256, which is all that a private key of it is."""
    return urlsafe_b64encode((secrets.randbelow(2**255) + 1).to_bytes(32)).decode()


def _is_field_key(key: str) -> bool:
    try:
        return len(urlsafe_b64decode(key)) == 32
    except ValueError:
        return False


def _number(name: str, raw: str) -> int:
    try:
        return int(raw)
    except ValueError:
        raise SettingsError(f"{name} is {raw!r}; use a whole number") from None


_current = Settings()


def use(settings: Settings) -> None:
    """Make these the settings of the process; `create_app` does it once."""
    global _current
    _current = settings


def current() -> Settings:
    """The settings of the process."""
    return _current

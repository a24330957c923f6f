"""Connections to object stores: S3 and those like it, and Google Cloud Storage, through Arrow.

Credentials, regions and endpoints come from the environment and the files that the vendors' own
tools read (docs/object-stores.md), so that worker processes have them too. What fails for a moment
is tried again here; every other error says what to do.
"""

import functools
import logging
import os
import random
import re
import time
from collections.abc import Callable
from configparser import ConfigParser
from configparser import Error as ConfigParserError
from datetime import timedelta
from typing import TypeVar
from urllib.parse import urlsplit

from pyarrow import fs

from runtime.errors import UsageError
from runtime.storage.remote import StoreError

LOG = logging.getLogger("c4forge")
ResultT = TypeVar("ResultT")
_CONNECT_SECONDS, _REQUEST_SECONDS = 10.0, 60.0
_QUICK_TRIES = 3  # of the library, within a second and without a word
_GCS_SECONDS = 10.0  # of its tries
_WAITS_SECONDS = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0)
_ALL = ("1", "YES", "TRUE", "ON")
_BRIEF = re.compile(
    r"SLOW_DOWN|SlowDown|SERVICE_UNAVAILABLE|THROTTLING|TooManyRequests|REQUEST_TIMEOUT|"
    r"INTERNAL_FAILURE|InternalError|NETWORK_CONNECTION|HTTP status (?:429|5\d\d)|curlCode|"
    r"\bUNAVAILABLE\b|RESOURCE_EXHAUSTED|DEADLINE_EXCEEDED|Retry policy exhausted"
)
_GONE = re.compile(r"^No such directory|\bNO_SUCH_KEY\b")
_ADVICE = {
    r"NO_SUCH_BUCKET|NoSuchBucket|specified bucket does not exist": (
        "there is no bucket {bucket!r}; make it first, or check its name and the endpoint{endpoint}"
    ),
    r"ACCESS_DENIED|AccessDenied|HTTP status 403|PERMISSION_DENIED|\bForbidden\b": (
        "access denied; check that {credentials} may do this there{endpoint}. For a public "
        "bucket set {anonymous}=YES"
    ),
    r"INVALID_ACCESS_KEY_ID|InvalidAccessKeyId|SIGNATURE_DOES_NOT_MATCH|SignatureDoesNotMatch|"
    r"EXPIRED_TOKEN|ExpiredToken|UNAUTHENTICATED|HTTP status 401|credentials": (
        "the credentials were refused; check {credentials}{endpoint}"
    ),
    r"HTTP status 30[17]|PermanentRedirect|AuthorizationHeaderMalformed": (
        "the bucket is in another region; set AWS_REGION to it"
    ),
}
_CREDENTIALS = {
    "s3": "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_PROFILE, or the machine's role",
    "gs": "GOOGLE_APPLICATION_CREDENTIALS, gcloud's login, or the machine's service account",
}
_ENDPOINTS = {
    "s3": ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"),
    "gs": ("STORAGE_EMULATOR_HOST",),
}
_ANONYMOUS = {"s3": "AWS_NO_SIGN_REQUEST", "gs": "GS_NO_SIGN_REQUEST"}


def split(path: str) -> tuple[str, str]:
    """Scheme and `bucket/key` of a path; a trailing slash is left out.

    Raises:
      StoreError: it names no bucket, or a folder without a name.
    """
    scheme, _, rest = path.partition("://")
    key = rest.rstrip("/")
    if "@" in key.partition("/")[0]:
        raise StoreError(
            f"{path}: expected {scheme}://bucket/name without a login; credentials come from the "
            "environment"
        )
    if not key or "//" in key or key.startswith("/"):
        raise StoreError(f"{path}: expected {scheme}://bucket/name, without empty names in it")
    return scheme.lower(), key


def call(path: str, work: Callable[[fs.FileSystem], ResultT]) -> ResultT:
    """Does work with the filesystem of a path; again, and saying so, while the store is busy.

    Args:
      work: may be done twice with the same outcome.
    Raises:
      FileNotFoundError: there is no such object.
      StoreError: the store refused, or stayed busy.
    """
    scheme, key = split(path)
    store = _connect(scheme, key.partition("/")[0], _settings(scheme))
    for wait in (*_WAITS_SECONDS, None):
        try:
            return work(store)
        except FileNotFoundError:
            raise FileNotFoundError(2, "there is no such object", path) from None
        except OSError as error:
            if _GONE.search(str(error)):
                raise FileNotFoundError(2, "there is no such object", path) from None
            if wait is None or not _BRIEF.search(str(error)):
                raise _explained(scheme, path, error) from error
            seconds = wait * random.uniform(0.75, 1.25)
            LOG.warning("%s: %s; again in %.0f s", path, _short(error), seconds)
            time.sleep(seconds)
    raise AssertionError("the last try returns or raises")


def _short(error: OSError) -> str:
    """The store's own words, without those of the library around them."""
    text = " ".join(str(error).split())
    found = re.search(r"(?:AWS Error|Status\(|error: )\s*(.*)", text)
    return (found[1] if found else text)[:200].partition(" (Request ID")[0]


def _explained(scheme: str, path: str, error: OSError) -> StoreError:
    text = str(error)
    endpoint = _endpoint(scheme)
    for pattern, advice in _ADVICE.items():
        if re.search(pattern, text):
            told = advice.format(
                bucket=split(path)[1].partition("/")[0],
                credentials=_CREDENTIALS[scheme],
                anonymous=_ANONYMOUS[scheme],
                endpoint=f" ({endpoint})" if endpoint else "",
            )
            return StoreError(f"{path}: {told}. The store said: {_short(error)}")
    if _BRIEF.search(text):
        place = f" at {endpoint}" if endpoint else ""
        return StoreError(
            f"{path}: the store{place} stayed busy or out of reach: {_short(error)}. Run the same "
            "command again later"
        )
    return StoreError(f"{path}: {_short(error)}")


def _endpoint(scheme: str) -> str:
    """The endpoint of the environment; "" for the vendor's own."""
    return next((os.environ[name] for name in _ENDPOINTS[scheme] if os.environ.get(name)), "")


def _settings(scheme: str) -> tuple[str, str, str]:
    """What decides a connection: endpoint, region and anonymous buckets of the environment."""
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or ""
    return _endpoint(scheme), region, os.environ.get(_ANONYMOUS[scheme], "")


@functools.lru_cache(64)
def _connect(scheme: str, bucket: str, settings: tuple[str, str, str]) -> fs.FileSystem:
    """The filesystem of a bucket. Made when first asked for: none lives on through a fork."""
    endpoint, region, unsigned = settings
    if scheme == "s3":
        _check_profile()
    anonymous = unsigned.upper() in _ALL or bucket in unsigned.split(",")
    kind, place = _parse_endpoint(endpoint) if endpoint else ("https", None)
    if scheme == "gs":
        return fs.GcsFileSystem(
            anonymous=anonymous or place is not None,
            endpoint_override=place,
            scheme=kind,
            retry_time_limit=timedelta(seconds=_GCS_SECONDS),
        )
    if not region:
        region = "us-east-1" if place else _region_of(bucket)
    return fs.S3FileSystem(
        anonymous=anonymous,
        endpoint_override=place,
        scheme=kind,
        region=region or None,
        connect_timeout=_CONNECT_SECONDS,
        request_timeout=_REQUEST_SECONDS,
        allow_delayed_open=True,
        retry_strategy=fs.AwsStandardS3RetryStrategy(max_attempts=_QUICK_TRIES),
        tls_ca_file_path=os.environ.get("AWS_CA_BUNDLE") or None,
    )


def _check_profile() -> None:
    """Raises UsageError if AWS_PROFILE is in neither of the files that Amazon's tools read.

    Its library would look for credentials elsewhere, for seconds, and speak of those.
    """
    profile = os.environ.get("AWS_PROFILE")
    if not profile or os.environ.get("AWS_ACCESS_KEY_ID"):
        return
    files = {
        "credentials": os.environ.get("AWS_SHARED_CREDENTIALS_FILE") or "~/.aws/credentials",
        "config": os.environ.get("AWS_CONFIG_FILE") or "~/.aws/config",
    }
    found = ConfigParser(interpolation=None, strict=False)
    paths = [os.path.expanduser(path) for path in files.values()]
    try:
        found.read(paths)
    except (ConfigParserError, OSError, UnicodeError) as error:
        raise UsageError(f"AWS_PROFILE={profile}: {error}") from None
    if not {profile, f"profile {profile}"} & set(found.sections()):
        names = sorted({name.removeprefix("profile ") for name in found.sections()})
        known = f"there are {', '.join(names)}" if names else "there are none"
        raise UsageError(f"AWS_PROFILE={profile}: no such profile in {' or '.join(paths)}; {known}")


def _parse_endpoint(endpoint: str) -> tuple[str, str]:
    """Scheme and host:port of an endpoint's URL.

    Raises:
      UsageError: it is no URL.
    """
    url = urlsplit(endpoint if "://" in endpoint else f"http://{endpoint}")
    if url.scheme not in ("http", "https") or not url.netloc:
        raise UsageError(f"the endpoint {endpoint!r}: expected http://host:port or https://host")
    return url.scheme, url.netloc


def _region_of(bucket: str) -> str:
    """The region that AWS states for a bucket; "" for the one of the profile or the machine."""
    try:
        return str(fs.resolve_s3_region(bucket))
    except OSError:  # no such bucket, or no network: the first request says so
        return ""

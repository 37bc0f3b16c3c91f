"""HTTP to systems beside ours: public addresses unless listed, pinned, five seconds and 64 KB in all, no redirects."""

from __future__ import annotations

import ipaddress
import socket
import threading
from collections.abc import Collection, Mapping
from email.utils import parsedate_to_datetime
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

import httpx

from flows import settings as settings_room
from flows.clock import clock
from flows.plugin import PassingFault, PermanentFault
from messaging.peace import Unreachable

PATIENCE_SECONDS = 5.0
MOST_BYTES = 64 * 1024
LONGEST_WAIT_SECONDS = 6 * 3600
PASSING = frozenset({408, 409, 425, 429})


class ComeBackLater(PassingFault):
    """The other side said when to try again; `retry_after` is in seconds."""

    def __init__(self, detail: str, retry_after: int) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class Said(NamedTuple):
    """What the other side answered."""

    status: int
    content: bytes


def call(
    method: str, url: str, headers: Mapping[str, str], content: bytes = b"", expected: Collection[int] = ()
) -> Said:
    """One request. Any 2xx is an answer, and so is a status of `expected`; the rest is PassingFault or PermanentFault.

    Hosts that may be private or spoken to without TLS are those of BATON_WEBHOOK_HOSTS.
    """
    target = _read_url(url)
    addresses = _addresses_of(target, settings_room.current().trusted_webhook_hosts)
    sent = {"Host": target.netloc, "Accept": "application/json", **headers}
    for address in addresses:
        try:
            status, heard, read = _exchange(method, _pinned(target, address), content, sent, target.hostname or "")
        except httpx.ConnectError as fault:
            unreached = fault  # the name may have another address, say an older kind of one
        except (httpx.HTTPError, OSError) as fault:
            raise _away(target, fault) from fault
        else:
            if status not in expected:
                _judge(target, status, heard)
            return Said(status, read)
    raise _away(target, unreached) from unreached


def _away(target: SplitResult, fault: Exception) -> Unreachable:
    return Unreachable(f"{target.hostname} cannot be reached: {type(fault).__name__}: {fault}"[:300])


def _exchange(
    method: str, url: str, content: bytes, headers: Mapping[str, str], host: str
) -> tuple[int, httpx.Headers, bytes]:
    """One request to a pinned address; the certificate is that of the name. At most 5 seconds and 64 KB in all."""
    with httpx.Client(timeout=PATIENCE_SECONDS, follow_redirects=False, trust_env=False) as client:
        # The timeouts of httpx count from byte to byte; whoever drips would hold us for ever.
        end = threading.Timer(PATIENCE_SECONDS, client.close)
        end.start()
        try:
            by_name = {"sni_hostname": host}
            with client.stream(method, url, content=content, headers=dict(headers), extensions=by_name) as answer:
                return answer.status_code, answer.headers, _read(answer, host)
        finally:
            end.cancel()


def _read(answer: httpx.Response, host: str) -> bytes:
    read = b""
    for piece in answer.iter_bytes(8192):
        read += piece
        if len(read) > MOST_BYTES:
            raise PermanentFault(f"{host} answers with more than {MOST_BYTES // 1024} KB")
    return read


def _judge(target: SplitResult, status: int, headers: httpx.Headers) -> None:
    if 200 <= status < 300:
        return
    said = f"{target.hostname} answers {status}"
    if 300 <= status < 400:
        raise PermanentFault(f"{said}: redirects are not followed; set the address it leads to")
    if 400 <= status < 500 and status not in PASSING:
        raise PermanentFault(said)
    raise ComeBackLater(said, _seconds(headers.get("Retry-After", "")))


def _seconds(retry_after: str) -> int:
    """Both forms of `Retry-After` as seconds from now, at most 6 hours; 0 for none or nonsense."""
    if retry_after.isascii() and retry_after.isdigit():
        return min(int(retry_after[:9]), LONGEST_WAIT_SECONDS)
    try:
        span = parsedate_to_datetime(retry_after) - clock.wall()
    except (TypeError, ValueError):
        return 0
    return max(0, min(int(span.total_seconds()), LONGEST_WAIT_SECONDS))


def _read_url(url: str) -> SplitResult:
    try:
        target = urlsplit(url)
        plain = target.hostname and target.hostname.isascii() and target.port != 0 and "@" not in target.netloc
    except ValueError:
        plain = False
    if not plain:
        raise PermanentFault("the address is no URL that can be called; use https://host/path")
    return target


def _addresses_of(target: SplitResult, trusted: str) -> list[str]:
    """The addresses that may be called, in order. PermanentFault when the URL or what it resolves to is not allowed."""
    host, port = target.hostname or "", target.port
    is_trusted = bool({host, f"{host}:{port}"} & {name.strip() for name in trusted.split(",")})
    if target.scheme != "https" and not (is_trusted and target.scheme == "http"):
        raise PermanentFault(f"{host} is called over https only, as it is not listed in BATON_WEBHOOK_HOSTS")
    found = _resolve(host, port or (443 if target.scheme == "https" else 80))
    if not is_trusted and not all(_is_public(address) for address in found):
        raise PermanentFault(f"{host} is a private address; list it in BATON_WEBHOOK_HOSTS if that is meant")
    return found


def _resolve(host: str, port: int) -> list[str]:
    try:
        rows = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as fault:
        raise Unreachable(f"{host} cannot be found: {fault}") from fault
    return list(dict.fromkeys(str(row[4][0]) for row in rows))


def _is_public(address: str) -> bool:
    """Also judges the IPv4 address that an IPv6 one may carry, so that no detour leads inside."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if inner is None and ip in _NAT64:
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is None:
            return ip in _GLOBAL_UNICAST and ip.is_global and ip not in _DOCUMENTATION
        ip = inner
    return ip.is_global and not ip.is_multicast and ip not in _PROTOCOLS


_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
"""All that is given out to the public; everything else is local, carries an older address, or is not in use."""
_DOCUMENTATION = ipaddress.IPv6Network("3fff::/20")
_PROTOCOLS = ipaddress.IPv4Network("192.0.0.0/24")


def _pinned(target: SplitResult, address: str) -> str:
    """The URL with the name replaced by the address that was judged, so that a second look-up cannot lead elsewhere."""
    host = f"[{address}]" if ":" in address else address
    port = f":{target.port}" if target.port is not None else ""
    return target._replace(netloc=host + port, fragment="").geturl()

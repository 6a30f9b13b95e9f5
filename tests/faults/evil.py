"""Answers of receivers that mean harm, or know no better."""

import asyncio
import functools
import gzip

CHUNK = b"x" * 16384
CANARY_PATH = "/canary"


def answer(kind, transport):
    """The task that answers; some never end before the connection does."""
    return asyncio.get_running_loop().create_task(_KINDS[kind](transport))


async def _repeat(transport, piece, pause_s=0.001):
    """For ever: until the other side goes."""
    while not transport.is_closing():
        if transport.get_write_buffer_size() < 4 * len(CHUNK):
            transport.write(piece)
        await asyncio.sleep(pause_s)


async def _endless_body(transport):
    transport.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    await _repeat(transport, b"4000\r\n" + CHUNK + b"\r\n")


async def _endless_headers(transport):
    transport.write(b"HTTP/1.1 200 OK\r\n")
    await _repeat(transport, b"X-Filler: " + CHUNK[:1000] + b"\r\n")


async def _one_megabyte_header(transport):
    transport.write(b"HTTP/1.1 200 OK\r\nX-Filler: " + b"y" * (1 << 20) + b"\r\nContent-Length: 0\r\n\r\n")


async def _interim_flood(transport):
    await _repeat(transport, b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 20)


@functools.cache
def _bomb():
    return gzip.compress(bytes(16 << 20), 9)


async def _gzip_bomb(transport):
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(_bomb())}\r\n\r\n"
    transport.write(head.encode() + _bomb())


async def _reset_in_body(transport):
    transport.write(b"HTTP/1.1 500 Oops\r\nContent-Length: 1000\r\n\r\nhalf")
    await asyncio.sleep(0.01)
    transport.abort()


async def _drip(transport):
    transport.write(b"HTTP/1.1 200 OK\r\n")
    await _repeat(transport, b"X", pause_s=0.1)


async def _no_http(transport):
    transport.write(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")


async def _two_lengths(transport):
    transport.write(b"HTTP/1.1 500 No\r\nContent-Length: 5\r\nContent-Length: 7\r\n\r\nsmuggle")


async def _nul_in_reason(transport):
    transport.write(b"HTTP/1.1 500 O\0K\r\nContent-Length: 0\r\n\r\n")


def _unavailable(retry_after):
    async def run(transport):
        head = f"HTTP/1.1 503 Busy\r\nRetry-After: {retry_after}\r\nContent-Length: 0\r\n\r\n"
        transport.write(head.encode())
    return run


def _redirect(target):
    async def run(transport):
        transport.write(f"HTTP/1.1 302 Found\r\nLocation: {target}\r\nContent-Length: 0\r\n\r\n".encode())
    return run


async def _redirect_to_self(transport):
    port = transport.get_extra_info("sockname")[1]
    await _redirect(f"http://127.0.0.1:{port}{CANARY_PATH}")(transport)


_KINDS = {
    "endless_body": _endless_body,
    "endless_headers": _endless_headers,
    "one_megabyte_header": _one_megabyte_header,
    "interim_flood": _interim_flood,
    "gzip_bomb": _gzip_bomb,
    "reset_in_body": _reset_in_body,
    "drip": _drip,
    "no_http": _no_http,
    "two_lengths": _two_lengths,
    "nul_in_reason": _nul_in_reason,
    "retry_after_huge": _unavailable("1e300"),
    "retry_after_nan": _unavailable("NaN"),
    "retry_after_negative": _unavailable("-1"),
    "redirect_to_metadata": _redirect("http://169.254.169.254/latest/meta-data/"),
    "redirect_to_canary": _redirect_to_self,
}
KINDS = tuple(_KINDS)

"""API keys made by hand, as the service would make them."""
import hashlib
import secrets
import zlib

BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
BODY_LEN, CHECKSUM_LEN = 30, 6


def checksum(body):
    number, chars = zlib.crc32(body.encode()), ""
    for _ in range(CHECKSUM_LEN):
        number, digit = divmod(number, 62)
        chars = BASE62[digit] + chars
    return chars


def unknown_key():
    body = "".join(secrets.choice(BASE62) for _ in range(BODY_LEN))
    return "mr_live_" + body + checksum(body)


def with_bad_checksum(key):
    last = BASE62[(BASE62.index(key[-1]) + 1) % 62]
    return key[:-1] + last


def sha256(key):
    return hashlib.sha256(key.encode()).hexdigest()

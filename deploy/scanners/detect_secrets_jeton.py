"""Finds Jeton's API keys and personal access tokens with detect-secrets: detect-secrets scan --plugin detect_secrets_jeton.py

A key ends with a checksum of all before it, so that nothing but a key is found, and nobody has to be asked.
"""

import re
import zlib

from detect_secrets.plugins.base import RegexBasedDetector

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def checksum(said):
    """The last six characters of a key that begins with `said`: CRC-32 in base 62."""
    number, digits = zlib.crc32(said.encode("ascii")), ""
    for _ in range(6):
        number, digit = divmod(number, 62)
        digits = DIGITS[digit] + digits
    return digits


class JetonApiKeyDetector(RegexBasedDetector):
    """Finds API keys whose checksum is right."""

    secret_type = "Jeton API key"
    denylist = [re.compile(r"\bjtn_(?:pat|svc)_[0-9A-Za-z]{36}\b")]

    def analyze_string(self, string):
        for key in super().analyze_string(string):
            if checksum(key[:-6]) == key[-6:]:
                yield key

"""Ed25519 signatures (RFC 8032, section 5.1), checked only: what is secret to nobody needs no constant time."""

from __future__ import annotations

from hashlib import sha512
from typing import Optional, Tuple

prime = 2**255 - 19
order = 2**252 + 27742317777372353535851937790883648493
curve_d = -121665 * pow(121666, -1, prime) % prime
root_of_minus_one = pow(2, (prime - 1) // 4, prime)

Point = Tuple[int, int, int, int]
"""Extended coordinates X, Y, Z, T: x = X/Z, y = Y/Z, x·y = T/Z."""


def add(p: Point, q: Point) -> Point:
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % prime, (p[1] + p[0]) * (q[1] + q[0]) % prime
    c, d = 2 * p[3] * q[3] * curve_d % prime, 2 * p[2] * q[2] % prime
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % prime, g * h % prime, f * g % prime, e * h % prime)


def times(factor: int, point: Point) -> Point:
    product: Point = (0, 1, 1, 0)
    while factor > 0:
        if factor & 1:
            product = add(product, point)
        point = add(point, point)
        factor >>= 1
    return product


def decoded(data: bytes) -> Optional[Point]:
    """The point of 32 bytes, None where they are none."""
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & ((1 << 255) - 1)
    if y >= prime:
        return None
    square = (y * y - 1) * pow(curve_d * y * y + 1, -1, prime) % prime
    x = pow(square, (prime + 3) // 8, prime)
    if (x * x - square) % prime != 0:
        x = x * root_of_minus_one % prime
    if (x * x - square) % prime != 0 or (x == 0 and sign == 1):
        return None
    x = prime - x if x & 1 != sign else x
    return (x, y, 1, x * y % prime)


def encoded(point: Point) -> bytes:
    inverse = pow(point[2], -1, prime)
    x, y = point[0] * inverse % prime, point[1] * inverse % prime
    return (y | (x & 1) << 255).to_bytes(32, "little")


base_y = 4 * pow(5, -1, prime) % prime
base = decoded(base_y.to_bytes(32, "little"))


def is_signature(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether the 64 bytes are a signature of the message by the owner of the key of 32 bytes. Takes some milliseconds."""
    owner = decoded(public_key) if len(public_key) == 32 else None
    if owner is None or base is None or len(signature) != 64:
        return False
    commitment, response = signature[:32], int.from_bytes(signature[32:], "little")
    if response >= order:
        return False
    challenge = int.from_bytes(sha512(commitment + public_key + message).digest(), "little") % order
    minus_owner = (prime - owner[0], owner[1], owner[2], prime - owner[3])
    return encoded(add(times(response, base), times(challenge, minus_owner))) == commitment

"""Verifies the code of an MFA device in AssumeRole, which ministack ignores, and gives trust policies the key.

The seeds of ministack's virtual devices are not base32, so that no authenticator could use them. A code is valid once,
for half a minute before and after its own.
https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
https://www.rfc-editor.org/rfc/rfc6238
"""

import base64
import contextvars
import hmac
import struct
import time
from urllib.parse import parse_qs

from ministack.services import iam, sts

STEP = 30

# Whether the call that is being decided has a valid code.
present = contextvars.ContextVar("mfa", default=False)
answer, device_xml = sts.handle_request, iam._virtual_mfa_xml


def code(seed, step):
    digest = hmac.digest(base64.b32decode(seed), struct.pack(">Q", step), "sha1")
    at = digest[-1] & 15
    return f"{(int.from_bytes(digest[at:at + 4]) & 0x7fffffff) % 10**6:06}"


def virtual_mfa_xml(serial, include_user=True):
    device = iam._mfa_devices[serial]
    device["Base32StringSeed"] = device["Base32StringSeed"].translate(str.maketrans("0189", "GHIJ"))
    return device_xml(serial, include_user)


def verified(serial, given, user):
    """Why the code is not valid; nothing if it is."""
    device = iam._mfa_devices.get(serial)
    if not device or device["User"] != user:
        return ("MultiFactorAuthentication failed, unable to validate MFA code.  "
                "Please verify your MFA serial number is valid and associated with this user.")
    now = int(time.time()) // STEP
    steps = [step for step in (now - 1, now, now + 1) if code(device["Base32StringSeed"], step) == given]
    if not steps or steps[0] <= device.get("UsedStep", 0):
        return "MultiFactorAuthentication failed with invalid MFA one time pass code. "
    device["UsedStep"] = steps[0]
    return None


async def handle_request(method, path, headers, body, query_params):
    params = {**query_params, **parse_qs((body or b"").decode("utf-8", "replace"))}
    given, serial = (sts._p(params, name) for name in ("TokenCode", "SerialNumber"))
    present.set(False)
    if sts._p(params, "Action") == "AssumeRole" and (given or serial):
        caller = sts._caller_identity(headers, query_params)
        user = caller["principalName"] if isinstance(caller, dict) else None
        if message := verified(serial, given, user):
            return sts._error(403, "AccessDenied", message, ns="sts")
        present.set(True)
    return await answer(method, path, headers, body, query_params)


def install():
    sts.handle_request = handle_request
    iam._virtual_mfa_xml = virtual_mfa_xml

"""Saves the emulator's state while it runs, so that the daemon can restart a killed emulator with it.

ministack saves its state when it ends, and loses it when it is killed. This module saves it shortly after each call that
changes something, as pickles: ministack's JSON has no sets and turns tuples into lists.
S3's objects are files of ministack's own, written by each call (S3_PERSIST).

Lost with a killed emulator: changes of the last moments (INTERVAL), metrics since the last change, log events (keptlogs.py),
parts of unfinished uploads.
"""

import asyncio
import contextvars
import logging
import os
import pickle

import ministack.app
from ministack.core import persistence
from ministack.services import lambda_svc, sts

# Seconds between a change and the time at which it is saved.
INTERVAL = 0.3

# Calls that change the state so often that each would save all of it.
FREQUENT = {"logs:PutLogEvents", "cloudwatch:PutMetricData"}
READING = ("Get", "List", "Describe", "Head", "Lookup", "Batch", "Simulate", "Filter")
EXCEPT = ("GetFederationToken", "GetSessionToken")

logger = logging.getLogger("savestate")
# IAM's name of the call that is being served, by authorize.py; "": it has none.
action = contextvars.ContextVar("action", default="")
saved = {}  # what was saved last, by service
pending = False


def changes(name, method):
    """Whether a call of this name may change the state."""
    service, _, operation = name.partition(":")
    if not operation or service in ("apigateway", "s3"):  # apigateway's are methods; some of s3 have a permission's name
        return method not in ("GET", "HEAD")
    return name not in FREQUENT and (operation in EXCEPT or not operation.startswith(READING))


def path(service):
    return os.path.join(persistence.STATE_DIR, service + ".pickle")


def save_state(service, data):
    """Replaces ministack's of this name: writes what has changed, completely or not at all."""
    try:
        content = pickle.dumps(data)
    except Exception as problem:
        logger.error("cannot save %s: %s", service, problem)
        return
    if saved.get(service) == content:
        return
    os.makedirs(persistence.STATE_DIR, mode=0o700, exist_ok=True)
    temporary = path(service) + ".tmp"
    with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
    os.replace(temporary, path(service))
    saved[service] = content


def load_state(service):
    """Replaces ministack's of this name."""
    try:
        with open(path(service), "rb") as file:
            return pickle.load(file)
    except FileNotFoundError:
        return None


def write_code_blob(code):
    """Replaces ministack's of this name, which hashes megabytes of each function's code at each save: three quarters of its
    time. The hash of code that was in the last save is known."""
    known = codes_before.get(id(code))
    if not known or known[0] is not code:
        known = (code, write_code(code))
    codes[id(code)] = known
    return known[1]


write_code = lambda_svc._write_code_blob
codes, codes_before = {}, {}  # the functions' code and its hash, by the code's identity


def save():
    global pending, codes, codes_before
    pending = False
    codes, codes_before = {}, codes
    persistence.save_all(ministack.app._build_persistence_save_dict())


def saving(app):
    """Serves calls and has the state saved after those that may have changed it."""

    async def serve(scope, receive, send):
        global pending
        action.set("")
        try:
            return await app(scope, receive, send)
        finally:
            if scope["type"] == "http" and not pending and changes(action.get(), scope["method"]):
                pending = True
                asyncio.get_running_loop().call_later(INTERVAL, save)

    return serve


def install():
    if not persistence.PERSIST_STATE:
        return
    persistence.save_state = save_state
    lambda_svc._write_code_blob = write_code_blob
    ministack.app.load_state = load_state
    # The credentials of roles, which functions hold for an hour.
    sts.get_state = lambda: {"sessions": dict(sts._sessions)}
    sts.load_persisted_state = lambda data: sts._sessions.update(data["sessions"])
    ministack.app.app = saving(ministack.app.app)

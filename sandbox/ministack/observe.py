"""Starts ministack and keeps a record of what it authorizes.

Takes the record's path as its one argument and writes a JSON line for every
principal, action, resource and outcome that was not there before. It changes no
answer: the emulator's own decision is passed on. The account's root user, whom
no policy binds, is left out.
"""

import json
import sys

from ministack.core import iam_evaluator
from ministack.app import main

decide = iam_evaluator.enforce
record = open(sys.argv[1], "a", buffering=1)
seen = set()


def enforce(access_key_id, iam_action, service, region, resource_arn="*", service_context=None):
    denied = decide(access_key_id, iam_action, service, region, resource_arn, service_context)
    caller = iam_evaluator.resolve_caller_identity(access_key_id)
    if caller and not caller["userArn"].endswith(":root"):
        write(caller["userArn"], iam_action, resource_arn, denied is None)
    return denied


def write(principal, action, resource, allowed):
    call = (principal, action, resource, allowed)
    if call not in seen:
        seen.add(call)
        names = ("principal", "action", "resource", "allowed")
        print(json.dumps(dict(zip(names, call))), file=record)


iam_evaluator.enforce = enforce
sys.argv[1:] = []
main()

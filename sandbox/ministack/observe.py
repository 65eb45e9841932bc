"""Starts ministack, has it know more calls by IAM's names, and keeps a record of
what it authorizes.

Takes the record's path as its one argument and writes a JSON line for every
principal, action, resource and outcome that was not there before. The account's
root user, whom no policy binds, is left out.

ministack authorizes no call that it has no name for. Of those that the stack
makes these are CloudWatch's, whose clients speak CBOR, and Application Auto
Scaling's, which the gateway answers; and it has one name for all calls on an
alias or on a function's concurrency.
https://docs.aws.amazon.com/service-authorization/latest/reference/
"""

import json
import re
import sys

import cbor2
from ministack.core import iam_actions, iam_evaluator
from ministack.app import main

LAMBDA = [
    (re.compile(r"/functions/[^/]+/aliases/[^/]+$"), {"GET": "GetAlias", "PUT": "UpdateAlias", "DELETE": "DeleteAlias"}),
    (re.compile(r"/functions/[^/]+/concurrency$"), {"GET": "GetFunctionConcurrency", "DELETE": "DeleteFunctionConcurrency"}),
    (re.compile(r"/functions/[^/]+/provisioned-concurrency$"), {
        "GET": "GetProvisionedConcurrencyConfig", "PUT": "PutProvisionedConcurrencyConfig",
        "DELETE": "DeleteProvisionedConcurrencyConfig",
    }),
]

name_action, name_resource = iam_actions.extract_iam_action, iam_actions.extract_resource_arn
decide = iam_evaluator.enforce
record = open(sys.argv[1], "a", buffering=1)
seen = set()


def scope(headers):
    """The service that the request is signed for."""
    found = re.search(r"Credential=[^/]+/\d+/[^/]+/([^/]+)/", headers.get("authorization", ""))
    return found.group(1) if found else ""


def extract_iam_action(service, method, path, headers, body, query_params):
    signed = scope(headers)
    if signed == "monitoring" and "/operation/" in path:
        return "cloudwatch:" + path.rsplit("/", 1)[1]
    if signed == "application-autoscaling":
        return "application-autoscaling:" + headers.get("x-amz-target", "").rsplit(".", 1)[-1]
    if service == "lambda":
        for pattern, names in LAMBDA:
            if pattern.search(path) and method in names:
                return "lambda:" + names[method]
    return name_action(service, method, path, headers, body, query_params)


def extract_resource_arn(service, method, path, headers, body, query_params, region, account_id):
    signed = scope(headers)
    if signed == "monitoring" and "/operation/" in path:
        return cloudwatch_resource(cbor2.loads(body) if body else {}, region, account_id)
    if signed == "application-autoscaling" and ":Describe" not in extract_iam_action(
            service, method, path, headers, body, query_params):
        return f"arn:aws:application-autoscaling:{region}:{account_id}:scalable-target/*"
    return name_resource(service, method, path, headers, body, query_params, region, account_id)


def cloudwatch_resource(call, region, account_id):
    if call.get("ResourceARN"):
        return call["ResourceARN"]
    if name := next(iter(call.get("DashboardNames") or [call.get("DashboardName")])):
        return f"arn:aws:cloudwatch::{account_id}:dashboard/{name}"
    if name := next(iter(call.get("AlarmNames") or [call.get("AlarmName")])):
        return f"arn:aws:cloudwatch:{region}:{account_id}:alarm:{name}"
    return "*"


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


iam_actions.extract_iam_action = extract_iam_action
iam_actions.extract_resource_arn = extract_resource_arn
iam_evaluator.enforce = enforce
sys.argv[1:] = []
main()

"""Runs Prowler on the sandbox's account and compares its findings with accepted.yaml and unjudged.yaml.

    python scan.py OUTPUTS DIRECTORY

OUTPUTS is the sandbox's outputs.json, DIRECTORY is for Prowler's reports. `make prowler` runs it after it has deployed
dev and prod. The exit code is 1 for a failed check without a reason, a reason without a failed check, or an error of
Prowler without an entry in unjudged.yaml.
"""

import collections
import contextlib
import csv
import ipaddress
import json
import os
import pathlib
import re
import socket
import sys
import time

import boto3
import yaml

HERE = pathlib.Path(__file__).parent
SERVICES = (
    "apigateway awslambda cloudwatch ec2 elasticache iam kms rds route53 s3 secretsmanager sns vpc wafv2"
).split()
# The policies that Prowler requires, and those of its additions that these services need. With GetFunction and
# FilterLogEvents it searches for secrets in code and logs. https://docs.prowler.com/user-guide/providers/aws/authentication
POLICIES = ["SecurityAudit", "job-function/ViewOnlyAccess"]
ADDITIONS = ["apigateway:GET", "backup:List*", "lambda:GetFunction*", "logs:FilterLogEvents"]
SHORTEST_REASON = 20


def keep_to_loopback():
    """Rejects every connection to another machine. Names under .localhost are loopback (RFC 6761), which not every
    C library supports."""

    def refuse(event, args):
        if event != "socket.connect" or not isinstance(args[1], tuple):
            return
        if not ipaddress.ip_address(args[1][0]).is_loopback:
            raise PermissionError(f"the sandbox's Prowler connects to loopback only, not to {args[1][0]}")

    look_up = socket.getaddrinfo

    def local(host, *args, **kwargs):
        if isinstance(host, str) and host.endswith(".localhost"):
            host = "127.0.0.1"
        return look_up(host, *args, **kwargs)

    sys.addaudithook(refuse)
    socket.getaddrinfo = local


def auditor():
    """Returns credentials of a role that can only read."""
    iam, sts = boto3.client("iam"), boto3.client("sts")
    account = sts.get_caller_identity()["Account"]
    trust = {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{account}:root"}, "Action": "sts:AssumeRole"}]}
    with contextlib.suppress(iam.exceptions.EntityAlreadyExistsException):
        iam.create_role(RoleName="prowler", AssumeRolePolicyDocument=json.dumps(trust))
    for policy in POLICIES:
        iam.attach_role_policy(RoleName="prowler", PolicyArn=f"arn:aws:iam::aws:policy/{policy}")
    iam.put_role_policy(RoleName="prowler", PolicyName="additions", PolicyDocument=json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ADDITIONS, "Resource": "*"}]}))
    made = sts.assume_role(RoleArn=f"arn:aws:iam::{account}:role/prowler", RoleSessionName="prowler")["Credentials"]
    return {"AWS_ACCESS_KEY_ID": made["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": made["SecretAccessKey"],
            "AWS_SESSION_TOKEN": made["SessionToken"]}


def run(directory):
    """Runs Prowler in this process, restricted to loopback, and returns its findings and errors."""
    from prowler.__main__ import prowler

    log, report = directory / "errors.log", directory / "findings.csv"
    for file in log, report:  # Prowler appends
        file.unlink(missing_ok=True)
    sys.argv = [
        "prowler", "aws", "--region", os.environ["AWS_REGION"], "--service", *SERVICES,
        "--mutelist-file", str(HERE / "accepted.yaml"), "--output-formats", "csv",
        "--output-directory", str(directory), "--output-filename", "findings",
        "--log-file", str(log), "--log-level", "ERROR", "--no-banner", "--no-color", "--ignore-exit-code-3",
    ]
    with open(directory / "output.txt", "w") as out, contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        try:
            prowler()
        except SystemExit as end:
            if end.code:
                raise SystemExit(f"prowler ended with {end.code}: see {directory}/output.txt") from None
    with open(report, newline="") as file:
        findings = list(csv.DictReader(file, delimiter=";"))
    errors = [json.loads(line)["message"] for line in log.read_text().splitlines()] if log.exists() else []
    return findings, errors


def accepted():
    """Returns the entries of the mutelist: check, pattern of the resource's name, reason."""
    with open(HERE / "accepted.yaml") as file:
        checks = yaml.safe_load(file)["Mutelist"]["Accounts"]["*"]["Checks"]
    return [(check, resource, entry.get("Description") or "")
            for check, entry in checks.items() for resource in entry["Resources"]]


def judge(findings, errors, entries, unjudged):
    """Returns the problems that make the run fail, and the counts."""
    problems, counts, settled = [], collections.Counter(), []
    blind = {check for entry in unjudged for check in entry["checks"]}
    for found in findings:
        if found["CHECK_ID"] in blind:
            counts["not judged"] += 1
        elif found["STATUS"] == "PASS":
            counts["passed"] += 1
        elif found["MUTED"] == "True":
            counts["accepted"] += 1
            settled.append(found)
        else:
            counts["failed"] += 1
            problems.append(f"{found['CHECK_ID']} ({found['SEVERITY']}) {found['RESOURCE_NAME']}: {found['STATUS_EXTENDED']}")
    problems += stale_entries(settled, entries)
    problems += stale_exemptions(findings, errors, unjudged)
    for error in sorted(set(errors)):
        if not any(entry.get("error") and entry["error"] in error for entry in unjudged):
            problems.append(f"not in unjudged.yaml: {error}")
    return problems, counts


def stale_entries(settled, entries):
    """Yields the patterns of the mutelist without a failed check."""
    for check, resource, reason in entries:
        if len(reason) < SHORTEST_REASON:
            yield f"accepted.yaml: {check} has no reason of at least {SHORTEST_REASON} characters"
        if not any(re.search(check, found["CHECK_ID"]) and re.search(resource, found["RESOURCE_NAME"]) for found in settled):
            yield f"accepted.yaml: {check} does not fail for {resource} any more: remove it"


def stale_exemptions(findings, errors, unjudged):
    """Yields the entries whose error is not in the log, or whose checks have not failed."""
    failed = {found["CHECK_ID"] for found in findings if found["STATUS"] != "PASS"}
    for entry in unjudged:
        what = entry.get("error") or ", ".join(entry["checks"])
        if len(entry.get("reason", "")) < SHORTEST_REASON:
            yield f"unjudged.yaml: {what} has no reason of at least {SHORTEST_REASON} characters"
        if entry.get("error"):
            seen = any(entry["error"] in error for error in errors)
        else:
            seen = failed.issuperset(entry["checks"])
        if not seen:
            yield f"unjudged.yaml: {what} no longer occurs: remove it"


def main(outputs, directory):
    started = time.monotonic()
    keep_to_loopback()
    with open(outputs) as file:
        sandbox = json.load(file)["env"]
    for name in [name for name in os.environ if name.startswith(("AWS_", "PROWLER_"))]:
        del os.environ[name]
    directory = pathlib.Path(directory).resolve()
    directory.mkdir(parents=True, exist_ok=True)
    os.environ.update({name: value for name, value in sandbox.items() if name.startswith(("AWS_", "NO_PROXY"))})
    os.environ["HOME"] = str(directory)
    os.environ.update(auditor())
    findings, errors = run(directory)
    with open(HERE / "unjudged.yaml") as file:
        problems, counts = judge(findings, errors, accepted(), yaml.safe_load(file))
    for problem in problems:
        print(problem)
    print(f"prowler: {len({found['CHECK_ID'] for found in findings})} checks with findings,"
          f" {counts['passed']} passed, {counts['failed']} failed, {counts['accepted']} accepted with a reason,"
          f" {counts['not judged']} not judged, {time.monotonic() - started:.0f} s")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

"""Copies to another region: S3 replicates with the permissions of the replication's role, AWS Backup locks vaults and opts in.

ministack replicates whatever the role may do, leaves a replica encrypted with the source's key, and serves no lock and no
opt-in to a type of resources.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/setting-repl-config-perm-overview.html
https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-config-for-kms-objects.html
https://docs.aws.amazon.com/aws-backup/latest/devguide/vault-lock.html
"""

import json
import re
from collections import deque
from contextlib import contextmanager

from ministack.core import iam_evaluator
from ministack.core.responses import get_account_id, get_region, set_request_region
from ministack.services import backup, iam, kms, s3, tagging

KEY = "x-amz-server-side-encryption-aws-kms-key-id"
VAULT, PLAN = re.compile(r"^/backup-vaults/([^/]+)"), re.compile(r"^/backup/plans/([^/]+)")
LOCK = re.compile(r"^/backup-vaults/([^/]+)/vault-lock/?$")
OPT_IN = "ResourceTypeOptInPreference"

BOUNDS = ("ChangeableForDays", "MinRetentionDays", "MaxRetentionDays")
record = None
# What S3 publishes as OperationsFailedReplication, until the sandbox's CloudWatch takes it: operations by rules with metrics.
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/repl-metrics.html
operations = deque(maxlen=10_000)
# The opt-ins that were changed, by account and region. They are in memory: a restart of the emulator resets them.
opt_ins = {}
replicate, serve_backup = s3._maybe_replicate, backup.handle_request


@contextmanager
def in_region(region):
    before = get_region()
    set_request_region(region)
    try:
        yield
    finally:
        set_request_region(before)


def allowed(role_arn, action, resource, region, keys=None):
    """Whether the role, within its permissions boundary, may do that in the region."""
    account, name = role_arn.split(":")[4], role_arn.rsplit("/", 1)[-1]
    service = action.split(":")[0]
    with in_region(region):
        tags = {f"aws:resourcetag/{tag}".lower(): value for tag, value in (tagging.resource_tags(resource) or {}).items()}
        context = iam_evaluator.EvalContext(
            principal_arn=f"arn:aws:sts::{account}:assumed-role/{name}/s3-replication", principal_type="AssumedRole",
            principal_account=account, action=action, resource_arn=resource, region=region,
            source_ip="", secure_transport=True, service_context={**tags, **(keys or {})},
        )
        limits = iam_evaluator._permissions_boundary(iam._roles, name, account)
        result = iam_evaluator.evaluate(context, iam_evaluator._gather_role_policies(name, account), *limits)
        policy = kms.key_policy_for_arn(resource) if service == "kms" else s3.bucket_policy_for_arn(resource)
        if policy is not None:
            result = iam_evaluator.combine_resource_policy(result, context, *policy, required=service == "kms", limits=limits)
    record(context.principal_arn, action, resource, result.decision == "Allow")
    return result.decision == "Allow"


def trusts(role_arn, service):
    role = iam._roles.get_scoped(role_arn.split(":")[4], None, role_arn.rsplit("/", 1)[-1]) if ":role/" in role_arn else None
    document = (role or {}).get("AssumeRolePolicyDocument") or "{}"
    document = json.loads(document) if isinstance(document, str) else document
    return any(iam_evaluator._service_principal_matches(statement.get("Principal"), service)
               for statement in document.get("Statement", []) if statement.get("Effect") == "Allow")


def through(bucket, region):
    """The condition keys of a call on a key that S3 makes for an object of a bucket with a bucket key."""
    return {"kms:viaservice": f"s3.{region}.amazonaws.com", "kms:encryptioncontext:aws:s3:arn": f"arn:aws:s3:::{bucket}"}


def needs(source, key, target, source_key, replica_key):
    """What the role of a replication needs for an object: actions, resources, regions and condition keys."""
    home, there = s3.bucket_region(source), s3.bucket_region(target)
    for action in ("GetObjectVersionForReplication", "GetObjectVersionAcl", "GetObjectVersionTagging"):
        yield f"s3:{action}", f"arn:aws:s3:::{source}/{key}", home, None
    for action in ("ReplicateObject", "ReplicateTags"):
        yield f"s3:{action}", f"arn:aws:s3:::{target}/{key}", there, None
    if source_key:
        yield "kms:Decrypt", source_key, home, through(source, home)
        yield "kms:Encrypt", replica_key, there, through(target, there)


def maybe_replicate(bucket_name, key, obj, data, tags=None):
    """Replaces ministack's of this name: the role must be allowed to replicate, and a replica is encrypted with the key
    of the rule. Without a key in the rule S3 does not replicate what is encrypted with one."""
    rule, role = s3._replication_rule_for(bucket_name, key, tags)
    headers = obj.get("preserved_headers", {})
    source_key = headers.get(KEY)
    target = ((rule or {}).get("Destination") or {}).get("Bucket", "").rpartition(":")[2]
    replica_key = ((rule or {}).get("Destination") or {}).get("EncryptionConfiguration", {}).get("ReplicaKmsKeyID")
    if rule is None or source_key and not replica_key:
        return
    permitted = target in s3._buckets and trusts(role, "s3.amazonaws.com") and all(
        allowed(role, *needed) for needed in needs(bucket_name, key, target, source_key, replica_key))
    if not permitted:
        obj["replication_status"] = "FAILED"
    else:
        if source_key:  # the replica is a copy of the object, with its headers
            obj["preserved_headers"] = {**headers, KEY: replica_key}
        try:
            replicate(bucket_name, key, obj, data, tags)
        finally:
            obj["preserved_headers"] = headers
    if rule["Destination"].get("Metrics", {}).get("Status") == "Enabled":
        failed = obj["replication_status"] == "FAILED"
        operations.append({"source": bucket_name, "target": target, "rule": rule.get("ID", ""), "failed": failed})


def take_operations():
    """The operations since the last call."""
    return [operations.popleft() for _ in range(len(operations))]


def lock(name, body):
    vault = backup._vaults.get(name)
    if vault is None:
        return backup._not_found(f"Backup vault {name} does not exist")
    if "MinRetentionDays" in body and "MaxRetentionDays" in body and body["MinRetentionDays"] > body["MaxRetentionDays"]:
        return backup._err("InvalidParameterValueException", "MinRetentionDays must not exceed MaxRetentionDays", 400)
    if "ChangeableForDays" in body and body["ChangeableForDays"] < 3:
        return backup._err("InvalidParameterValueException", "ChangeableForDays must be at least 3", 400)
    vault.update({name: body[name] for name in ("MinRetentionDays", "MaxRetentionDays") if name in body}, Locked=True)
    return backup._no_content()


def unlock(name):
    vault = backup._vaults.get(name)
    if vault is None:
        return backup._not_found(f"Backup vault {name} does not exist")
    for member in ("MinRetentionDays", "MaxRetentionDays"):
        vault.pop(member, None)
    vault["Locked"] = False
    return backup._no_content()


def account_settings(method, body):
    """An account's first vault of a region opts in to every type; later choices are the account's.
    https://docs.aws.amazon.com/aws-backup/latest/devguide/assigning-resources.html"""
    chosen = opt_ins.setdefault((get_account_id(), get_region()), {})
    if method == "PUT":
        chosen.update(body.get(OPT_IN) or {})
        return backup._no_content()
    first = dict.fromkeys(backup._SUPPORTED_RESOURCE_TYPES, True) if backup._vaults else {}
    return backup._ok({OPT_IN: first | chosen, "ResourceTypeManagementPreference": {}})


async def handle_backup(method, path, headers, body_bytes, query_params):
    """Replaces ministack's handler of AWS Backup."""
    found = LOCK.match(path)
    if found and method == "PUT":
        return lock(found.group(1), json.loads(body_bytes or b"{}"))
    if found and method == "DELETE":
        return unlock(found.group(1))
    if path.rstrip("/") == "/account-settings":
        return account_settings(method, json.loads(body_bytes or b"{}"))
    return await serve_backup(method, path, headers, body_bytes, query_params)


def backup_resource(path, region):
    """The resource of a call of AWS Backup, by its path.
    https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsbackup.html"""
    prefix = f"arn:aws:backup:{region}:{get_account_id()}"
    if found := VAULT.match(path):
        return f"{prefix}:backup-vault:{found.group(1)}"
    if found := PLAN.match(path):
        return f"{prefix}:backup-plan:{found.group(1)}"
    if path.startswith(("/tags/", "/untag/")):
        return path.split("/", 2)[2]
    return f"{prefix}:backup-plan:*" if path.rstrip("/") == "/backup/plans" else "*"


PASSING = {
    "s3:PutReplicationConfiguration": (rb"<Role>\s*([^<\s]+)", "s3.amazonaws.com"),
    "backup:CreateBackupSelection": (rb'"IamRoleArn"\s*:\s*"([^"]+)"', "backup.amazonaws.com"),
}


# The members with the tags of a new vault and a new plan.
TAGS = ("BackupVaultTags", "BackupPlanTags")


def further(action, resource, tags):
    """What a call of AWS Backup requires in addition: permissions, resources and condition keys.
    https://docs.aws.amazon.com/aws-backup/latest/devguide/create-a-vault.html"""
    if action == "backup:CreateBackupVault":
        yield "backup-storage:MountCapsule", "*", {}
    if action in ("backup:CreateBackupVault", "backup:CreateBackupPlan") and tags:
        yield "backup:TagResource", resource, tags


def passed_role(action, body):
    """The role that the call passes, and the service that gets it."""
    pattern, service = PASSING.get(action, (None, None))
    found = re.search(pattern, body) if pattern else None
    return (found.group(1).decode(), service) if found else None


def install(on_record):
    """Installs the replacements. on_record gets each decision about a role: principal, action, resource, whether allowed."""
    global record
    record = on_record
    s3._maybe_replicate = maybe_replicate
    backup.handle_request = handle_backup
    tagging._RESOURCE_TAG_COLLECTORS["backup"] = tagging._collect_backup

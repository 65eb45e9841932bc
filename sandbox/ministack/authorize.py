"""Starts ministack with functions of its authorization wrapped: more calls have
an IAM action and resource, conditions have more keys, calls require the further
permissions that AWS requires, and decisions are recorded
(docs/decisions/observed-emulator.md).

The one argument is the path of the record, which gets a line of JSON for every
new principal, action, resource and outcome. The account's root user, to whom no
policy applies, is left out.

ministack authorizes no call whose action it does not know. Of those that the
stack makes these are CloudWatch's, whose clients use CBOR, and Application Auto
Scaling's, which the gateway serves; all calls on an alias, or on a function's
concurrency, have one action, and calls on an event source mapping that of
their list. It has no tags of API Gateway, RDS and ACM, and
those of other services only for an identity's own policies, not for its
boundary. It requires no permission but the one that a call is named after:
neither iam:PassRole nor tags at creation.
https://docs.aws.amazon.com/service-authorization/latest/reference/
"""

import base64
import contextvars
import dataclasses
import functools
import hmac
import json
import os
import re
import sys
from urllib.parse import quote, unquote

import batches
import cbor2
import copies
import keptlogs
import managedpasswords
import mfa
import ministack.app
import savestate
import versiontags
import yaml
from defusedxml.ElementTree import ParseError, fromstring
from ministack.core import iam_actions, iam_evaluator
from ministack.app import main
from ministack.core.responses import get_account_id
from ministack.services import acm, apigateway_v1, cloudwatch, cloudwatch_logs, kms, lambda_svc, rds, sts, tagging
from ministack.services.cognito import _decode_id_token_unverified

LAMBDA = [
    (re.compile(r"/functions/[^/]+/aliases/[^/]+$"), {"GET": "GetAlias", "PUT": "UpdateAlias", "DELETE": "DeleteAlias"}),
    (re.compile(r"/functions/[^/]+/concurrency$"), {"GET": "GetFunctionConcurrency", "DELETE": "DeleteFunctionConcurrency"}),
    (re.compile(r"/functions/[^/]+/provisioned-concurrency$"), {
        "GET": "GetProvisionedConcurrencyConfig", "PUT": "PutProvisionedConcurrencyConfig",
        "DELETE": "DeleteProvisionedConcurrencyConfig",
    }),
    (re.compile(r"/event-source-mappings/[^/]+$"), {
        "GET": "GetEventSourceMapping", "PUT": "UpdateEventSourceMapping", "DELETE": "DeleteEventSourceMapping",
    }),
]

# Calls that pass a role to a service: the member that names the role, and the service.
PASSING = {
    "lambda:CreateFunction": ("Role", "lambda.amazonaws.com"),
    "lambda:UpdateFunctionConfiguration": ("Role", "lambda.amazonaws.com"),
    "rds:CreateDBProxy": ("RoleArn", "rds.amazonaws.com"),
    "rds:ModifyDBProxy": ("RoleArn", "rds.amazonaws.com"),
    "ec2:CreateFlowLogs": ("DeliverLogsPermissionArn", "vpc-flow-logs.amazonaws.com"),
    "apigateway:PATCH": ("/cloudwatchRoleArn", "apigateway.amazonaws.com"),
}

# The claims of GitLab.com's tokens that AWS has condition keys for, in addition to aud, sub and amr.
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_sts.html
GITLAB_COM = (
    "namespace_id", "pipeline_source", "project_id", "ref_protected", "runner_environment", "user_access_level",
    "user_email", "user_id", "user_login",
)

# Calls that tag what they create: the permission that the tags require, and the new resource. Braces contain
# members of the call; "*" is in the place of an id that AWS generates.
TAGGING = {
    "acm:RequestCertificate": ("acm:AddTagsToCertificate", "certificate/*"),
    "application-autoscaling:RegisterScalableTarget": ("application-autoscaling:TagResource", "scalable-target/*"),
    "cloudwatch:PutCompositeAlarm": ("cloudwatch:TagResource", "alarm:{AlarmName}"),
    "cloudwatch:PutMetricAlarm": ("cloudwatch:TagResource", "alarm:{AlarmName}"),
    "elasticache:CreateCacheParameterGroup": ("elasticache:AddTagsToResource", "parametergroup:{CacheParameterGroupName}"),
    "elasticache:CreateCacheSubnetGroup": ("elasticache:AddTagsToResource", "subnetgroup:{CacheSubnetGroupName}"),
    "elasticache:CreateReplicationGroup": ("elasticache:AddTagsToResource", "replicationgroup:{ReplicationGroupId}"),
    "elasticache:CreateUser": ("elasticache:AddTagsToResource", "user:{UserId}"),
    "elasticache:CreateUserGroup": ("elasticache:AddTagsToResource", "usergroup:{UserGroupId}"),
    "iam:CreateRole": ("iam:TagRole", "role/{RoleName}"),
    "kms:CreateKey": ("kms:TagResource", "key/*"),
    "lambda:CreateFunction": ("lambda:TagResource", "function:{FunctionName}"),
    "logs:CreateLogGroup": ("logs:TagResource", "log-group:{logGroupName}"),
    "rds:CreateDBCluster": ("rds:AddTagsToResource", "cluster:{DBClusterIdentifier}"),
    "rds:CreateDBClusterParameterGroup": ("rds:AddTagsToResource", "cluster-pg:{DBClusterParameterGroupName}"),
    "rds:CreateDBClusterSnapshot": ("rds:AddTagsToResource", "cluster-snapshot:{DBClusterSnapshotIdentifier}"),
    "rds:CreateDBInstance": ("rds:AddTagsToResource", "db:{DBInstanceIdentifier}"),
    "rds:CreateDBParameterGroup": ("rds:AddTagsToResource", "pg:{DBParameterGroupName}"),
    "rds:CreateDBProxy": ("rds:AddTagsToResource", "db-proxy:*"),
    "rds:CreateDBSubnetGroup": ("rds:AddTagsToResource", "subgrp:{DBSubnetGroupName}"),
    "rds:RestoreDBClusterFromSnapshot": ("rds:AddTagsToResource", "cluster:{DBClusterIdentifier}"),
    "rds:RestoreDBClusterToPointInTime": ("rds:AddTagsToResource", "cluster:{DBClusterIdentifier}"),
    "secretsmanager:CreateSecret": ("secretsmanager:TagResource", "secret:{Name}"),
    "sns:CreateTopic": ("sns:TagResource", "{Name}"),
    "wafv2:CreateWebACL": ("wafv2:TagResource", "regional/webacl/{Name}/*"),
}

# Calls that encrypt with a key: the member that names it, and the permissions that they require on the key. RDS,
# ElastiCache and Lambda create a grant in the caller's name.
ENCRYPTING = {
    "lambda:CreateFunction": ("KMSKeyArn", ["kms:CreateGrant", "kms:Encrypt"]),
    "lambda:UpdateFunctionConfiguration": ("KMSKeyArn", ["kms:CreateGrant", "kms:Encrypt"]),
    "elasticache:CreateReplicationGroup": ("KmsKeyId", ["kms:CreateGrant", "kms:DescribeKey"]),
    "rds:CreateDBCluster": ("KmsKeyId", ["kms:CreateGrant", "kms:DescribeKey"]),
    "rds:RestoreDBClusterFromSnapshot": ("KmsKeyId", ["kms:CreateGrant", "kms:DescribeKey"]),
    "rds:RestoreDBClusterToPointInTime": ("KmsKeyId", ["kms:CreateGrant", "kms:DescribeKey"]),
    "secretsmanager:CreateSecret": ("KmsKeyId", ["kms:Decrypt", "kms:GenerateDataKey"]),
    # https://docs.aws.amazon.com/aws-backup/latest/devguide/create-a-vault.html
    "backup:CreateBackupVault": ("EncryptionKeyArn", [
        "kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey", "kms:RetireGrant"]),
}

QUERY_TAG = re.compile(r"(.*Tags?(?:\.(?:member|Tag))?\.\d+)\.Key$")

name_action, name_resource = iam_actions.extract_iam_action, iam_actions.extract_resource_arn
decide, decide_trust = iam_evaluator.enforce, iam_evaluator.evaluate_trust_policy
resolve = iam_evaluator._resolve_condition_key
ministack_lambda = lambda_svc.handle_request
record = open(sys.argv[1], "a", buffering=1)
seen = set()
# The body and the parameters of the call that is being decided.
call = contextvars.ContextVar("call", default=(b"", {}))


def scope(headers):
    """The service that the request is signed for."""
    found = re.search(r"Credential=[^/]+/\d+/[^/]+/([^/]+)/", headers.get("authorization", ""))
    return found.group(1) if found else ""


def extract_iam_action(*request):
    name = iam_action(*request)
    savestate.action.set(name or "")
    return name


def iam_action(service, method, path, headers, body, query_params):
    signed = scope(headers)
    smithy = signed == "monitoring" and "/operation/" in path
    readable = json.dumps(cbor2.loads(body), default=str).encode() if smithy and body else body
    call.set((readable or b"", query_params or {}))
    if smithy:
        return "cloudwatch:" + path.rsplit("/", 1)[1]
    if signed in ("application-autoscaling", "servicequotas"):
        return signed + ":" + headers.get("x-amz-target", "").rsplit(".", 1)[-1]
    if service == "lambda":
        if path.rstrip("/").endswith("/account-settings"):
            return "lambda:GetAccountSettings"
        if method == "GET" and path.endswith("/provisioned-concurrency") and parameter(query_params or {}, "List"):
            return "lambda:ListProvisionedConcurrencyConfigs"
        for pattern, names in LAMBDA:
            if pattern.search(path) and method in names:
                return "lambda:" + names[method]
    return name_action(service, method, path, headers, body, query_params)


def extract_resource_arn(service, method, path, headers, body, query_params, region, account_id):
    signed = scope(headers)
    if signed == "monitoring" and path.endswith("/operation/PutCompositeAlarm"):
        return "*"  # AWS denies it unless it is granted for every alarm (API reference, PutCompositeAlarm)
    if signed == "monitoring" and "/operation/" in path:
        return cloudwatch_resource(cbor2.loads(body) if body else {}, region, account_id)
    if signed == "servicequotas" or path.rstrip("/").endswith("/account-settings"):
        return "*"
    if signed == "application-autoscaling" and ":Describe" not in extract_iam_action(
            service, method, path, headers, body, query_params):
        return member("ResourceARN") or f"arn:aws:application-autoscaling:{region}:{account_id}:scalable-target/*"
    if service == "rds" and (proxy := proxy_resource(query_params)):
        return proxy
    if service == "iam" and (simulated := parameter(query_params, "PolicySourceArn")):
        return simulated
    if service == "backup":
        return copies.backup_resource(unquote(path), region)
    resource = name_resource(service, method, path, headers, body, query_params, region, account_id)
    # A key that is named by an alias is authorized by its own ARN.
    # https://docs.aws.amazon.com/kms/latest/developerguide/alias-authorization.html
    if resource in kms._aliases:
        return resource.rsplit(":alias/", 1)[0] + ":key/" + kms._aliases[resource]
    return resource


def cloudwatch_resource(call, region, account_id):
    if call.get("ResourceARN"):
        return call["ResourceARN"]
    if name := next(iter(call.get("DashboardNames") or [call.get("DashboardName")])):
        return f"arn:aws:cloudwatch::{account_id}:dashboard/{name}"
    if name := next(iter(call.get("AlarmNames") or [call.get("AlarmName")])):
        return f"arn:aws:cloudwatch:{region}:{account_id}:alarm:{name}"
    return "*"


def proxy_resource(params):
    """The proxy or target group of a call, by the id that AWS generates; or the resource that the call names by its
    ARN."""
    action, name = parameter(params, "Action"), parameter(params, "DBProxyName")
    if tagged := parameter(params, "ResourceName"):
        return tagged
    if action == "CreateDBProxy":
        return None
    if not (proxy := rds._db_proxies.get(name)):
        return None
    if action in ("ModifyDBProxyTargetGroup", "RegisterDBProxyTargets"):
        return proxy["TargetGroup"]["TargetGroupArn"]
    return proxy["DBProxyArn"]


def parameter(params, name):
    value = params.get(name, "")
    return value[0] if isinstance(value, list) else value


def document():
    """The body of the call as a JSON object, empty if it is none."""
    try:
        value = json.loads(call.get()[0])
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def openapi():
    """The body of the call as an OpenAPI document in YAML, empty if it is none."""
    try:
        return yaml.safe_load(call.get()[0])
    except yaml.YAMLError:
        return {}


def member(name):
    """A member of the call, in any of the protocols."""
    return document().get(name) or parameter(call.get()[1], name)


def request_tags():
    """The tags that the call sets, as condition keys."""
    given = next((document()[name] for name in ("tags", "Tags", *copies.TAGS) if document().get(name)), {})
    params = call.get()[1]
    if isinstance(given, list):
        given = {tag.get("Key") or tag.get("TagKey"): tag.get("Value", tag.get("TagValue")) for tag in given}
    tags = dict(given)
    for name in params:
        if match := QUERY_TAG.match(name):
            tags[parameter(params, name)] = parameter(params, match.group(1) + ".Value")
    keys = {f"aws:RequestTag/{name}": value for name, value in tags.items()}
    return {**keys, "aws:TagKeys": list(tags)} if tags else {}


def tags_of(arn):
    """The tags of a resource that policies are evaluated with."""
    service = arn.split(":", 3)[2] if arn.startswith("arn:") else ""
    if service == "apigateway":
        return apigateway_tags(arn)
    if service == "rds":
        return {tag["Key"]: tag["Value"] for tag in rds._tags.get(arn) or []}
    if service == "acm":
        return {tag["Key"]: tag["Value"] for tag in (acm._certificates.get(arn) or {}).get("Tags", [])}
    if service == "logs":
        group = cloudwatch_logs._log_groups.get(arn.partition(":log-group:")[2].removesuffix(":*")) or {}
        return group.get("tags") or {}
    tags = dict(tagging.resource_tags(arn) or {})
    for cluster in rds._clusters.values() if ":secret:rds!cluster-" in arn else ():
        if (cluster.get("MasterUserSecret") or {}).get("SecretArn") == arn:
            tags["aws:rds:primaryDBClusterArn"] = cluster["DBClusterArn"]
    return tags


def apigateway_tags(arn):
    """The tags of an API, a key, a plan or a domain name, which also apply to everything below it."""
    parts = arn.split("/")
    if len(parts) < 3:
        return {}
    stores = {
        "apikeys": apigateway_v1._api_keys, "domainnames": apigateway_v1._domain_names,
        "restapis": apigateway_v1._rest_apis, "usageplans": apigateway_v1._usage_plans,
    }
    found = stores[parts[1]].get(parts[2]) if parts[1] in stores else None
    return {**((found or {}).get("tags") or {}), **(apigateway_v1._v1_tags.get("/".join(parts[:3])) or {})}


def resource_keys(action, resource):
    """The condition keys of a resource that ministack leaves out."""
    keys = {f"aws:ResourceTag/{name}": value for name, value in tags_of(resource).items()}
    if action == "kms:CreateGrant":
        keys["kms:GrantIsForAWSResource"] = "false"  # true only for a grant that a service creates within another call
    return keys


def asked_by_content(action):
    """The condition keys whose values are members of the call.
    https://docs.aws.amazon.com/service-authorization/latest/reference/"""
    if action in ("cloudwatch:PutMetricAlarm", "cloudwatch:PutCompositeAlarm"):
        # Those for every state: iam-cw-condition-keys-alarm-actions.html of the CloudWatch user guide.
        actions = [arn for name in ("AlarmActions", "OKActions", "InsufficientDataActions") for arn in document().get(name) or []]
        return {"cloudwatch:AlarmActions": actions} if actions else {}
    if action == "acm:RequestCertificate":
        # https://docs.aws.amazon.com/acm/latest/userguide/acm-conditions.html
        names = [document().get("DomainName"), *(document().get("SubjectAlternativeNames") or [])]
        return {"acm:DomainNames": [name for name in names if name]}
    if action == "application-autoscaling:RegisterScalableTarget":
        return {"application-autoscaling:service-namespace": document().get("ServiceNamespace")}
    if action == "backup:PutBackupVaultLockConfiguration":
        return {f"backup:{name}": document()[name] for name in copies.BOUNDS if name in document()}
    if action == "lambda:AddPermission":
        return {"lambda:Principal": document().get("Principal")}
    if action == "secretsmanager:CreateSecret" and (replicas := document().get("AddReplicaRegions")):
        return {"secretsmanager:AddReplicaRegions": [replica.get("Region") for replica in replicas]}
    if action == "secretsmanager:RotateSecret" and (function := document().get("RotationLambdaARN")):
        return {"secretsmanager:RotationLambdaARN": function}
    if action in ("rds:CreateDBCluster", "rds:ModifyDBCluster"):
        return {"rds:ManageMasterUserPassword": master_password_managed(action)}
    return {}


def resolve_condition_key(key, context):
    """The value of a condition key. aws:PrincipalArn is the ARN of the role; ministack has that of the session.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-principalarn"""
    value = resolve(key, context)
    if key.lower() == "aws:principalarn" and ":assumed-role/" in value:
        account, name = value.split(":")[4], value.split("/")[1]
        return f"arn:aws:iam::{account}:role/{name}"
    return value


def master_password_managed(action):
    """Whether RDS manages the master user's password: by the call's parameter, else by the cluster's setting.
    https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/rds-secrets-manager.html"""
    params = call.get()[1]
    if said := parameter(params, "ManageMasterUserPassword"):
        return said
    cluster = rds._clusters.get(parameter(params, "DBClusterIdentifier")) if action == "rds:ModifyDBCluster" else None
    return "true" if (cluster or {}).get("MasterUserSecret") else "false"


def condition_keys(action, resource):
    """The condition keys that ministack leaves out of a call."""
    body, params = call.get()
    # Callers of the endpoint call it directly. For calls that a service makes in the caller's name aws:ViaAWSService is
    # true (further).
    keys = {**resource_keys(action, resource), **asked_by_content(action), "aws:ViaAWSService": "false"}
    if action.startswith(("apigateway:", "backup:")):
        keys.update(request_tags())
        if names := params.get("tagKeys"):
            keys["aws:TagKeys"] = names if isinstance(names, list) else [names]
    if action.startswith("route53:"):
        keys.update(route53_keys(action))
    return keys


def route53_keys(action):
    """The condition keys of Route 53's calls.
    https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/specifying-conditions-route53.html"""
    body, params = call.get()
    try:
        elements = list(fromstring(body).iter()) if body else []
    except ParseError:  # ministack rejects such a call
        return {}

    def texts(name, within=None):
        return [(e.text or "").strip() for e in within or elements if e.tag.rpartition("}")[2] == name]

    vpcs = [(texts("VPCId", vpc), texts("VPCRegion", vpc)) for vpc in elements if vpc.tag.rpartition("}")[2] == "VPC"]
    if action == "route53:ListHostedZonesByVPC":
        vpcs = [([parameter(params, "vpcid")], [parameter(params, "vpcregion")])]
    keys = {"route53:VPCs": [f"VPCId={''.join(vpc)},VPCRegion={''.join(region)}" for vpc, region in vpcs]}
    if action == "route53:ChangeResourceRecordSets":
        prefix = "route53:ChangeResourceRecordSets"
        keys[prefix + "NormalizedRecordNames"] = [normalized(name) for name in texts("Name")]
        keys[prefix + "RecordTypes"], keys[prefix + "Actions"] = texts("Type"), texts("Action")
    return {key: values for key, values in keys.items() if values}


def normalized(name):
    """A record's name as in policies: lower case, no trailing dot, octal codes for characters other than letters, digits,
    hyphens, underscores and dots."""

    def escaped(found):
        letter = chr(int(found.group(0)[1:], 8)) if len(found.group(0)) == 4 else found.group(0)
        return letter if re.fullmatch(r"[a-z0-9_-]", letter) else f"\\{ord(letter):03o}"

    return re.sub(r"\\[0-7]{3}|[^a-z0-9_.-]", escaped, name.lower().removesuffix("."))


def credentials(value):
    """The roles with which API Gateway is to call integrations and authorizers, in a call or an OpenAPI document.
    https://docs.aws.amazon.com/apigateway/latest/developerguide/integration-passthrough-behaviors.html"""
    if isinstance(value, list):
        for item in value:
            yield from credentials(item)
    if not isinstance(value, dict):
        return
    if str(value.get("path", "")).lower() in ("/credentials", "/authorizercredentials") and value.get("value"):
        yield value["value"]
    for name, item in value.items():
        if name.lower() in ("credentials", "authorizercredentials") and isinstance(item, str) and ":role/" in item:
            yield item
        else:
            yield from credentials(item)


def further(action, region, resource):
    """The permissions that AWS requires in addition to the call's own: the action, the resource and the condition
    keys of each."""
    body, params = call.get()
    service, name = action.split(":")
    tags = request_tags() if action in TAGGING or service in ("apigateway", "backup", "ec2") else {}

    def arn(of, path):
        return f"arn:aws:{of}:{'' if of == 'iam' else region}:{get_account_id()}:{path}"

    if action in PASSING:
        holder, receiver = PASSING[action]
        patches = {patch.get("path"): patch.get("value") for patch in document().get("patchOperations") or []}
        if role := member(holder) or patches.get(holder):
            yield "iam:PassRole", role, {"iam:PassedToService": receiver}
    if passed := copies.passed_role(action, body):
        yield "iam:PassRole", passed[0], {"iam:PassedToService": passed[1]}
    if service == "apigateway" and name != "GET":
        for role in sorted(set(credentials(document() or openapi()))):
            yield "iam:PassRole", role, {"iam:PassedToService": "apigateway.amazonaws.com"}
    if action in TAGGING and tags:
        permission, path = TAGGING[action]
        yield permission, arn(service, re.sub(r"{(\w+)}", lambda found: member(found.group(1)), path)), tags
    if action in ENCRYPTING:
        holder, permissions = ENCRYPTING[action]
        key, keys = member(holder), {"kms:GrantIsForAWSResource": "true"}
        if service == "lambda":
            made = arn("lambda", "function:" + member("FunctionName")) if name == "CreateFunction" else resource
            key, keys = key or current_key(made), {**keys, **environment_keys(region, made)}
        for permission in permissions if key.startswith("arn:") else ():
            yield permission, key, keys
    if service == "backup":
        yield from copies.further(action, resource, tags)
    if service == "apigateway":
        yield from further_apigateway(action, resource, tags)
    if service == "ec2" and tags:
        for kind in {parameter(params, key) for key in params if re.fullmatch(r"TagSpecification\.\d+\.ResourceType", key)}:
            yield "ec2:CreateTags", arn("ec2", kind + "/*"), {**tags, "ec2:CreateAction": name}
    if action == "ec2:CreateVpcEndpoint" and parameter(params, "PrivateDnsEnabled") == "true":
        vpc = f"VPCId={parameter(params, 'VpcId')},VPCRegion={region}"
        yield "route53:AssociateVPCWithHostedZone", "arn:aws:route53:::hostedzone/*", {
            "aws:ViaAWSService": "true", "route53:VPCs": [vpc]}
    if action in ("rds:CreateDBCluster", "rds:ModifyDBCluster") and begins_managing_password():
        for right in ("secretsmanager:CreateSecret", "secretsmanager:TagResource"):
            yield right, arn("secretsmanager", "secret:rds!cluster-*"), {}
    if action == "rds:DeleteDBCluster" and (snapshot := member("FinalDBSnapshotIdentifier")):
        yield action, arn("rds", f"cluster-snapshot:{snapshot}"), {}
        for taken in (f"cluster:{member('DBClusterIdentifier')}", f"cluster-snapshot:{snapshot}"):
            yield "rds:CreateDBClusterSnapshot", arn("rds", taken), {}
    if action.startswith("rds:RestoreDBCluster"):
        yield from ((action, source, {}) for source in restored_from(arn))
    if action == "elasticache:CreateReplicationGroup":
        yield action, arn("elasticache", "cluster:" + (member("PrimaryClusterId") or "*")), tags
        yield "ec2:CreateNetworkInterface", arn("ec2", "network-interface/*"), {}
        if tags:
            yield "elasticache:AddTagsToResource", arn("elasticache", "cluster:*"), tags
    if action in ("wafv2:AssociateWebACL", "wafv2:DisassociateWebACL"):
        yield "apigateway:SetWebACL", member("ResourceArn"), {}
    if action in ("application-autoscaling:PutScalingPolicy", "application-autoscaling:DeleteScalingPolicy"):
        permission = "cloudwatch:PutMetricAlarm" if name.startswith("Put") else "cloudwatch:DeleteAlarms"
        yield permission, arn("cloudwatch", f"alarm:TargetTracking-{member('ResourceId')}-*"), {}


def begins_managing_password():
    """Whether RDS creates a secret for the master user's password in the call."""
    cluster = rds._clusters.get(member("DBClusterIdentifier")) or {}
    return member("ManageMasterUserPassword") == "true" and not cluster.get("MasterUserSecret")


def restored_from(arn):
    """What a cluster is restored from, which the permission to restore must name as well as the new cluster.
    https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonrds.html"""
    for name, kind in (("SnapshotIdentifier", "cluster-snapshot"), ("SourceDBClusterIdentifier", "cluster")):
        if source := member(name):
            yield source if source.startswith("arn:") else arn("rds", f"{kind}:{source}")
    resource = member("SourceDbClusterResourceId")
    for cluster in rds._clusters.values() if resource else ():
        if cluster["DbClusterResourceId"] == resource:
            yield cluster["DBClusterArn"]


def environment_keys(region, function):
    """The condition keys of Lambda's use of a KMS key for a function's environment, in the caller's name.
    https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars-encryption.html"""
    return {
        "kms:ViaService": f"lambda.{region}.amazonaws.com",
        "kms:EncryptionContext:aws:lambda:FunctionArn": ":".join(function.split(":")[:7]),
    }


def current_key(function):
    """The KMS key of an existing function, if the call sets its environment or its role: the environment is then
    encrypted again, or another role gets a grant. Otherwise ""."""
    if not document().get("Environment") and not document().get("Role"):
        return ""
    kept = lambda_svc._functions.get(function.split(":")[6]) if function.count(":") > 5 else None
    return ((kept or {}).get("config") or {}).get("KMSKeyArn") or ""


async def serve_lambda(method, path, headers, body, query_params):
    """Serves Lambda's calls. A caller who may not decrypt a function's environment gets an error in its place.
    https://docs.aws.amazon.com/lambda/latest/api/API_EnvironmentResponse.html"""
    status, given, response = await ministack_lambda(method, path, headers, body, query_params)
    if not response or b"KMSKeyArn" not in (response if isinstance(response, bytes) else response.encode()):
        return status, given, response
    shown, access_key = json.loads(response), lambda_svc.extract_access_key_id(headers, query_params)
    nested = [shown.get("Configuration"), *(shown.get("Functions") or []), *(shown.get("Versions") or [])]
    for config in [shown, *filter(None, nested)]:
        hide_environment(config, access_key)
    return status, given, json.dumps(shown).encode()


def hide_environment(config, access_key):
    key, function = config.get("KMSKeyArn"), config.get("FunctionArn", "")
    if not key or not (config.get("Environment") or {}).get("Variables"):
        return
    region = function.split(":")[3]
    context = {**resource_keys("kms:Decrypt", key), **environment_keys(region, function)}
    if decide_on_record(access_key, "kms:Decrypt", "kms", region, key, context) is not None:
        config["Environment"] = {"Error": {
            "ErrorCode": "AccessDeniedException",
            "Message": "Lambda was unable to decrypt your environment variables because the KMS access was denied. "
                       "Please check your KMS permissions. KMS Exception: AccessDeniedException",
        }}


def further_apigateway(action, resource, tags):
    """The further permissions of API Gateway, whose actions are methods and whose resources are paths. A call that
    sets tags also requires PUT on the path of the tags; changing the tags of an object requires PATCH on it.
    https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-tagging-iam-policy.html"""
    _, _, tagged = resource.partition("/tags/")
    if action == "apigateway:POST" and tags:
        made = resource + "/" + (member("domainName") or member("stageName") or "*")
        yield "apigateway:PUT", resource.split("::")[0] + "::/tags/" + quote(made, safe="*"), tags
    if action == "apigateway:POST" and resource.endswith("::/domainnames"):
        yield "apigateway:AddCertificateToDomain", resource, {}
    if tagged and action in ("apigateway:PUT", "apigateway:DELETE"):
        yield "apigateway:PATCH", unquote(tagged), {}


def enforce(access_key_id, iam_action, service, region, resource_arn="*", service_context=None):
    for action, resource, keys in further(iam_action, region, resource_arn):
        context = {**resource_keys(action, resource), **keys}
        denied = decide_on_record(access_key_id, action, action.split(":")[0], region, resource, context)
        if denied is not None:
            return denial(denied, access_key_id, action, resource)
    context = {**condition_keys(iam_action, resource_arn), **(service_context or {})}
    return decide_on_record(access_key_id, iam_action, service, region, resource_arn, context)


def decide_on_record(access_key_id, action, service, region, resource, context):
    denied = decide(access_key_id, action, service, region, resource, context)
    caller = iam_evaluator.resolve_caller_identity(access_key_id)
    if caller and not caller["userArn"].endswith(":root"):
        write(caller["userArn"], action, resource, denied is None)
    return denied


def denial(denied, access_key_id, action, resource):
    """A denial that names the missing further permission, not the call's own."""
    if isinstance(denied, iam_evaluator.AuthError):
        return denied
    who = iam_evaluator.resolve_caller_identity(access_key_id)["userArn"]
    return iam_evaluator.AuthError(
        "AccessDenied", f"User: {who} is not authorized to perform: {action} on resource: {resource}")


def write(principal, action, resource, allowed):
    line = (principal, action, resource, allowed)
    if line not in seen:
        seen.add(line)
        names = ("principal", "action", "resource", "allowed")
        print(json.dumps(dict(zip(names, line))), file=record)


def evaluate_trust_policy(trust_doc, caller_arn, context):
    """Whether a trust policy allows the caller. The administrator may assume any role that trusts a service: the gateway
    does so for the service, after it has evaluated the conditions with the keys that the service sends
    (gateway/emulator/roles.go)."""
    if caller_arn.endswith(":root"):
        trust = json.loads(trust_doc) if isinstance(trust_doc, str) else trust_doc
        listed = trust.get("Statement", [])
        for statement in [listed] if isinstance(listed, dict) else listed:
            principal = statement.get("Principal")
            if statement.get("Effect") == "Allow" and isinstance(principal, dict) and "Service" in principal:
                return True
    return decide_trust(with_user_name(trust_doc, context), caller_arn, with_mfa(context))


def with_user_name(trust_doc, context):
    """The policy with the caller's name in place of ${aws:username}, which ministack compares as text. Only a user has one.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html"""
    text = trust_doc if isinstance(trust_doc, str) else json.dumps(trust_doc)
    name = context.principal_keys.get("aws:username") if context else None
    return text.replace("${aws:username}", name) if name else text


def with_mfa(context):
    """The condition keys of a call with a valid code; without one, a user's call has no key.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-multifactorauthpresent"""
    if not context or not mfa.present.get():
        return context
    return dataclasses.replace(context, principal_keys={**context.principal_keys, "aws:multifactorauthpresent": "true"})


@functools.cache
def compile_pattern(pattern, ignore_case):
    """The regular expression of a policy's pattern, in which ${*} is the asterisk itself.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#policy-vars-specialchars"""
    special = {"${*}": r"\*", "*": ".*", "?": "."}
    parts = re.split(r"(\$\{\*\}|[*?])", pattern)
    return re.compile("^" + "".join(special.get(part) or re.escape(part) for part in parts) + "$",
                      re.IGNORECASE if ignore_case else 0)


def session_token():
    """A session token with the length and the characters of AWS's, because every presigned URL contains it. ministack's
    has 134 characters. https://docs.aws.amazon.com/STS/latest/APIReference/API_Credentials.html states no limit; public
    samples from functions have 1,000 to 1,500."""
    return "IQoJb3JpZ2luX2Vj" + base64.b64encode(os.urandom(1050)).decode()


def web_identity(token, provider_id, role_arn):
    """The principal and the condition keys of a token. ministack sets aud, sub and amr, which AWS sets for every
    issuer; for GitLab.com, and no other GitLab, AWS sets more."""
    principal, keys = ministack_web_identity(token, provider_id, role_arn)
    if principal.endswith(":oidc-provider/gitlab.com"):
        claims = _decode_id_token_unverified(token)
        keys |= {f"gitlab.com:{name}": claims[name] for name in GITLAB_COM if name in claims}
    return principal, keys


def statements(policies):
    """The statements of all policies as one list, in the form of policy documents."""
    return [
        {name: value for name, value in (
            ("Sid", parsed.sid), ("Effect", parsed.effect), ("Action", parsed.actions), ("NotAction", parsed.not_actions),
            ("Resource", parsed.resources), ("NotResource", parsed.not_resources), ("Condition", parsed.conditions)) if value}
        for policy in policies for parsed in policy
    ]


def principal(access_key_id):
    """The owner of an access key, with its secret and policies: the sandbox's API Gateway verifies signatures and
    evaluates policies itself, without a call for each request (gateway/emulator/principal.go)."""
    credential = iam_evaluator.resolve_credential(access_key_id)
    found = credential if isinstance(credential, iam_evaluator.CredentialResolutionError) else (
        iam_evaluator.resolve_principal(access_key_id, get_account_id(), credential))
    if not isinstance(found, iam_evaluator.PrincipalInfo):
        return 403, {"code": found.code, "message": found.message}
    return 200, {
        "secret": credential.secret_access_key, "token": credential.session_token or "", "expires": credential.expiration or 0,
        "arn": found.arn, "id": credential.principal_id, "account": found.account, "root": found.policies is None,
        "identity": statements(found.policies or []), "limits": [statements(limit) for limit in found.limits],
        "keys": {name: value if isinstance(value, list) else [str(value)] for name, value in found.keys.items()},
    }


async def send_to_the_gateway(path, send):
    status, body = (200, copies.take_operations()) if path == REPLICATIONS else principal(unquote(path.removeprefix(PRINCIPALS)))
    await send({"type": "http.response.start", "status": status, "headers": [(b"content-type", b"application/json")]})
    await send({"type": "http.response.body", "body": json.dumps(body).encode()})


PRINCIPALS, REPLICATIONS = "/_sandbox/principals/", "/_sandbox/replications"


def for_the_gateway(app, key):
    """Serves only calls with the key: every process of the machine can connect to the port, and ministack does not
    require a signature of every call (listing a bucket, its own administration). The key is not passed on."""
    wanted = key.encode()

    async def guarded(scope, receive, send):
        if scope["type"] == "lifespan":
            return await app(scope, receive, send)
        given = dict(scope["headers"]).get(b"x-sandbox-emulator-key", b"")
        if hmac.compare_digest(given, wanted) and scope["type"] == "http" and scope["path"].startswith((PRINCIPALS, REPLICATIONS)):
            return await send_to_the_gateway(scope["path"], send)
        if hmac.compare_digest(given, wanted):
            rest = [header for header in scope["headers"] if header[0] != b"x-sandbox-emulator-key"]
            return await app({**scope, "headers": rest}, receive, send)
        if scope["type"] == "websocket":
            return await send({"type": "websocket.close", "code": 1008})
        await send({"type": "http.response.start", "status": 403, "headers": [(b"content-type", b"text/plain")]})
        await send({"type": "http.response.body", "body": b"This is the emulator's own port, for the sandbox's gateway alone: use the AWS endpoint.\n"})

    return guarded


ministack.app.app = for_the_gateway(ministack.app.app, os.environ.pop("EMULATOR_KEY"))
# The sandbox evaluates alarms itself (sandbox/metrics): ministack does so when data is put, without dimensions and periods.
cloudwatch._evaluate_alarm = lambda alarm: None
batches.install()
copies.install(write)
keptlogs.install()
managedpasswords.install()
mfa.install()
savestate.install()
versiontags.install()
sts._gen_session_token = session_token
ministack_web_identity = sts._web_identity_principal
sts._web_identity_principal = web_identity
iam_evaluator._fnmatch_compile = compile_pattern
lambda_svc.handle_request = serve_lambda
iam_actions.extract_iam_action = extract_iam_action
iam_actions.extract_resource_arn = extract_resource_arn
iam_evaluator.enforce = enforce
iam_evaluator.evaluate_trust_policy = evaluate_trust_policy
iam_evaluator._resolve_condition_key = resolve_condition_key
# ministack accepts the root user's key, the key "test" and every account's ID without verifying the signature. With
# this, it verifies them like those of other keys, with the secret that it was started with.
iam_evaluator._is_root_key = lambda key: False
sys.argv[1:] = []
main()

"""Starts ministack, has it know more calls by IAM's names and more of what policies
ask about them, and keeps a record of what it authorizes.

Takes the record's path as its one argument and writes a JSON line for every
principal, action, resource and outcome that was not there before. The account's
root user, whom no policy binds, is left out.

ministack authorizes no call that it has no name for. Of those that the stack
makes these are CloudWatch's, whose clients speak CBOR, and Application Auto
Scaling's, which the gateway answers; and it has one name for all calls on an
alias or on a function's concurrency. It knows no tags of API Gateway, RDS and
ACM, and those of the rest only where an identity's own policies, not its
boundary, ask for them; and it lets everybody hand any role to a service.
https://docs.aws.amazon.com/service-authorization/latest/reference/
"""

import contextvars
import json
import re
import sys
from urllib.parse import unquote

import cbor2
from ministack.core import iam_actions, iam_evaluator
from ministack.app import main
from ministack.services import acm, apigateway_v1, kms, rds, tagging

LAMBDA = [
    (re.compile(r"/functions/[^/]+/aliases/[^/]+$"), {"GET": "GetAlias", "PUT": "UpdateAlias", "DELETE": "DeleteAlias"}),
    (re.compile(r"/functions/[^/]+/concurrency$"), {"GET": "GetFunctionConcurrency", "DELETE": "DeleteFunctionConcurrency"}),
    (re.compile(r"/functions/[^/]+/provisioned-concurrency$"), {
        "GET": "GetProvisionedConcurrencyConfig", "PUT": "PutProvisionedConcurrencyConfig",
        "DELETE": "DeleteProvisionedConcurrencyConfig",
    }),
]

# Calls that hand a role to a service: the member that names the role, and the service.
PASSING = {
    "lambda:CreateFunction": ("Role", "lambda.amazonaws.com"),
    "lambda:UpdateFunctionConfiguration": ("Role", "lambda.amazonaws.com"),
    "rds:CreateDBProxy": ("RoleArn", "rds.amazonaws.com"),
    "rds:ModifyDBProxy": ("RoleArn", "rds.amazonaws.com"),
    "ec2:CreateFlowLogs": ("DeliverLogsPermissionArn", "vpc-flow-logs.amazonaws.com"),
    "apigateway:PATCH": ("/cloudwatchRoleArn", "apigateway.amazonaws.com"),
}

name_action, name_resource = iam_actions.extract_iam_action, iam_actions.extract_resource_arn
decide = iam_evaluator.enforce
record = open(sys.argv[1], "a", buffering=1)
seen = set()
# The body and the parameters of the call that is being decided.
call = contextvars.ContextVar("call", default=(b"", {}))


def scope(headers):
    """The service that the request is signed for."""
    found = re.search(r"Credential=[^/]+/\d+/[^/]+/([^/]+)/", headers.get("authorization", ""))
    return found.group(1) if found else ""


def extract_iam_action(service, method, path, headers, body, query_params):
    call.set((body or b"", query_params or {}))
    signed = scope(headers)
    if signed == "monitoring" and "/operation/" in path:
        return "cloudwatch:" + path.rsplit("/", 1)[1]
    if signed == "application-autoscaling":
        return "application-autoscaling:" + headers.get("x-amz-target", "").rsplit(".", 1)[-1]
    if service == "lambda":
        if method == "GET" and path.endswith("/provisioned-concurrency") and parameter(query_params or {}, "List"):
            return "lambda:ListProvisionedConcurrencyConfigs"
        for pattern, names in LAMBDA:
            if pattern.search(path) and method in names:
                return "lambda:" + names[method]
    return name_action(service, method, path, headers, body, query_params)


def extract_resource_arn(service, method, path, headers, body, query_params, region, account_id):
    signed = scope(headers)
    if signed == "monitoring" and path.endswith("/operation/PutCompositeAlarm"):
        return "*"  # AWS refuses it where it is granted for less (API reference, PutCompositeAlarm)
    if signed == "monitoring" and "/operation/" in path:
        return cloudwatch_resource(cbor2.loads(body) if body else {}, region, account_id)
    if signed == "application-autoscaling" and ":Describe" not in extract_iam_action(
            service, method, path, headers, body, query_params):
        return f"arn:aws:application-autoscaling:{region}:{account_id}:scalable-target/*"
    if service == "rds" and (proxy := proxy_resource(query_params)):
        return proxy
    return name_resource(service, method, path, headers, body, query_params, region, account_id)


def cloudwatch_resource(call, region, account_id):
    if call.get("ResourceARN"):
        return call["ResourceARN"]
    if name := next(iter(call.get("DashboardNames") or [call.get("DashboardName")])):
        return f"arn:aws:cloudwatch::{account_id}:dashboard/{name}"
    if name := next(iter(call.get("AlarmNames") or [call.get("AlarmName")])):
        return f"arn:aws:cloudwatch:{region}:{account_id}:alarm:{name}"
    return "*"


def proxy_resource(params):
    """The proxy, its endpoint or its target group that a call is about, by the id that AWS makes up; or
    whatever a call names by its ARN."""
    action, name = parameter(params, "Action"), parameter(params, "DBProxyName")
    if tagged := parameter(params, "ResourceName"):
        return tagged
    if action == "CreateDBProxy":
        return None
    if endpoint := rds._db_proxy_endpoints.get(parameter(params, "DBProxyEndpointName")):
        return endpoint["DBProxyEndpointArn"]
    if not (proxy := rds._db_proxies.get(name)):
        return None
    if action in ("ModifyDBProxyTargetGroup", "RegisterDBProxyTargets"):
        return proxy["TargetGroup"]["TargetGroupArn"]
    return proxy["DBProxyArn"]


def parameter(params, name):
    value = params.get(name, "")
    return value[0] if isinstance(value, list) else value


def document():
    """The JSON of the call; of any other call none."""
    try:
        value = json.loads(call.get()[0])
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def tags_of(arn):
    """What the tags of a resource are to a policy."""
    service = arn.split(":", 3)[2] if arn.startswith("arn:") else ""
    if service == "apigateway":
        return apigateway_tags(arn)
    if service == "rds":
        return {tag["Key"]: tag["Value"] for tag in rds._tags.get(arn) or []}
    if service == "acm":
        return {tag["Key"]: tag["Value"] for tag in (acm._certificates.get(arn) or {}).get("Tags", [])}
    tags = dict(tagging.resource_tags(arn) or {})
    for cluster in rds._clusters.values() if ":secret:rds!cluster-" in arn else ():
        if (cluster.get("MasterUserSecret") or {}).get("SecretArn") == arn:
            tags["aws:rds:primaryDBClusterArn"] = cluster["DBClusterArn"]
    return tags


def apigateway_tags(arn):
    """The tags of an API, a key, a plan or a domain name: what lies under it has them too."""
    parts = arn.split("/")
    if len(parts) < 3:
        return {}
    stores = {
        "apikeys": apigateway_v1._api_keys, "domainnames": apigateway_v1._domain_names,
        "restapis": apigateway_v1._rest_apis, "usageplans": apigateway_v1._usage_plans,
    }
    found = stores[parts[1]].get(parts[2]) if parts[1] in stores else None
    return {**((found or {}).get("tags") or {}), **(apigateway_v1._v1_tags.get("/".join(parts[:3])) or {})}


def asked(action, resource):
    """The condition keys that ministack leaves out of a call."""
    body, params = call.get()
    keys = {f"aws:ResourceTag/{name}": value for name, value in tags_of(resource).items()}
    if action.startswith("apigateway:"):
        tags = document().get("tags") or {}
        names = params.get("tagKeys") or list(tags)
        keys.update({f"aws:RequestTag/{name}": value for name, value in tags.items()})
        if names:
            keys["aws:TagKeys"] = names if isinstance(names, list) else [names]
    if action == "route53:ChangeResourceRecordSets":
        names = re.findall(r"<Name>([^<]+)</Name>", body.decode("utf-8", "replace"))
        keys["route53:ChangeResourceRecordSetsNormalizedRecordNames"] = [name.rstrip(".").lower() for name in names]
    if resource.startswith("arn:aws:kms:"):
        aliases = [arn.split(":", 5)[5] for arn, key in kms._aliases.items() if resource.endswith("/" + key)]
        if aliases:
            keys["kms:ResourceAliases"] = aliases
    if action == "kms:CreateGrant":
        keys["kms:GrantIsForAWSResource"] = "false"  # no service of AWS's makes one here
    return keys


def further(action, resource):
    """The rights that AWS asks for beside the call's own: what, on what, with which condition keys."""
    body, params = call.get()
    if action in PASSING:
        member, service = PASSING[action]
        patches = {patch.get("path"): patch.get("value") for patch in document().get("patchOperations") or []}
        role = document().get(member) or patches.get(member) or parameter(params, member)
        if role:
            yield "iam:PassRole", role, {"iam:PassedToService": service}
    if action == "rds:CreateDBProxyEndpoint" and resource != "*":
        region, account = resource.split(":")[3:5]
        yield action, f"arn:aws:rds:{region}:{account}:db-proxy-endpoint:*", iam_actions.request_tag_context(
            "rds", action, body, params)


def enforce(access_key_id, iam_action, service, region, resource_arn="*", service_context=None):
    context = {**asked(iam_action, resource_arn), **(service_context or {})}
    for action, resource, keys in further(iam_action, resource_arn):
        denied = decide_on_record(access_key_id, action, service, region, resource, {**keys, **context})
        if denied is not None:
            return refusal(denied, access_key_id, action, resource)
    return decide_on_record(access_key_id, iam_action, service, region, resource_arn, context)


def decide_on_record(access_key_id, action, service, region, resource, context):
    denied = decide(access_key_id, action, service, region, resource, context)
    caller = iam_evaluator.resolve_caller_identity(access_key_id)
    if caller and not caller["userArn"].endswith(":root"):
        write(caller["userArn"], action, resource, denied is None)
    return denied


def refusal(denied, access_key_id, action, resource):
    """A refusal that names the further right, not the call's own."""
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


iam_actions.extract_iam_action = extract_iam_action
iam_actions.extract_resource_arn = extract_resource_arn
iam_evaluator.enforce = enforce
sys.argv[1:] = []
main()

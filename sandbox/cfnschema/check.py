"""Validates the inputs of a stack's resources against AWS's resource schemas with cfn-lint.

    check.py REGION STATE

STATE is the output of pulumi stack export. It prints one line per finding and exits with 1 if there are any.
"""

import json
import sys

from cfnlint.api import lint
from cfnlint.config import ManualArgs
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

from mapping import TYPES, UNMAPPED

# Inputs that every resource has in the provider only.
DROPPED = {"__defaults", "tags", "tagsAll", "region"}
# The member that marks a secret in Pulumi's state.
SECRET = "4dabf18193072939515e22adb298388d"
# Warnings, and equal names of two resources: in Pulumi, a bucket's settings are separate resources.
IGNORED = ["W", "I", "E3019"]
# Values of the provider's inputs that mean "not set".
UNSET = {"reservedConcurrentExecutions": -1}
# The number of characters that the upstream provider appends to a prefix.
GENERATED = 26
# Properties that the schemas require and that have another form in the provider.
REQUIRED = {
    "AWS::EC2::FlowLog": {"ResourceType": "VPC"},
    "AWS::Lambda::Function": {"Code": {"S3Bucket": "bucket", "S3Key": "key"}},
    "AWS::RDS::DBProxyTargetGroup": {"TargetGroupName": "default"},
}


def resolve(schema, root):
    """Follows the schema's references."""
    while "$ref" in schema:
        node = root
        for part in schema["$ref"].split("/")[1:]:
            node = node[part]
        schema = node
    return schema


def put(target, path, value):
    *parents, last = path.split(".")
    for name in parents:
        target = target.setdefault(name, {})
    target[last] = value


def convert(value, schema, root, renames, path=""):
    """Converts a value to CloudFormation's form: names, lists with one element, documents that are strings in Pulumi."""
    schema = resolve(schema, root)
    kind = schema.get("type", "")
    if isinstance(value, str) and "object" in kind:
        try:
            return json.loads(value)
        except ValueError:
            return value
    if isinstance(value, list) and "object" in kind and "properties" not in schema:  # parameters
        return {item["name"]: item["value"] for item in value}
    if isinstance(value, str) and kind == "array":
        return [value]
    if isinstance(value, dict) and kind == "array":
        items = resolve(schema["items"], root)
        if {"Name", "Value"} == set(items.get("properties", {})):  # dimensions
            return [{"Name": name, "Value": text} for name, text in value.items()]
        if {"Key", "Value"} == set(items.get("properties", {})):
            return [{"Key": name, "Value": text} for name, text in value.items()]
        return [convert(value, items, root, renames, path)]
    if isinstance(value, list):
        items = schema.get("items", {})
        return [convert(item, items, root, renames, path) for item in value]
    if isinstance(value, dict) and "properties" in schema:
        return convert_object(value, schema, root, renames, path)
    return value


def convert_object(value, schema, root, renames, path):
    names = {name.lower(): name for name in schema["properties"]}
    result = {}
    for name, item in value.items():
        source = f"{path}.{name}" if path else name
        target = renames.get(source, names.get(name.lower(), name))
        if target is None or name in DROPPED or item is None or isinstance(item, dict) and SECRET in item:
            continue
        if item == UNSET.get(source):
            continue
        if name.endswith("Prefix") and not path:
            item += "0" * GENERATED
        kind = schema
        for part in target.split("."):
            kind = resolve(kind, root).get("properties", {}).get(part, {})
        item = convert(item, kind, root, renames, source)
        put(result, target, item)
    return result


def template(resources, region):
    """Returns the template, the resources by their names in it, and the types without a mapping."""
    found, names, unknown = {}, {}, set()

    def add(name, kind, properties):
        key = f"R{len(found)}"
        found[key], names[key] = {"Type": kind, "Properties": properties}, name

    for resource in resources:
        token, name = resource["type"], resource["urn"].split("::")[-1]
        if not token.startswith("aws:") or token in UNMAPPED:
            continue
        if token not in TYPES:
            unknown.add(token)
            continue
        kind, renames = TYPES[token]
        schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema(region, kind).schema
        properties = convert_object(resource.get("inputs", {}), schema, schema, renames, "")
        add(name, kind, REQUIRED.get(kind, {}) | properties)
        if kind == "AWS::ElastiCache::ReplicationGroup" and properties.get("Engine") == "redis":
            # Only the schema of a single node has the node types and versions of each region.
            node = {key: properties[key] for key in ("Engine", "EngineVersion", "CacheNodeType") if key in properties}
            add(name, "AWS::ElastiCache::CacheCluster", node | {"NumCacheNodes": 1})
    return {"AWSTemplateFormatVersion": "2010-09-09", "Resources": found}, names, unknown


def main(region, path):
    with open(path, encoding="utf-8") as file:
        resources = json.load(file)["deployment"]["resources"]
    document, names, unknown = template(resources, region)
    findings = [f"{token}: no mapping in sandbox/cfnschema/mapping.py" for token in sorted(unknown)]
    for match in lint(json.dumps(document), config=ManualArgs(regions=[region], ignore_checks=IGNORED)):
        where = [str(part) for part in match.path[1:]]
        kind = document["Resources"][where[0]]["Type"] if where else ""
        findings.append(f"{names.get(where[0], '') if where else ''} {kind} {'.'.join(where[2:])}: {match.message} ({match.rule.id})")
    print(*findings, sep="\n")
    print(f"{len(document['Resources'])} resources, {len(findings)} findings", file=sys.stderr)
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

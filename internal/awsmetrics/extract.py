"""Writes catalog.json from the npm package aws-cdk-lib, whose generated files
have the metrics of AWS's services with every set of dimensions that AWS's own
dashboards use: npm pack aws-cdk-lib@VERSION, then

    python3 internal/awsmetrics/extract.py aws-cdk-lib-VERSION.tgz

Only the services of the stack are kept. The units are not in the package.
"""

import base64
import hashlib
import json
import pathlib
import re
import sys
import tarfile

PACKAGE = "aws-cdk-lib 2.276.0"
INTEGRITY = "sha512-K+yxURPKRDRDgaPazG4PKFmFHM/igg3kGp6tkPJ6vba8FMEo3DtJ/X6WaY5KvcwrkiKj2K7gFRZB6DO5aPYxxg=="
SERVICES = ["apigateway", "elasticache", "lambda", "logs", "rds", "route53"]

METHOD = re.compile(r"static (\w+)\(dimensions\)\{return\{namespace:\"([^\"]+)\",metricName:\"([^\"]+)\"")
DECLARED = re.compile(r"static (\w+)\(this: void, dimensions: \{([^}]*)\}\)")


def catalog(package):
    """The dimension sets by namespace and metric."""
    found = {}
    for service in SERVICES:
        path = f"package/aws-{service}/lib/{service}-canned-metrics.generated"
        code = package.extractfile(path + ".js").read().decode()
        types = package.extractfile(path + ".d.ts").read().decode()
        metrics = {method: (namespace, name) for method, namespace, name in METHOD.findall(code)}
        for method, members in DECLARED.findall(types):
            namespace, name = metrics[method]
            dimensions = " ".join(sorted(re.findall(r"(\w+): string", members)))
            sets = found.setdefault(namespace, {}).setdefault(name, [])
            if dimensions not in sets:
                sets.append(dimensions)
    return {namespace: {name: sorted(found[namespace][name]) for name in sorted(found[namespace])} for namespace in sorted(found)}


def main():
    content = pathlib.Path(sys.argv[1]).read_bytes()
    got = "sha512-" + base64.b64encode(hashlib.sha512(content).digest()).decode()
    if got != INTEGRITY:
        sys.exit(f"{sys.argv[1]} has {got}, must be {PACKAGE} with {INTEGRITY}")
    with tarfile.open(sys.argv[1]) as package:
        metrics = catalog(package)
    # A line for each metric, so that a change of the package can be read.
    namespaces = [
        json.dumps(namespace) + ": {\n" + ",\n".join(f"  {json.dumps(name)}: {json.dumps(sets)}" for name, sets in found.items()) + "\n}"
        for namespace, found in metrics.items()
    ]
    head = f'{{"source": {json.dumps(PACKAGE)}, "integrity": {json.dumps(INTEGRITY)}, "metrics": {{\n'
    pathlib.Path(__file__).with_name("catalog.json").write_text(head + ",\n".join(namespaces) + "\n}}\n")


main()

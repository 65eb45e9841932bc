"""Lets RDS manage the master user's password of a cluster that exists: ministack does so at creation only. A restored
cluster is such a one, because the calls that restore have no parameter for it.

https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/rds-secrets-manager.html
"""

import json

from ministack.core.responses import get_account_id, get_region, new_uuid
from ministack.services import rds, secretsmanager

modify = rds._modify_db_cluster_impl


def modify_db_cluster(params):
    """Replaces ministack's of this name."""
    answer = modify(params)
    cluster = rds._resolve_cluster_in_request_region(rds._p(params, "DBClusterIdentifier"))
    if answer[0] != 200 or rds._p(params, "ManageMasterUserPassword") != "true" or cluster.get("MasterUserSecret"):
        return answer
    login = {"username": cluster["MasterUsername"], "password": rds._generate_master_user_password()}
    secret = secretsmanager.create_secret_in_process(
        f"rds!cluster-{new_uuid()}", json.dumps(login),
        description=f"Secret managed by RDS for DB cluster {cluster['DBClusterIdentifier']}",
    )
    default = f"arn:aws:kms:{get_region()}:{get_account_id()}:key/aws-secretsmanager-default"
    cluster["MasterUserSecret"] = {
        "SecretArn": secret, "SecretStatus": "active", "KmsKeyId": rds._p(params, "MasterUserSecretKmsKeyId") or default,
    }
    cluster["_MasterUserPassword"] = login["password"]
    return rds._xml(
        200, "ModifyDBClusterResponse",
        f"<ModifyDBClusterResult><DBCluster>{rds._cluster_xml(cluster)}</DBCluster></ModifyDBClusterResult>",
    )


def install():
    rds._modify_db_cluster_impl = modify_db_cluster

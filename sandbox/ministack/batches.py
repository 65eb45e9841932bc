"""Interprets the response of a queue's worker as Lambda does: an empty or null list of failures is a success, and a
failure without a message ID is a failure of the whole batch. ministack fails the batch for a null list, and ignores a
failure without an ID.
https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
"""

import json

from ministack.services import lambda_svc

execute = lambda_svc._execute_function


def execute_function(function, event):
    """Replaces ministack's of this name."""
    result = execute(function, event)
    records = event.get("Records") if isinstance(event, dict) else None
    if records and records[0].get("eventSource") == "aws:sqs" and not result.get("error"):
        return {**result, "body": {"batchItemFailures": failures(result.get("body"), records)}}
    return result


def failures(body, records):
    if isinstance(body, (str, bytes)):
        try:
            body = json.loads(body)
        except ValueError:
            body = None
    listed = (body.get("batchItemFailures") if isinstance(body, dict) else None) or []
    identifiers = [failure.get("itemIdentifier") if isinstance(failure, dict) else None for failure in listed]
    if all(identifiers):
        return listed
    return [{"itemIdentifier": record["messageId"]} for record in records]


def install():
    lambda_svc._execute_function = execute_function

"""Registers, runs and follows a task with boto3, with its waiters and paginators, and
prints what it finds as one line of JSON."""

import json

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

ecs = boto3.client("ecs")
logs = boto3.client("logs", config=Config(inject_host_prefix=False))
account = boto3.client("sts").get_caller_identity()["Account"]


def code(call, **arguments):
    try:
        call(**arguments)
    except ClientError as e:
        return e.response["Error"]["Code"] + ": " + e.response["Error"]["Message"]
    return ""


container = {
    "name": "app",
    "image": "busybox",
    "memory": 64,
    "command": ["sh", "-c", "echo $KEY; sleep 5; echo $USER_NAME; exit 5"],
    "secrets": [
        {"name": "KEY", "valueFrom": "/app/key"},
        {
            "name": "USER_NAME",
            "valueFrom": f"arn:aws:secretsmanager:us-east-1:{account}:secret:app/db-AbCdEf:user::",
        },
    ],
    "logConfiguration": {
        "logDriver": "awslogs",
        "options": {"awslogs-group": "/ecs/py", "awslogs-region": "us-east-1", "awslogs-stream-prefix": "p"},
    },
}
family = dict(family="py", executionRoleArn="pull", containerDefinitions=[container])
empty_tags = code(ecs.register_task_definition, tags=[], **family)
registered = ecs.register_task_definition(tags=[{"key": "team", "value": "blue"}], **family)["taskDefinition"]
ecs.create_cluster(clusterName="made")
no_instances = code(ecs.run_task, cluster="made", taskDefinition="py")
ecs.delete_cluster(cluster="made")
answer = ecs.run_task(cluster="any", taskDefinition="py", count=2, tags=[], placementConstraints=[])
arns = [t["taskArn"] for t in answer["tasks"]]
fast = {"Delay": 1, "MaxAttempts": 60}
ecs.get_waiter("tasks_running").wait(cluster="any", tasks=arns, WaiterConfig=fast)
ecs.get_waiter("tasks_stopped").wait(cluster="any", tasks=arns, WaiterConfig=fast)
tasks = ecs.describe_tasks(cluster="any", tasks=arns)["tasks"]
lines = [
    e["message"]
    for page in logs.get_paginator("filter_log_events").paginate(
        logGroupName="/ecs/py", interleaved=True, PaginationConfig={"PageSize": 1}
    )
    for e in page["events"]
]
streams = [
    s["logStreamName"]
    for page in logs.get_paginator("describe_log_streams").paginate(
        logGroupName="/ecs/py", PaginationConfig={"PageSize": 1}
    )
    for s in page["logStreams"]
]
tail = logs.start_live_tail(logGroupIdentifiers=[f"arn:aws:logs:us-east-1:{account}:log-group:/ecs/py"])
first = next(iter(tail["responseStream"]))
tail["responseStream"].close()
print(
    json.dumps(
        {
            "account": account,
            "empty_tags": empty_tags,
            "no_instances": no_instances,
            "role": registered["executionRoleArn"],
            "families": ecs.list_task_definition_families()["families"],
            "tags": ecs.list_tags_for_resource(resourceArn=registered["taskDefinitionArn"])["tags"],
            "codes": [t["containers"][0]["exitCode"] for t in tasks],
            "lines": sorted(lines),
            "streams": len(streams),
            "tail": list(first),
            "secret": boto3.client("secretsmanager").get_secret_value(SecretId="app/db")["SecretString"],
            "parameters": [
                p["Value"]
                for p in boto3.client("ssm").get_parameters(Names=["/app/key", "/none"], WithDecryption=True)["Parameters"]
            ],
        }
    )
)

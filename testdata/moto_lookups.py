#!/usr/bin/env python3
"""Makes what the look-ups find, at the endpoint of AWS_ENDPOINT_URL, and prints its names as JSON."""
import json, boto3
ec2, iam, ecs, ecr = (boto3.client(s) for s in ("ec2", "iam", "ecs", "ecr"))
vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
def subnet(name, tier, n):
    tags = [{"Key": "Name", "Value": name}, {"Key": "Tier", "Value": tier}]
    return ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.9.{n}.0/24", TagSpecifications=[{"ResourceType": "subnet", "Tags": tags}])["Subnet"]["SubnetId"]
def role(name, service):
    trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}]}
    return iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
made = {
    "vpc": vpc, "a": subnet("jobs-a", "private", 1), "b": subnet("jobs-b", "private", 2), "public": subnet("web", "public", 3),
    "group": ec2.create_security_group(GroupName="jobs", Description="x", VpcId=vpc)["GroupId"],
    "elsewhere": next(s["SubnetId"] for s in ec2.describe_subnets()["Subnets"] if s["VpcId"] != vpc),
    "good": role("good", "ecs-tasks.amazonaws.com"), "bad": role("bad", "ec2.amazonaws.com"),
    "secret": boto3.client("secretsmanager").create_secret(Name="db", SecretString="x")["ARN"],
    "repository": ecr.create_repository(repositoryName="app")["repository"]["repositoryUri"],
}
boto3.client("ssm").put_parameter(Name="/app/key", Type="SecureString", Value="x")
boto3.client("logs").create_log_group(logGroupName="/ecs/jobs")
index = "application/vnd.oci.image.index.v1+json"
ecr.put_image(repositoryName="app", imageTag="1", imageManifestMediaType=index, imageManifest=json.dumps({
    "schemaVersion": 2, "mediaType": index, "manifests": [{"mediaType": "application/vnd.oci.image.manifest.v1+json",
    "digest": "sha256:" + 64 * "1", "size": 1, "platform": {"os": "linux", "architecture": "amd64"}}]}))
ecs.create_cluster(clusterName="jobs")
ecs.register_task_definition(family="job", cpu="256", memory="512", networkMode="awsvpc", requiresCompatibilities=["FARGATE"],
    executionRoleArn=made["good"], containerDefinitions=[{"name": "app", "image": made["repository"] + ":1"}])
print(json.dumps(made))

// Registers, runs and follows a task with the AWS SDK for JavaScript, as actions that
// are written in it do, and prints what it finds as one line of JSON.
import { CloudWatchLogsClient, GetLogEventsCommand, StartLiveTailCommand } from "@aws-sdk/client-cloudwatch-logs";
import { DescribeTasksCommand, ECSClient, RegisterTaskDefinitionCommand, RunTaskCommand, waitUntilTasksStopped } from "@aws-sdk/client-ecs";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";

const ecs = new ECSClient({});
const logs = new CloudWatchLogsClient({ disableHostPrefix: true });
const { Account } = await new STSClient({}).send(new GetCallerIdentityCommand({}));

const { taskDefinition } = await ecs.send(new RegisterTaskDefinitionCommand({
  family: "js",
  containerDefinitions: [{
    name: "app", image: "busybox", memory: 64, command: ["sh", "-c", "sleep 1; echo one; echo two; exit 4"],
    logConfiguration: { logDriver: "awslogs", options: {
      "awslogs-group": "/ecs/js", "awslogs-region": "us-east-1", "awslogs-stream-prefix": "p", "awslogs-create-group": "true",
    } },
  }],
}));

async function run() {
  const { tasks, failures } = await ecs.send(new RunTaskCommand({
    taskDefinition: taskDefinition.taskDefinitionArn, tags: [], capacityProviderStrategy: [], placementConstraints: [], startedBy: "js",
  }));
  if (failures.length > 0) throw new Error(JSON.stringify(failures));
  return tasks[0].taskArn;
}
const stopped = (arn) => waitUntilTasksStopped({ client: ecs, minDelay: 1, maxDelay: 1, maxWaitTime: 60 }, { tasks: [arn] });
const abort = new AbortController();
const tail = await logs.send(
  new StartLiveTailCommand({ logGroupIdentifiers: [`arn:aws:logs:us-east-1:${Account}:log-group:/ecs/js`] }), { abortSignal: abort.signal });
const events = tail.responseStream[Symbol.asyncIterator]();
const first = await events.next();
const arn = await run();
const seen = [];
while (seen.length < 2) {
  const { value } = await events.next();
  seen.push(...value.sessionUpdate.sessionResults.map((e) => e.message));
}
abort.abort();
await stopped(arn);
const { tasks } = await ecs.send(new DescribeTasksCommand({ tasks: [arn] }));
const read = await logs.send(new GetLogEventsCommand({
  logGroupName: "/ecs/js", logStreamName: `p/app/${arn.split("/").pop()}`, startFromHead: true,
}));
console.log(JSON.stringify({
  account: Account, started: "sessionStart" in first.value, tail: seen,
  exitCode: tasks[0].containers[0].exitCode, lines: read.events.map((e) => e.message),
}));
process.exit(0);

// Package policy returns the IAM policy that a step needs: it allows the calls of a run
// with the given inputs and definitions, and nothing else.
//
// It never calls AWS. Unknown parts of an ARN, such as the account, are wildcards. In a
// policy of one account this grants no more.
package policy

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/arn"

	"github.com/ecs-run-task/ecs-run-task/internal/awsfacts"
	"github.com/ecs-run-task/ecs-run-task/internal/document"
	"github.com/ecs-run-task/ecs-run-task/internal/input"
	"github.com/ecs-run-task/ecs-run-task/internal/lookup"
	"github.com/ecs-run-task/ecs-run-task/internal/runtask"
	"github.com/ecs-run-task/ecs-run-task/internal/taskdef"
)

// Task is a definition with the settings and the request for its tasks.
type Task struct {
	Definition *taskdef.Definition
	Registered bool // it exists already, so the step does not register it
	Described  bool // the step describes it before the run
	Settings   runtask.Settings
	Request    map[string]json.RawMessage
}

// Statement is a statement of an IAM policy.
type Statement struct {
	Sid       string
	Effect    string
	Action    []string
	Resource  []string
	Condition map[string]map[string]string `json:",omitempty"`
}

// JSON returns a policy with the statements, indented.
func JSON(statements []Statement) ([]byte, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	err := encoder.Encode(struct {
		Version   string
		Statement []Statement
	}{"2012-10-17", statements})
	return text.Bytes(), err
}

// For returns the statements for a step with the inputs c in a region. The region is
// empty if it is not known.
func For(c input.Config, region string, tasks []Task) []Statement {
	w := writer{config: c, tasks: tasks, places: placesOf(c, region, tasks)}
	w.definitions()
	w.run()
	w.watch()
	w.services()
	w.tags()
	w.roles()
	w.logs()
	w.network()
	w.git()
	if c.Preflight {
		w.preflight()
	}
	return w.statements
}

// places holds the common parts of ARNs; * if they are not known.
type places struct{ partition, region, account string }

// placesOf takes partition and account from the first ARN in the inputs and roles that has an account.
func placesOf(c input.Config, region string, tasks []Task) places {
	p := places{awsfacts.PartitionOf(region).ID, cmp.Or(region, "*"), "*"}
	arns := []string{c.Cluster, c.Definition}
	for _, t := range tasks {
		arns = append(arns, t.roles()...)
	}
	for _, name := range arns {
		if parsed, err := arn.Parse(name); err == nil && parsed.AccountID != "" {
			p.partition, p.account = parsed.Partition, parsed.AccountID
			break
		}
	}
	return p
}

// arn returns the ARN of a resource in the step's account.
func (p places) arn(service, region, resource string) string {
	return fmt.Sprintf("arn:%s:%s:%s:%s:%s", p.partition, service, region, p.account, resource)
}

func (p places) ecs(format string, args ...any) string {
	return p.arn("ecs", p.region, fmt.Sprintf(format, args...))
}

// roles returns the names or ARNs of the roles that are passed to ECS for the tasks.
func (t Task) roles() []string {
	var roles []string
	for _, role := range []string{t.Definition.TaskRoleARN, t.Definition.ExecutionRoleARN} {
		if role != "" {
			roles = append(roles, role)
		}
	}
	var overrides struct{ TaskRoleARN, ExecutionRoleARN string }
	if json.Unmarshal(t.Request["overrides"], &overrides) == nil {
		for _, role := range []string{overrides.TaskRoleARN, overrides.ExecutionRoleARN} {
			if role != "" {
				roles = append(roles, role)
			}
		}
	}
	return roles
}

// writer collects statements.
type writer struct {
	places
	config     input.Config
	tasks      []Task
	statements []Statement
}

// allow adds a statement, unless it has no actions or no resources.
func (w *writer) allow(sid string, actions, resources []string) {
	w.allowIf(sid, actions, resources, nil)
}

func (w *writer) allowIf(sid string, actions, resources []string, condition map[string]map[string]string) {
	if len(actions) == 0 || len(resources) == 0 {
		return
	}
	slices.Sort(resources)
	w.statements = append(w.statements, Statement{sid, "Allow", actions, slices.Compact(resources), condition})
}

// cluster returns the cluster's name and ARN.
func (w *writer) cluster() (name, arn string) {
	name = w.config.Cluster[strings.LastIndexByte(w.config.Cluster, '/')+1:]
	return name, w.ecs("cluster/%s", name)
}

func (w *writer) onCluster() map[string]map[string]string {
	_, arn := w.cluster()
	return map[string]map[string]string{"ArnLike": {"ecs:cluster": arn}}
}

// revisions returns ARNs for all revisions of the families of tasks for which pass is true.
func (w *writer) revisions(pass func(Task) bool) []string {
	var arns []string
	for _, t := range w.tasks {
		if pass(t) {
			arns = append(arns, w.ecs("task-definition/%s:*", t.Definition.Family))
		}
	}
	return arns
}

func registers(t Task) bool { return !t.Registered }

// cleansUp reports whether the step deregisters revisions.
func (w *writer) cleansUp() bool {
	return (w.config.CleanUp != "never" || w.config.KeepRevisions > 0) && slices.ContainsFunc(w.tasks, registers)
}

// oneAtATime reports whether the step looks for running tasks of the same family, and may
// stop its own task if there is another.
func (w *writer) oneAtATime() bool { return w.config.IfRunning != "" && w.config.IfRunning != "start" }

// definitions allows registering, describing, listing and deregistering definitions.
func (w *writer) definitions() {
	w.allow("Register", []string{"ecs:RegisterTaskDefinition"}, w.revisions(registers))
	var actions []string // that do not support resource-level permissions
	looked := slices.ContainsFunc(w.tasks, func(t Task) bool { return t.Described })
	reuses := w.config.ReuseRevision && slices.ContainsFunc(w.tasks, registers)
	compares := slices.ContainsFunc(w.tasks, registers) // to show the changes
	if looked || compares || w.config.Reattach || w.config.IfRunning == "follow" {
		actions = append(actions, "ecs:DescribeTaskDefinition")
	}
	if reuses || w.config.KeepRevisions > 0 && w.cleansUp() {
		actions = append(actions, "ecs:ListTaskDefinitions")
	}
	if w.cleansUp() {
		actions = append(actions, "ecs:DeregisterTaskDefinition")
	}
	w.allow("Definitions", actions, []string{"*"})
}

func (w *writer) run() {
	w.allowIf("Run", []string{"ecs:RunTask"}, w.revisions(func(Task) bool { return true }), w.onCluster())
	w.allowIf("CountTasks", []string{"ecs:ListTasks"}, []string{"*"}, w.onCluster())
}

// watch allows describing and stopping tasks.
func (w *writer) watch() {
	var actions []string
	if !w.config.SkipSteadyStateCheck || w.config.Reattach || w.cleansUp() || w.oneAtATime() {
		actions = append(actions, "ecs:DescribeTasks")
	}
	if w.config.OnInterrupt == "stop" || w.oneAtATime() ||
		len(w.config.VerdictNames()) > 0 { // a task that goes on running after these is stopped
		actions = append(actions, "ecs:StopTask")
	}
	name, _ := w.cluster()
	w.allow("Tasks", actions, []string{w.ecs("task/%s/*", name)})
}

// services allows describing services, for their settings and for the revisions that they
// use.
func (w *writer) services() {
	name, _ := w.cluster()
	var services []string
	for _, t := range w.tasks {
		if service := t.Settings.Service; service != "" {
			services = append(services, w.ecs("service/%s/%s", name, service[strings.LastIndexByte(service, '/')+1:]))
		}
	}
	if w.cleansUp() {
		services = []string{w.ecs("service/%s/*", name)}
		w.allowIf("ListServices", []string{"ecs:ListServices"}, []string{"*"}, w.onCluster())
	}
	w.allow("Services", []string{"ecs:DescribeServices"}, services)
}

// tags allows tagging definitions and tasks when they are created, if they have tags.
func (w *writer) tags() {
	name, _ := w.cluster()
	var tasks []string
	for _, t := range w.tasks {
		var propagate string
		json.Unmarshal(t.Request["propagateTags"], &propagate) // empty if there is no such member
		if t.Request["tags"] != nil || propagate == "TASK_DEFINITION" && len(t.Definition.Tags) > 0 {
			tasks = append(tasks, w.ecs("task/%s/*", name))
		}
	}
	at := func(sid, action string, resources []string) {
		w.allowIf(sid, []string{"ecs:TagResource"}, resources, map[string]map[string]string{
			"StringEquals": {"ecs:CreateAction": action},
		})
	}
	at("TagDefinitions", "RegisterTaskDefinition",
		w.revisions(func(t Task) bool { return !t.Registered && len(t.Definition.Tags) > 0 }))
	at("TagTasks", "RunTask", tasks)
}

// roles allows passing roles to ECS.
func (w *writer) roles() {
	pass := func(sid, service string, roles []string) {
		w.allowIf(sid, []string{"iam:PassRole"}, roles, map[string]map[string]string{
			"StringEquals": {"iam:PassedToService": service},
		})
	}
	var roles, infrastructure []string
	for _, t := range w.tasks {
		for _, role := range t.roles() {
			roles = append(roles, w.role(role))
		}
		var volumes []struct{ ManagedEBSVolume struct{ RoleARN string } }
		json.Unmarshal(t.Request["volumeConfigurations"], &volumes) // empty if there is no such member
		for _, volume := range volumes {
			infrastructure = append(infrastructure, w.role(volume.ManagedEBSVolume.RoleARN))
		}
	}
	pass("PassRoles", "ecs-tasks.amazonaws.com", roles)
	pass("PassVolumeRoles", "ecs.amazonaws.com", infrastructure)
}

// role returns the ARN of a role, given by name or ARN.
func (w *writer) role(name string) string {
	if strings.HasPrefix(name, "arn:") {
		return name
	}
	return w.arn("iam", "", "role/"+name)
}

// logs allows reading the log streams that the step shows.
func (w *writer) logs() {
	if !w.config.Logs || w.config.SkipSteadyStateCheck {
		return
	}
	var streams []string
	for _, t := range w.tasks {
		for _, container := range t.Definition.Containers {
			group := container.LogOptions["awslogs-group"]
			if container.LogDriver != "awslogs" || group == "" {
				continue
			}
			stream := "*"
			if prefix := container.LogOptions["awslogs-stream-prefix"]; prefix != "" {
				stream = prefix + "/" + container.Name + "/*"
			}
			streams = append(streams,
				w.arn("logs", w.logRegion(container.LogOptions), "log-group:"+group+":log-stream:"+stream))
		}
	}
	w.allow("ReadLogs", []string{"logs:GetLogEvents"}, streams)
}

func (w *writer) logRegion(options map[string]string) string {
	if region := options["awslogs-region"]; region != "" {
		return region
	}
	return w.region
}

// network allows looking up subnets and security groups without an id, or for the preflight check.
func (w *writer) network() {
	named := func(item string) bool { return !awsfacts.IsNetworkID(item) }
	subnets, groups := false, false
	for _, t := range w.tasks {
		allSubnets, allGroups := runtask.Networks(t.Request)
		checked := w.config.Preflight && (len(allSubnets) > 0 || t.Settings.Service != "")
		subnets = subnets || checked || slices.ContainsFunc(t.Settings.Subnets, named)
		groups = groups || checked && (len(allGroups) > 0 || t.Settings.Service != "") ||
			slices.ContainsFunc(t.Settings.SecurityGroups, named)
	}
	var actions []string
	if subnets {
		actions = append(actions, "ec2:DescribeSubnets")
	}
	if groups {
		actions = append(actions, "ec2:DescribeSecurityGroups")
	}
	w.allow("Network", actions, []string{"*"})
}

// git allows fetching from a CodeCommit repository, for which the step uses its AWS
// credentials.
func (w *writer) git() {
	address, err := url.Parse(w.config.Repository)
	if err != nil || w.config.GitToken != "" || address.Scheme != "https" {
		return
	}
	labels := strings.Split(address.Host, ".")
	name, found := strings.CutPrefix(address.Path, "/v1/repos/")
	if found && len(labels) > 2 && strings.HasPrefix(labels[0], "git-codecommit") {
		w.allow("FetchDefinitions", []string{"codecommit:GitPull"}, []string{w.arn("codecommit", labels[1], name)})
	}
}

// preflight allows the calls of package preflight.
func (w *writer) preflight() {
	_, cluster := w.cluster()
	w.allow("CheckCluster", []string{"ecs:DescribeClusters"}, []string{cluster})
	var roles, repositories, parameters, secrets, groups []string
	for _, t := range w.tasks {
		for _, role := range t.roles() {
			roles = append(roles, w.role(role))
		}
		for _, container := range t.Definition.Containers {
			if image, ok := lookup.ParseImage(container.Image); ok {
				repositories = append(repositories, image.ARN())
			}
			if container.LogDriver == "awslogs" && container.LogOptions["awslogs-create-group"] != "true" {
				groups = append(groups, w.arn("logs", w.logRegion(container.LogOptions), "*"))
			}
		}
		names, credentials := secretsOf(t.Definition.Node)
		for _, name := range names {
			switch secret, err := awsfacts.ParseSecret(name); {
			case err != nil: // in a registered definition: ECS accepted it
			case secret.Manager:
				secrets = append(secrets, secret.ARN)
			default:
				parameters = append(parameters,
					cmp.Or(secret.ARN, w.arn("ssm", w.region, "parameter/"+strings.TrimPrefix(secret.Parameter, "/"))))
			}
		}
		for _, name := range credentials {
			if !strings.HasPrefix(name, "arn:") {
				name = w.arn("secretsmanager", w.region, "secret:"+name+"-??????")
			}
			secrets = append(secrets, name)
		}
	}
	w.allow("CheckRoles", []string{"iam:GetRole"}, roles)
	w.allow("CheckImages", []string{"ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"}, repositories)
	w.allow("CheckParameters", []string{"ssm:GetParameters"}, parameters)
	w.allow("CheckSecrets", []string{"secretsmanager:DescribeSecret"}, secrets)
	w.allow("CheckLogGroups", []string{"logs:DescribeLogGroups"}, groups)
}

// secretsOf returns the valueFrom of all secrets of a definition's containers, and the
// credentials of their registries.
func secretsOf(n *document.Node) (names, credentials []string) {
	for _, container := range n.List("containerDefinitions") {
		if parameter := container.Member("repositoryCredentials", "credentialsParameter"); parameter != nil {
			credentials = append(credentials, parameter.Text)
		}
		for _, secret := range slices.Concat(container.List("secrets"),
			container.List("logConfiguration", "secretOptions")) {
			if from := secret.Member("valueFrom"); from != nil {
				names = append(names, from.Text)
			}
		}
	}
	return names, credentials
}

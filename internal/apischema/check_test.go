package apischema_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/ecs/schemas"

	"github.com/ecs-run-task/ecs-run-task/internal/apischema"
	"github.com/ecs-run-task/ecs-run-task/internal/document"
	"github.com/ecs-run-task/ecs-run-task/internal/document/documenttest"
)

func TestCheck(t *testing.T) {
	for _, test := range []struct{ name, in, want, said string }{
		{"request", `{"count":"2","networkConfiguration":{"awsvpcConfiguration":{"subnets":["a"],"assignPublicIp":null}},` +
			`"enableECSManagedTags":true}`,
			`{"count":2,"networkConfiguration":{"awsvpcConfiguration":{"subnets":["a"]}},"enableECSManagedTags":true}`,
			`in:1:10: count: "2" taken as 2` + "\n" + `in:1:77: left out what is null: assignPublicIp`},
		{"overrides", `{"overrides":{"cpu":256,"containerOverrides":[{"name":"app","environment":{"A":"1"}}]}}`,
			`{"overrides":{"cpu":"256","containerOverrides":[{"name":"app","environment":[{"name":"A","value":"1"}]}]}}`,
			"in:1:21: overrides.cpu: the number 256 taken as the string \"256\"\nin:1:75: " +
				"overrides.containerOverrides[0].environment: the map taken as a list of name and value"},
		{"faults", `{"launchType":"fargate","placementStrategy":[{"typ":"spread"}],` +
			`"networkConfiguration":{"awsvpcConfiguration":{}},"subnets":[]}`, "",
			strings.TrimSpace(`
in:1:15: launchType: expected one of EC2, FARGATE, EXTERNAL, MANAGED_INSTANCES, found "fargate" (did you mean "FARGATE"?)
in:1:47: placementStrategy[0].typ: unknown member (did you mean "type"?)
in:1:110: networkConfiguration.awsvpcConfiguration.subnets: missing: subnets must be given
in:1:114: subnets: unknown member`)},
	} {
		t.Run(test.name, func(t *testing.T) {
			n, warnings, err := apischema.Check(documenttest.Parse(t, "in", test.in), schemas.RunTaskRequest, false)
			got, said := "", documenttest.Messages(warnings)
			if err != nil {
				said = err.Error()
			} else {
				got = string(n.JSON())
			}
			if got != test.want {
				t.Errorf("Check(%s) = %s, want %s", test.in, got, test.want)
			}
			if said != test.said {
				t.Errorf("Check(%s) said\n%s\nwant\n%s", test.in, said, test.said)
			}
		})
	}
	var fault *document.Error
	_, _, err := apischema.Check(documenttest.Parse(t, "in", `{"subnets":["a"]}`), schemas.RunTaskRequest, false)
	if want := "it is a member of another place: networkConfiguration.awsvpcConfiguration.subnets"; !errors.As(err,
		&fault) || fault.Hint != want {
		t.Errorf("Check hints %v, want %s", err, want)
	}
	n, _, err := apischema.Check(documenttest.Parse(t, "in", `[{"capacityProvider":"FARGATE_SPOT","weight":"1"}]`),
		schemas.RunTaskRequest.Member("capacityProviderStrategy"), false)
	if want := `[{"capacityProvider":"FARGATE_SPOT","weight":1}]`; err != nil || string(n.JSON()) != want {
		t.Errorf("Check of a list: %v, %v, want %s", n, err, want)
	}
}

package lookup_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"github.com/ecs-run-task/ecs-run-task/internal/awserr"
	"github.com/ecs-run-task/ecs-run-task/internal/lookup"
)

// answer is the response to one request.
type answer struct {
	status int
	body   string
}

// service is an HTTP client that returns answers in order, and records the requests.
type service struct {
	t       *testing.T
	answers []answer
	asked   []string
}

// Do implements aws.HTTPClient.
func (s *service) Do(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		body, _ = io.ReadAll(r.Body)
	}
	asked := r.Method + " " + r.URL.String()
	if r.Method == http.MethodPost {
		_, scope, _ := strings.Cut(r.Header.Get("Authorization"), "Credential=AKID/")
		parts := strings.Split(scope, "/")
		if len(parts) < 3 {
			return nil, errors.New("the request is not signed")
		}
		asked = fmt.Sprintf("%s %s %s %s", parts[1], parts[2], r.Header.Get("X-Amz-Target"), body)
	} else if r.Header.Get("Authorization") != "" {
		s.t.Errorf("%s is signed", asked)
	}
	s.asked = append(s.asked, asked)
	if len(s.answers) == 0 {
		return nil, fmt.Errorf("unexpected request: %s", asked)
	}
	a := s.answers[0]
	s.answers = s.answers[1:]
	return &http.Response{
		StatusCode: a.status,
		Status:     fmt.Sprint(a.status, " ", http.StatusText(a.status)),
		Body:       io.NopCloser(strings.NewReader(a.body)),
	}, nil
}

// served returns a client of a service that returns the answers.
func served(t *testing.T, answers ...answer) (*lookup.Client, *service) {
	s := &service{t: t, answers: answers}
	return lookup.New(aws.Config{
		Region: "eu-central-1", HTTPClient: s,
		Credentials: credentials.NewStaticCredentialsProvider("AKID", "secret", ""),
	}), s
}

func TestSubnets(t *testing.T) {
	const none = `<DescribeSubnetsResponse><subnetSet/></DescribeSubnetsResponse>`
	for _, tt := range []struct {
		item string
		want url.Values
	}{
		{"subnet-0a1", url.Values{"Filter.1.Name": {"subnet-id"}, "Filter.1.Value.1": {"subnet-0a1"}}},
		{"private a", url.Values{"Filter.1.Name": {"tag:Name"}, "Filter.1.Value.1": {"private a"}}},
		{"subnet-private", url.Values{"Filter.1.Name": {"tag:Name"}, "Filter.1.Value.1": {"subnet-private"}}},
		{"tag:Tier=private", url.Values{"Filter.1.Name": {"tag:Tier"}, "Filter.1.Value.1": {"private"}}},
		{
			"tag:Tier=private&vpc-id=vpc-1",
			url.Values{
				"Filter.1.Name":    {"tag:Tier"},
				"Filter.1.Value.1": {"private"},
				"Filter.2.Name":    {"vpc-id"},
				"Filter.2.Value.1": {"vpc-1"},
			},
		},
	} {
		client, service := served(t, answer{200, none})
		_, err := client.Subnets(t.Context(), tt.item)
		var missing *lookup.NotFoundError
		if !errors.As(err, &missing) {
			t.Errorf("Subnets(%q) = %v, want a NotFoundError", tt.item, err)
		}
		form, found := strings.CutPrefix(service.asked[0], "eu-central-1 ec2  ")
		got, _ := url.ParseQuery(form)
		tt.want.Set("Action", "DescribeSubnets")
		tt.want.Set("Version", "2016-11-15")
		if diff := cmp.Diff(tt.want, got); diff != "" || !found {
			t.Errorf("Subnets(%q): requests = %q (-want +got)\n%s", tt.item, service.asked, diff)
		}
	}
}

func TestSubnetsPages(t *testing.T) {
	client, service := served(t,
		answer{
			200,
			`<R><subnetSet><item><subnetId>subnet-2</subnetId><vpcId>vpc-1</vpcId><availabilityZone>` +
				`eu-central-1b</availabilityZone><tagSet><item><key>Tier</key><value>x</value></item><item>` +
				`<key>Name</key><value>b</value></item></tagSet></item></subnetSet><nextToken>more</nextToken></R>`,
		},
		answer{200, `<R><subnetSet><item><subnetId>subnet-1</subnetId><vpcId>vpc-1</vpcId></item></subnetSet></R>`})
	got, err := client.Subnets(t.Context(), "tag:Tier=x")
	want := []lookup.Network{
		{ID: "subnet-1", VPC: "vpc-1"},
		{ID: "subnet-2", Name: "b", VPC: "vpc-1", Zone: "eu-central-1b"},
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("Subnets() = %v (-want +got)\n%s", err, diff)
	}
	if len(service.asked) != 2 || !strings.Contains(service.asked[1], "NextToken=more") {
		t.Errorf("requests = %q", service.asked)
	}
	if text := got[1].String(); text != "subnet-2 (b, eu-central-1b, vpc-1)" {
		t.Errorf("String() = %q", text)
	}
}

func TestErrors(t *testing.T) {
	const denied = `<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>You are not ` +
		`authorized</Message></Error></Errors></Response>`
	for _, tt := range []struct {
		name    string
		call    func(*lookup.Client, context.Context) error
		answers []answer
		want    string
		denied  bool
	}{
		{
			"EC2's form",
			subnets,
			[]answer{{403, denied}},
			"find the subnet x: operation error EC2: DescribeSubnets, api error UnauthorizedOperation: You " +
				"are not authorized",
			true,
		},
		{
			"IAM's form",
			trust,
			[]answer{{403,
				`<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>`}},
			"find the role r: operation error IAM: GetRole, api error AccessDenied: no",
			true,
		},
		{
			"JSON with a namespace",
			cluster,
			[]answer{{400, `{"__type":"com.amazonaws#AccessDeniedException","Message":"no"}`}},
			"find the cluster c: operation error ECS: DescribeClusters, api error AccessDeniedException: no",
			true,
		},
		{"no form at all", cluster, []answer{{404, `hello`}},
			"find the cluster c: operation error ECS: DescribeClusters, api error 404 Not Found: ", false},
		{
			"a passing trouble",
			cluster,
			[]answer{
				{503, ``},
				{400, `{"__type":"ThrottlingException","message":"Rate exceeded"}`},
				{200, `{"clusters":[{"status":"ACTIVE"}]}`},
			},
			"",
			false,
		},
		{"a lasting trouble", cluster, []answer{{500, ``}, {500, ``}, {500, ``}, {500, ``}},
			"find the cluster c: operation error ECS: DescribeClusters, api error 500 Internal Server Error: ", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client, _ := served(t, tt.answers...)
				err := tt.call(client, t.Context())
				if got := fmt.Sprint(err); tt.want != "" && got != tt.want || tt.want == "" && err != nil {
					t.Errorf("error = %v, want %s", err, tt.want)
				}
				if awserr.Denied(err) != tt.denied {
					t.Errorf("Denied(%v) = %v, want %v", err, !tt.denied, tt.denied)
				}
				var operation *smithy.OperationError
				if err != nil && !errors.As(err, &operation) {
					t.Errorf("error of type %T, want *smithy.OperationError", err)
				}
			})
		})
	}
}

func subnets(c *lookup.Client, ctx context.Context) error {
	_, err := c.Subnets(ctx, "x")
	return err
}

func trust(c *lookup.Client, ctx context.Context) error {
	_, err := c.TrustPolicy(ctx, "r")
	return err
}

func cluster(c *lookup.Client, ctx context.Context) error { return c.Cluster(ctx, "c") }

func TestExists(t *testing.T) {
	const secret = "arn:aws:secretsmanager:us-west-2:123456789012:secret:db-AbCdEf"
	for _, tt := range []struct {
		name   string
		call   func(*lookup.Client) error
		answer answer
		asked  string // begins so
		want   string
	}{
		{
			"cluster",
			func(c *lookup.Client) error { return c.Cluster(t.Context(), "web") },
			answer{200, `{"clusters":[],"failures":[{"reason":"MISSING"}]}`},
			`eu-central-1 ecs AmazonEC2ContainerServiceV20141113.DescribeClusters {"clusters":["web"]}`,
			"there is no cluster web",
		},
		{"deleted cluster", func(c *lookup.Client) error { return c.Cluster(t.Context(), "web") },
			answer{200, `{"clusters":[{"status":"INACTIVE"}]}`}, "eu-central-1 ecs", "there is no cluster web"},
		{"role", func(c *lookup.Client) error {
			_, err := c.TrustPolicy(t.Context(), "arn:aws:iam::1:role/path/app")
			return err
		}, answer{404, `<ErrorResponse><Error><Code>NoSuchEntity</Code></Error></ErrorResponse>`},
			"us-east-1 iam  Action=GetRole&RoleName=app&Version=2010-05-08",
			"there is no role arn:aws:iam::1:role/path/app"},
		{
			"secret of another region",
			func(c *lookup.Client) error { return c.Secret(t.Context(), secret+":password::") },
			answer{400, `{"__type":"ResourceNotFoundException"}`},
			`us-west-2 secretsmanager secretsmanager.DescribeSecret {"SecretId":"` + secret + `"}`,
			"there is no secret " + secret,
		},
		{"deleted secret", func(c *lookup.Client) error { return c.Secret(t.Context(), secret) },
			answer{200, `{"DeletedDate":1.7e9}`}, "us-west-2", "there is no secret " + secret},
		{"secret", func(c *lookup.Client) error { return c.Secret(t.Context(), secret) }, answer{200, `{}`},
			"us-west-2", ""},
		{
			"parameter",
			func(c *lookup.Client) error { return c.Secret(t.Context(), "/app/key") },
			answer{200, `{"Parameters":[],"InvalidParameters":["/app/key"]}`},
			`eu-central-1 ssm AmazonSSM.GetParameters {"Names":["/app/key"],"WithDecryption":false}`,
			"there is no parameter /app/key",
		},
		{
			"log group of which only the beginning is there",
			func(c *lookup.Client) error { return c.LogGroup(t.Context(), "us-west-2", "/ecs/job") },
			answer{200, `{"logGroups":[{"logGroupName":"/ecs/jobs"}]}`},
			`us-west-2 logs Logs_20140328.DescribeLogGroups {"logGroupNamePrefix":"/ecs/job"}`,
			"there is no log group /ecs/job",
		},
		{
			"log group",
			func(c *lookup.Client) error { return c.LogGroup(t.Context(), "", "/ecs/job") },
			answer{200, `{"logGroups":[{"logGroupName":"/ecs/job"},{"logGroupName":"/ecs/jobs"}]}`},
			"eu-central-1 logs",
			"",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			client, service := served(t, tt.answer)
			err := tt.call(client)
			var missing *lookup.NotFoundError
			if (err == nil) != (tt.want == "") || err != nil && (!errors.As(err, &missing) || err.Error() != tt.want) {
				t.Errorf("error = %v, want %q", err, tt.want)
			}
			if !strings.HasPrefix(service.asked[0], tt.asked) {
				t.Errorf("requests = %q, want %q", service.asked, tt.asked)
			}
		})
	}
}

func TestPlatforms(t *testing.T) {
	image := func(manifest string) answer {
		return answer{200, fmt.Sprintf(`{"images":[{"imageManifest":%q}]}`, manifest)}
	}
	const name = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/app"
	digest := "sha256:" + strings.Repeat("0a", 32)
	for _, tt := range []struct {
		name    string
		image   string
		answers []answer
		asked   string // part of the first request
		want    []string
		err     string
	}{
		{
			"an index",
			name + ":1",
			[]answer{image(`{"manifests":[{"platform":{"os":"linux",` +
				`"architecture":"amd64"}` +
				`},{"platform":{"os":"linux","architecture":"arm64","variant":"v8"}` +
				`},{"platform":{"os":"unknown","architecture":"unknown"}}]}`)},
			`"imageIds":[{"imageTag":"1"}],"registryId":"123456789012","repositoryName":"team/app"`,
			[]string{"linux/amd64", "linux/arm64"},
			"",
		},
		{
			"one image",
			name,
			[]answer{
				image(`{"config":{"digest":"sha256:00"}}`),
				{200, `{"downloadUrl":"https://files/x?signed"}`},
				{200, `{"os":"linux","architecture":"arm64","rootfs":{}}`},
			},
			`{"imageTag":"latest"}`,
			[]string{"linux/arm64"},
			"",
		},
		{"by digest", name + ":1@" + digest, []answer{image(`{}`)}, `{"imageDigest":"` + digest + `"}`, nil, ""},
		{
			"no such tag",
			name + ":2",
			[]answer{{200, `{"images":[],"failures":[{"failureCode":"ImageNotFound"}]}`}},
			"eu-west-1 ecr",
			nil,
			"there is no ECR image team/app:2",
		},
		{"no such repository", name + ":2", []answer{{400, `{"__type":"RepositoryNotFoundException"}`}},
			"eu-west-1 ecr", nil, "there is no ECR repository team/app"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			client, service := served(t, tt.answers...)
			parsed, ok := lookup.ParseImage(tt.image)
			if !ok {
				t.Fatalf("ParseImage(%q) = false", tt.image)
			}
			platforms, err := client.Platforms(t.Context(), parsed)
			var got []string
			for _, p := range platforms {
				got = append(got, p.String())
			}
			if !slices.Equal(got, tt.want) || tt.err == "" && err != nil || tt.err != "" && fmt.Sprint(err) != tt.err {
				t.Errorf("Platforms() = %q, %v, want %q, %q", got, err, tt.want, tt.err)
			}
			if !strings.Contains(service.asked[0], tt.asked) {
				t.Errorf("requests = %q, want %q among them", service.asked, tt.asked)
			}
		})
	}
}

func TestParseImage(t *testing.T) {
	for _, name := range []string{
		"busybox", "docker.io/library/app:1", "public.ecr.aws/x/y:1",
		"123.dkr.ecr.eu-west-1.amazonaws.com/app",
	} {
		if image, ok := lookup.ParseImage(name); ok {
			t.Errorf("ParseImage(%q) = %+v, want none", name, image)
		}
	}
}

// TestServiceEndpoint checks that an endpoint for one service in the environment is used, as in the SDK.
func TestServiceEndpoint(t *testing.T) {
	var paths []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		paths = append(paths, r.URL.Path)
		io.WriteString(w, `{"clusters":[{"status":"ACTIVE"}]}`)
	}))
	defer server.Close()
	t.Setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
	t.Setenv("AWS_ENDPOINT_URL_ECS", server.URL)
	cfg, err := config.LoadDefaultConfig(t.Context(), config.WithRegion("eu-central-1"),
		config.WithCredentialsProvider(credentials.NewStaticCredentialsProvider("a", "b", "")))
	if err != nil {
		t.Fatal(err)
	}
	if err := lookup.New(cfg).Cluster(t.Context(), "web"); err != nil || !slices.Equal(paths, []string{"/"}) {
		t.Errorf("Cluster() = %v with requests for %q", err, paths)
	}
}

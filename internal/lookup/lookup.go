// Package lookup asks the AWS services beside ECS about what a task needs:
// subnets and security groups, roles, images, secrets, parameters and log
// groups.
//
// It is one small signed client for the two protocols that these services
// speak, in place of an SDK client for each. It changes nothing in AWS, and it
// reads no secret: of secrets and parameters it asks whether they exist.
package lookup

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"

	"github.com/ecs-run-task/ecs-run-task/internal/awsfacts"
)

const (
	callTimeout = 30 * time.Second // for a call with its retries
	attempts    = 4
	maxAnswer   = 8 << 20 // bytes
)

// Client calls AWS in one account. It is safe for concurrent use.
type Client struct {
	config aws.Config
	http   aws.HTTPClient
	signer *v4.Signer
}

// New returns a client with a configuration's region, credentials, endpoints and
// HTTP client.
func New(config aws.Config) *Client {
	c := &Client{config: config, http: config.HTTPClient, signer: v4.NewSigner()}
	if c.http == nil {
		c.http = awshttp.NewBuildableClient()
	}
	return c
}

// service is one of the services.
type service struct {
	id      string // as the SDK names it, also in its configuration
	prefix  string // of its host name
	signing string // its name in signatures
	target  string // of its operations, for AWS JSON 1.1
	version string // of its API, for AWS Query
}

var (
	ec2Service = service{id: "EC2", prefix: "ec2", signing: "ec2", version: "2016-11-15"}
	iamService = service{id: "IAM", prefix: "iam", signing: "iam", version: "2010-05-08"}
	ecsService = service{id: "ECS", prefix: "ecs", signing: "ecs", target: "AmazonEC2ContainerServiceV20141113"}
	ecrService = service{
		id:      "ECR",
		prefix:  "api.ecr",
		signing: "ecr",
		target:  "AmazonEC2ContainerRegistry_V20150921",
	}
	ssmService     = service{id: "SSM", prefix: "ssm", signing: "ssm", target: "AmazonSSM"}
	secretsService = service{
		id:      "Secrets Manager",
		prefix:  "secretsmanager",
		signing: "secretsmanager",
		target:  "secretsmanager",
	}
	logsService = service{id: "CloudWatch Logs", prefix: "logs", signing: "logs", target: "Logs_20140328"}
)

// call is one operation of a service in a region.
type call struct {
	service   service
	region    string // empty for the client's own
	operation string
}

// json makes a call of the protocol AWS JSON 1.1.
func (c *Client) json(ctx context.Context, op call, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return fmt.Errorf("encode the request: %w", err)
	}
	headers := http.Header{
		"Content-Type": {"application/x-amz-json-1.1"},
		"X-Amz-Target": {op.service.target + "." + op.operation},
	}
	return c.do(ctx, op, headers, body, func(answer []byte) error { return json.Unmarshal(answer, out) })
}

// query makes a call of the protocol AWS Query.
func (c *Client) query(ctx context.Context, op call, parameters url.Values, out any) error {
	form := url.Values{"Action": {op.operation}, "Version": {op.service.version}}
	for name, values := range parameters {
		form[name] = values
	}
	headers := http.Header{"Content-Type": {"application/x-www-form-urlencoded; charset=utf-8"}}
	return c.do(ctx, op, headers, []byte(form.Encode()), func(answer []byte) error { return xml.Unmarshal(answer, out) })
}

// do sends a request as often as it takes to get an answer that is not one of a
// passing trouble. The error is a [*smithy.OperationError], as the SDK's are.
func (c *Client) do(ctx context.Context, op call, headers http.Header, body []byte, decode func([]byte) error) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	for attempt := 1; ; attempt++ {
		answer, err := c.send(ctx, op, headers, body)
		if err == nil {
			err = decode(answer)
		}
		if err == nil {
			return nil
		}
		if attempt == attempts || !passing(err) || !sleep(ctx, 200*time.Millisecond<<attempt) {
			return &smithy.OperationError{ServiceID: op.service.id, OperationName: op.operation, Err: err}
		}
	}
}

// send makes one signed request and returns the body of its answer.
func (c *Client) send(ctx context.Context, op call, headers http.Header, body []byte) ([]byte, error) {
	endpoint, region, err := c.endpoint(ctx, op)
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header = headers.Clone()
	if c.config.Credentials == nil {
		return nil, errors.New("there are no AWS credentials")
	}
	credentials, err := c.config.Credentials.Retrieve(ctx)
	if err != nil {
		return nil, err
	}
	hash := sha256.Sum256(body)
	err = c.signer.SignHTTP(ctx, credentials, request, hex.EncodeToString(hash[:]), op.service.signing,
		region, time.Now())
	if err != nil {
		return nil, fmt.Errorf("sign the request: %w", err)
	}
	response, err := c.http.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		return nil, refusal(response, answer)
	}
	return answer, nil
}

// refused is an error that AWS answered.
type refused struct {
	smithy.GenericAPIError
	status int
}

// refusal reads an error in whichever of the forms AWS has for them.
func refusal(response *http.Response, body []byte) error {
	e := &refused{status: response.StatusCode}
	var inJSON struct {
		Type    string `json:"__type"`
		Message string `json:"message"` // or Message: the decoder takes both
	}
	var inXML struct {
		Code    string `xml:"Error>Code"`
		Message string `xml:"Error>Message"`
		EC2     struct {
			Code    string `xml:"Error>Code"`
			Message string `xml:"Error>Message"`
		} `xml:"Errors"`
	}
	switch {
	case json.Unmarshal(body, &inJSON) == nil:
		e.Code, e.Message = inJSON.Type[strings.LastIndexByte(inJSON.Type, '#')+1:], inJSON.Message
	case xml.Unmarshal(body, &inXML) == nil:
		e.Code, e.Message = inXML.Code+inXML.EC2.Code, inXML.Message+inXML.EC2.Message
	}
	if e.Code == "" {
		e.Code = response.Status
	}
	return e
}

// passing reports whether an error may be gone the next time.
func passing(err error) bool {
	var answered *refused
	if !errors.As(err, &answered) {
		return !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded)
	}
	return answered.status >= http.StatusInternalServerError || strings.Contains(answered.Code, "Throttl") ||
		answered.Code == "RequestLimitExceeded" || answered.Code == "TooManyRequestsException"
}

// Denied reports whether AWS refused a call for want of a permission.
func Denied(err error) bool {
	switch code(err) {
	case "AccessDenied", "AccessDeniedException", "UnauthorizedOperation":
		return true
	}
	return false
}

// code returns the code of AWS's refusal, "" if there is none.
func code(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

// sleep waits for d. It returns false at once when ctx ends.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// endpoint returns where a call goes and the region it is signed for.
func (c *Client) endpoint(ctx context.Context, op call) (address, region string, err error) {
	region = op.region
	if region == "" {
		region = c.config.Region
	}
	partition := awsfacts.PartitionOf(region)
	host := op.service.prefix + "." + region + "." + partition.DNS
	if op.service == iamService {
		host, region = globalIAM(region, partition)
	}
	for _, source := range c.config.ConfigSources { // the environment and the shared configuration
		if s, ok := source.(interface {
			GetServiceBaseEndpoint(context.Context, string) (string, bool, error)
		}); ok {
			if value, found, err := s.GetServiceBaseEndpoint(ctx, op.service.id); err != nil || found {
				return value + "/", region, err
			}
		}
	}
	if base := aws.ToString(c.config.BaseEndpoint); base != "" {
		return strings.TrimSuffix(base, "/") + "/", region, nil
	}
	return "https://" + host + "/", region, nil
}

// globalIAM returns the one endpoint that IAM has in a region's partition, and
// the region that it is signed for.
func globalIAM(region string, partition awsfacts.Partition) (host, signing string) {
	switch partition.ID {
	case "aws":
		return "iam." + partition.DNS, "us-east-1"
	case "aws-cn":
		return "iam.cn-north-1." + partition.DNS, "cn-north-1"
	case "aws-us-gov":
		return "iam.us-gov." + partition.DNS, "us-gov-west-1"
	}
	return "iam." + region + "." + partition.DNS, region
}

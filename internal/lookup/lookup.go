// Package lookup calls the AWS services besides ECS to find what a task needs:
// subnets and security groups, roles, images, secrets, parameters and log groups.
//
// It is one small client for the two protocols of these services, instead of one SDK
// client for each service. It never changes anything in AWS. It never reads the value of
// a secret or parameter, only whether it exists.
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
	"github.com/ecs-run-task/ecs-run-task/internal/sleep"
)

const (
	callTimeout = 30 * time.Second // for one call including its retries
	attempts    = 4                // per call
	maxAnswer   = 8 << 20          // size of a response, in bytes
)

// Client calls AWS in one account. It is safe for concurrent use.
type Client struct {
	config aws.Config
	http   aws.HTTPClient
	signer *v4.Signer
}

// New returns a client with the region, credentials, endpoints and HTTP client of an SDK
// configuration. Without an HTTP client it uses the SDK's default.
func New(config aws.Config) *Client {
	c := &Client{config: config, http: config.HTTPClient, signer: v4.NewSigner()}
	if c.http == nil {
		c.http = awshttp.NewBuildableClient()
	}
	return c
}

// service describes an AWS service.
type service struct {
	id      string // the SDK's service id, also used in the shared configuration
	prefix  string // of its host name
	signing string // its name in signatures
	target  string // prefix of X-Amz-Target, for AWS JSON 1.1
	version string // of the API, for AWS Query
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

// call is an operation of a service in a region.
type call struct {
	service   service
	region    string // empty for the client's own
	operation string
}

// json makes a call with the protocol AWS JSON 1.1.
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

// query makes a call with the protocol AWS Query.
func (c *Client) query(ctx context.Context, op call, parameters url.Values, out any) error {
	form := url.Values{"Action": {op.operation}, "Version": {op.service.version}}
	for name, values := range parameters {
		form[name] = values
	}
	headers := http.Header{"Content-Type": {"application/x-www-form-urlencoded; charset=utf-8"}}
	return c.do(ctx, op, headers, []byte(form.Encode()), func(answer []byte) error {
		return xml.Unmarshal(answer, out)
	})
}

// do sends a request, and retries it after transient errors. The error is a
// [*smithy.OperationError], like those of the SDK.
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
		if attempt == attempts || !retryable(err) || !sleep.For(ctx, 200*time.Millisecond<<attempt) {
			return &smithy.OperationError{ServiceID: op.service.id, OperationName: op.operation, Err: err}
		}
	}
}

// send makes one signed request and returns the response body.
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
		return nil, parseError(response, answer)
	}
	return answer, nil
}

// apiError is an error response of AWS.
type apiError struct {
	smithy.GenericAPIError
	status int
}

// parseError parses an error response in any of the formats of AWS.
func parseError(response *http.Response, body []byte) error {
	e := &apiError{status: response.StatusCode}
	var inJSON struct {
		Type    string `json:"__type"`
		Message string `json:"message"` // or Message: the decoder ignores case
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

// retryable reports whether a retry may succeed.
func retryable(err error) bool {
	var answered *apiError
	if !errors.As(err, &answered) {
		return !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded)
	}
	return answered.status >= http.StatusInternalServerError || strings.Contains(answered.Code, "Throttl") ||
		answered.Code == "RequestLimitExceeded" || answered.Code == "TooManyRequestsException"
}

// endpoint returns the URL for a call, and the region for its signature.
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

// globalIAM returns the host of IAM in a region's partition, and the region for
// signatures. IAM has one endpoint per partition.
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

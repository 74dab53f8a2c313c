package awsfacts_test

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ecs-run-task/ecs-run-task/internal/awsfacts"
)

var (
	sha256 = "sha256:" + strings.Repeat("0a", 32)
	sha512 = "sha512:" + strings.Repeat("0a", 64)
)

func TestParseImage(t *testing.T) {
	const ecr = "123456789012.dkr.ecr.us-east-1.amazonaws.com"
	for _, tt := range []struct {
		name string
		want awsfacts.Image
	}{
		{"busybox", awsfacts.Image{Repository: "busybox"}},
		{"busybox:1.36", awsfacts.Image{Repository: "busybox", Tag: "1.36"}},
		{"library/busybox", awsfacts.Image{Repository: "library/busybox"}},
		{"a__b/c-d--e.f_g:_x", awsfacts.Image{Repository: "a__b/c-d--e.f_g", Tag: "_x"}},
		{"localhost/app", awsfacts.Image{Registry: "localhost", Repository: "app"}},
		{"localhost:5000/app:1", awsfacts.Image{Registry: "localhost:5000", Repository: "app", Tag: "1"}},
		{"registry:5000/team/app", awsfacts.Image{Registry: "registry:5000", Repository: "team/app"}},
		{"Registry.Example.com/app:1", awsfacts.Image{Registry: "Registry.Example.com", Repository: "app", Tag: "1"}},
		{"Registry/app", awsfacts.Image{Registry: "Registry", Repository: "app"}},
		{"10.0.0.1/app", awsfacts.Image{Registry: "10.0.0.1", Repository: "app"}},
		{
			"public.ecr.aws/x/y:Tag_1.0-x",
			awsfacts.Image{Registry: "public.ecr.aws", Repository: "x/y", Tag: "Tag_1.0-x"},
		},
		{"app:1@" + sha256, awsfacts.Image{Repository: "app", Tag: "1", Digest: sha256}},
		{ecr + "/app@" + sha512, awsfacts.Image{Registry: ecr, Repository: "app", Digest: sha512}},
		{"app:" + strings.Repeat("a", 128), awsfacts.Image{Repository: "app", Tag: strings.Repeat("a", 128)}},
	} {
		if got, err := awsfacts.ParseImage(tt.name); err != nil || got != tt.want {
			t.Errorf("ParseImage(%q) = %+v, %v, want %+v", tt.name, got, err, tt.want)
		}
	}
	for _, tt := range []struct{ name, reason, right string }{
		{"", "without a repository", "repository@"},
		{"https://" + ecr + "/app:1", "begins with https://", ecr + "/app:1"},
		{"docker://app", "no scheme", "app"},
		{"/app:1", "begins with a /", "app:1"},
		{"//app", "begins with a /", "app"},
		{ecr + "//app:1", "is empty", ""},
		{ecr + "/:1", "is empty", ""},
		{"app/", "is empty", ""},
		{ecr + "/App:1", "lower case", ecr + "/app:1"},
		{"App", "lower case", "app"},
		{"team/App@" + sha256, "lower case", "team/app@" + sha256},
		{ecr, "registry without a repository", ecr + "/repository"},
		{ecr + ":1", "registry without a repository", ecr + "/repository"},
		{"app:", "tag after the : is empty", ""},
		{"app:-x", "the tag", ""},
		{"app:.x", "the tag", ""},
		{"app:a:b", "the part", ""},
		{"app:1+2", "the tag", ""},
		{"app:" + strings.Repeat("a", 129), "128", ""},
		{"app name", "the part", ""},
		{"app-", "the part", ""},
		{"a..b", "the part", ""},
		{"a___b", "the part", ""},
		{"app#1", "the part", ""},
		{"-registry.example/app", "the registry", ""},
		{"registry.example:x/app", "the registry", ""},
		{"app@sha256:0a", "64 hexadecimal digits", ""},
		{"app@" + strings.ToUpper(sha256), "64 hexadecimal digits", ""},
		{"app@md5:" + strings.Repeat("0", 32), "64 hexadecimal digits", ""},
		{"app@", "64 hexadecimal digits", ""},
		{"@" + sha256, "without a repository", "repository@" + sha256},
		{sha256, "without a repository", "repository@" + sha256},
		{strings.Repeat("0a", 32), "without a repository", "repository@" + strings.Repeat("0a", 32)},
		{"{{ image }}", "the part", ""},
		{"app:%TAG%", "the tag", ""},
	} {
		_, err := awsfacts.ParseImage(tt.name)
		var fault *awsfacts.ImageError
		if !errors.As(err, &fault) || !strings.Contains(fault.Reason, tt.reason) || fault.Corrected != tt.right {
			t.Errorf("ParseImage(%q) = %#v, want %q with the right form %q", tt.name, err, tt.reason, tt.right)
		}
	}
}

// FuzzParseImage checks that the parts of a parsed name form the name again.
func FuzzParseImage(f *testing.F) {
	for _, name := range []string{"busybox", "localhost:5000/a/b:1@" + sha256, "https://a", "A/b", "a:b:c"} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		image, err := awsfacts.ParseImage(name)
		var fault *awsfacts.ImageError
		if err != nil {
			if !errors.As(err, &fault) || fault.Reason == "" {
				t.Errorf("ParseImage(%q) = %#v, want an *ImageError", name, err)
			}
			return
		}
		whole := image.Repository
		if image.Registry != "" {
			whole = image.Registry + "/" + whole
		}
		if image.Tag != "" {
			whole += ":" + image.Tag
		}
		if image.Digest != "" {
			whole += "@" + image.Digest
		}
		if whole != name {
			t.Errorf("ParseImage(%q) = %+v, whose parts form %q", name, image, whole)
		}
	})
}

func TestECR(t *testing.T) {
	for host, want := range map[string]awsfacts.Registry{
		"123456789012.dkr.ecr.us-east-1.amazonaws.com": {
			Account:   "123456789012",
			Region:    "us-east-1",
			Partition: "aws",
		},
		"123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com": {
			Account:   "123456789012",
			Region:    "us-gov-west-1",
			Partition: "aws-us-gov",
		},
		"123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn": {
			Account:   "123456789012",
			Region:    "cn-north-1",
			Partition: "aws-cn",
		},
		"123456789012.dkr.ecr.eusc-de-east-1.amazonaws.eu": {
			Account:   "123456789012",
			Region:    "eusc-de-east-1",
			Partition: "aws-eusc",
		},
		"123456789012.dkr-ecr.eu-west-1.on.aws": {
			Account:   "123456789012",
			Region:    "eu-west-1",
			Partition: "aws",
		},
		"123456789012.dkr-ecr-fips.us-east-2.on.aws": {
			Account:   "123456789012",
			Region:    "us-east-2",
			Partition: "aws",
		},
		"123456789012.dkr.ecr.us-east-9.amazonaws.com": {
			Account:   "123456789012",
			Region:    "us-east-9",
			Partition: "aws",
		},
		"123.dkr.ecr.us-east-1.amazonaws.com":                    {},
		"123456789012.dkr.ecr.us-east-1.example.com":             {},
		"123456789012.dkr.ecr.cn-north-1.amazonaws.com":          {},
		"123456789012.dkr.ecr.us-east-1.amazonaws.com.evil.test": {},
		"public.ecr.aws": {},
		"":               {},
	} {
		if got, ok := (awsfacts.Image{
			Registry:   host,
			Repository: "app",
		}).ECR(); got != want || ok != (want != awsfacts.Registry{}) {
			t.Errorf("ECR() of %q = %+v, %v, want %+v", host, got, ok, want)
		}
	}
}

func TestParseSecret(t *testing.T) {
	const (
		managed   = "arn:aws:secretsmanager:us-east-1:123456789012:secret:team/app-AbCdEf"
		parameter = "arn:aws-cn:ssm:cn-north-1:123456789012:parameter/app/db"
	)
	for _, tt := range []struct {
		from string
		want awsfacts.Secret
	}{
		{managed, awsfacts.Secret{ARN: managed, Manager: true, Region: "us-east-1", Name: "team/app-AbCdEf"}},
		{
			managed + ":user::",
			awsfacts.Secret{ARN: managed, Manager: true, Region: "us-east-1", Name: "team/app-AbCdEf", Key: "user"},
		},
		{managed + ":::", awsfacts.Secret{ARN: managed, Manager: true, Region: "us-east-1", Name: "team/app-AbCdEf"}},
		{
			managed + ":user:AWSPREVIOUS:",
			awsfacts.Secret{
				ARN:     managed,
				Manager: true,
				Region:  "us-east-1",
				Name:    "team/app-AbCdEf",
				Key:     "user",
				Stage:   "AWSPREVIOUS",
			},
		},
		{
			managed + ":::9d4cb84b-ad69-40c0-a0ab-cead36b967e8",
			awsfacts.Secret{
				ARN:     managed,
				Manager: true,
				Region:  "us-east-1",
				Name:    "team/app-AbCdEf",
				Version: "9d4cb84b-ad69-40c0-a0ab-cead36b967e8",
			},
		},
		{
			managed + ":a key::",
			awsfacts.Secret{ARN: managed, Manager: true, Region: "us-east-1", Name: "team/app-AbCdEf", Key: "a key"},
		},
		{"arn:aws:secretsmanager:us-east-1:123456789012:secret:rds!db-1-AbCdEf", awsfacts.Secret{
			ARN: "arn:aws:secretsmanager:us-east-1:123456789012:secret:rds!db-1-AbCdEf", Manager: true,
			Region: "us-east-1", Name: "rds!db-1-AbCdEf",
		}},
		{parameter, awsfacts.Secret{ARN: parameter, Region: "cn-north-1", Parameter: "app/db"}},
		{parameter + ":3", awsfacts.Secret{ARN: parameter + ":3", Region: "cn-north-1", Parameter: "app/db"}},
		{"db-url", awsfacts.Secret{Parameter: "db-url"}},
		{"/app/db.url_1", awsfacts.Secret{Parameter: "/app/db.url_1"}},
		{"/app/db:prod", awsfacts.Secret{Parameter: "/app/db"}},
	} {
		if got, err := awsfacts.ParseSecret(tt.from); err != nil || got != tt.want {
			t.Errorf("ParseSecret(%q) = %+v, %v, want %+v", tt.from, got, err, tt.want)
		}
	}
	for from, reason := range map[string]string{
		managed + ":user":          "with both colons",
		managed + ":user:":         "with both colons",
		managed + ":user:::":       "with both colons",
		managed + ":user:a:b":      "cannot be used together",
		managed + ": user::":       "white space",
		managed + ":${KEY}::":      "placeholder",
		managed + " ":              "the name",
		managed + ":::AWS CURRENT": "version id",
		managed + "::AWS CURRENT:": "version stage",
		parameter + " ":            "no valid parameter name",
		"arn:aws:ssm:us-east-1:123456789012:parameter:db":      ":parameter/",
		"arn:aws:ssm:us-east-1:123456789012:parameter/":        "no valid parameter name",
		"arn:aws:ssm:us-east-1:123456789012:parameter//app/db": "exactly one /",
		"arn:aws:ssm:us-east-1:123456789012:parameter/app//db": "no valid parameter name",
		"app/":  "neither",
		"//app": "neither",
		"arn:aws:ssm:us-east-1:${ACCOUNT_ID}:parameter/x":          "12 digits",
		"arn:aws:ssm:us-east-1:12345:parameter/x":                  "12 digits",
		"arn:aws:ssm::123456789012:parameter/x":                    "a region",
		"arn:aws:ssm:US:123456789012:parameter/x":                  "a region",
		"arn:aws:secretsmanager:us-east-1:123456789012:app":        ":secret:",
		"arn:aws:secretsmanager:us-east-1:123456789012:secret:":    ":secret:",
		"arn:aws:secretsmanager:us-east-1:123456789012:secret:a b": ":secret:",
		"arn:aws:s3:::bucket/key":                                  "neither",
		"arn:aws:ssm":                                              "too few parts",
		"{{resolve:ssm-secure:/x:1}}":                              "neither",
		"ssm:///app/db":                                            "neither",
		"ssm:/app/db":                                              "neither",
		"ssm:db":                                                   "neither",
		"secretsmanager:db":                                        "neither",
		sha256:                                                     "neither",
		"db url":                                                   "neither",
		" db":                                                      "neither",
		"$DB":                                                      "neither",
		"<db>":                                                     "neither",
		"":                                                         "neither",
		"a:":                                                       "neither",
	} {
		if got, err := awsfacts.ParseSecret(from); err == nil || !strings.Contains(err.Error(), reason) {
			t.Errorf("ParseSecret(%q) = %+v, %v, want an error with %q", from, got, err, reason)
		}
	}
}

func TestTexts(t *testing.T) {
	for _, tt := range []struct {
		name string
		is   func(string) bool
		yes  []string
		no   []string
	}{
		{"IsRole", awsfacts.IsRole,
			[]string{
				"app", "service-role/app", "arn:aws:iam::123456789012:role/app",
				"arn:aws-us-gov:iam::123456789012:role/a/b+=,.@_-",
			},
			[]string{"", "a b", "$ROLE", "arn:aws:iam::123456789012:user/app",
				"arn:aws:iam::123456789012:role/", "arn:aws:iam::12345:role/app",
				"arn:aws:iam:us-east-1:123456789012:role/app", "arn:aws:iam::{{account}}:role/app",
				"arn:x:iam::123456789012:role/app", strings.Repeat("a", 513)}},
		{"IsObject", awsfacts.IsObject,
			[]string{"arn:aws:s3:::bucket/a.env", "arn:aws-cn:s3:::my.bucket/a b/c.env"},
			[]string{
				"s3://bucket/a.env", "bucket/a.env", "arn:aws:s3:::bucket", "arn:aws:s3:::bucket/",
				"arn:aws:s3:::/a.env", "arn:aws:s3:us-east-1::bucket/a.env", "arn:aws:s3:::${B}/a.env",
			}},
		{"IsCredentials", awsfacts.IsCredentials,
			[]string{"prod/registry", "arn:aws:secretsmanager:us-east-1:123456789012:secret:registry-AbCdEf"},
			[]string{
				"", "a b", "arn:aws:ssm:us-east-1:123456789012:parameter/x",
				"arn:aws:secretsmanager:us-east-1:123456789012:secret:registry-AbCdEf:key::",
			}},
		{"CanBeRegion", awsfacts.CanBeRegion, []string{"us-east-1", "us-east1"},
			[]string{"", "US-EAST-1", "{{region}}", "us_east_1", "us-east-1 "}},
	} {
		for _, text := range tt.yes {
			if !tt.is(text) {
				t.Errorf("%s(%q) = false, want true", tt.name, text)
			}
		}
		for _, text := range tt.no {
			if tt.is(text) {
				t.Errorf("%s(%q) = true, want false", tt.name, text)
			}
		}
	}
}

// TestPartitions compares the partitions with those of the SDK.
func TestPartitions(t *testing.T) {
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/aws/aws-sdk-go-v2").Output()
	if err != nil {
		t.Skipf("the SDK's source is not at hand: %v", err)
	}
	text, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(dir)),
		"internal/endpoints/awsrulesfn/partitions.json"))
	if err != nil {
		t.Fatal(err)
	}
	var sdk struct {
		Partitions []struct {
			ID      string
			Regions map[string]any
			Outputs struct{ DNSSuffix string }
		}
	}
	if err := json.Unmarshal(text, &sdk); err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, p := range sdk.Partitions {
		for region := range p.Regions {
			if strings.HasSuffix(region, "-global") {
				continue
			}
			all = append(all, region)
			if got := awsfacts.PartitionOf(region); got.ID != p.ID || got.DNS != p.Outputs.DNSSuffix {
				t.Errorf("PartitionOf(%q) = %s, %s, want %s, %s", region, got.ID, got.DNS, p.ID, p.Outputs.DNSSuffix)
			}
		}
	}
	got := awsfacts.Regions()
	slices.Sort(got)
	slices.Sort(all)
	if !slices.Equal(got, all) {
		t.Errorf("Regions() = %q, want %q", got, all)
	}
}

func TestIsNetworkID(t *testing.T) {
	for item, want := range map[string]bool{
		"subnet-0123456789abcdef0": true,
		"sg-1a":                    true,
		"subnet-private":           false,
		"tag:A=subnet-1":           false,
		"":                         false,
	} {
		if got := awsfacts.IsNetworkID(item); got != want {
			t.Errorf("IsNetworkID(%q) = %v, want %v", item, got, want)
		}
	}
}

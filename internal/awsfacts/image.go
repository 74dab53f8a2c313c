package awsfacts

import (
	"cmp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/arn"

	"github.com/ecs-run-task/ecs-run-task/internal/lazyregexp"
)

// An Image is a parsed image name.
type Image struct {
	Registry   string // host, with port if any; empty for Docker Hub
	Repository string
	Tag        string // empty if the name has none
	Digest     string // with its algorithm, such as sha256:…; empty if the name has none
}

// An ImageError means that an image name is invalid.
type ImageError struct {
	Reason    string
	Corrected string // the corrected name; empty if it is not clear
}

func (e *ImageError) Error() string { return e.Reason }

// The grammar of image names.
//
// Source: github.com/distribution/reference, regexp.go, which Docker, containerd and the
// ECS agent use; read in November 2026. The digest algorithms are those of
// github.com/opencontainers/go-digest. Lengths are checked separately, because a bounded
// repetition is slow to compile.
var (
	imageHost = lazyregexp.New(`^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?` +
		`(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*(:[0-9]+)?$`)
	imagePart = lazyregexp.New(`^[a-z0-9]+(([._]|__|-+)[a-z0-9]+)*$`)
	imageTag  = lazyregexp.New(`^[A-Za-z0-9_][A-Za-z0-9_.-]*$`) // up to 128 characters
	hexText   = lazyregexp.New(`^[a-f0-9]+$`)
	scheme    = lazyregexp.New(`^[A-Za-z][A-Za-z0-9+.-]*://+`)
)

// digestLengths maps each digest algorithm to its number of hexadecimal digits.
var digestLengths = map[string]int{"sha256": 64, "sha384": 96, "sha512": 128}

// ParseImage parses an image name. The error is an [*ImageError].
func ParseImage(name string) (Image, error) {
	if start := scheme.FindString(name); start != "" {
		return Image{}, &ImageError{
			"it begins with " + start + ", but an image name has no scheme",
			name[len(start):],
		}
	}
	rest, digest, hashed := strings.Cut(name, "@")
	if rest == "" || !hashed && isDigest(rest) || !hashed && len(rest) == 64 && hexText.MatchString(rest) {
		return Image{}, &ImageError{
			"it is a digest without a repository",
			"repository@" + strings.TrimPrefix(name, "@"),
		}
	}
	if hashed && !isDigest(digest) {
		return Image{}, &ImageError{"after the @ there must be sha256: and 64 hexadecimal digits in lower case", ""}
	}
	path, tag := rest, ""
	if i := strings.LastIndexByte(rest, ':'); i > strings.LastIndexByte(rest, '/') {
		path, tag = rest[:i], rest[i+1:]
		switch {
		case tag == "":
			return Image{}, &ImageError{"the tag after the : is empty", ""}
		case len(tag) > 128:
			return Image{}, &ImageError{"the tag has more than 128 characters", ""}
		case !imageTag.MatchString(tag):
			return Image{}, &ImageError{
				"the tag " + quote(tag) +
					" must begin with a letter, a digit or _ and consist of letters, digits and . _ -",
				"",
			}
		}
	}
	registry, repository := splitRegistry(path)
	if registry != "" && !imageHost.MatchString(registry) {
		return Image{}, &ImageError{
			"the registry " + quote(registry) + " is not a host name, with or without :port",
			"",
		}
	}
	for part := range strings.SplitSeq(repository, "/") {
		switch {
		case part == "" && strings.HasPrefix(path, "/"):
			return Image{}, &ImageError{"it begins with a /", strings.TrimLeft(name, "/")}
		case part == "":
			return Image{}, &ImageError{"a part of the path between two / or at its end is empty", ""}
		case part != strings.ToLower(part) && imagePart.MatchString(strings.ToLower(part)):
			right := strings.TrimSuffix(path, repository) + strings.ToLower(repository) + name[len(path):]
			return Image{}, &ImageError{"the repository " + quote(repository) + " must be in lower case", right}
		case !imagePart.MatchString(part):
			return Image{}, &ImageError{
				"the part " + quote(part) +
					" of the repository must consist of lower case letters and digits, with . _ __ or - between them",
				"",
			}
		}
	}
	image := Image{Registry: registry, Repository: repository, Tag: tag, Digest: digest}
	if _, isHost := (Image{Registry: repository}).ECR(); isHost && registry == "" {
		return Image{}, &ImageError{"it is a registry without a repository", repository + "/repository"}
	}
	return image, nil
}

// splitRegistry splits an image name without tag and digest. The first part is the
// registry if it has a dot, a colon or upper case letters, or is localhost.
func splitRegistry(path string) (registry, repository string) {
	first, rest, found := strings.Cut(path, "/")
	if found && (strings.ContainsAny(first, ".:") || first == "localhost" || first != strings.ToLower(first)) {
		return first, rest
	}
	return "", path
}

// isDigest reports whether a text is a digest, including its algorithm.
func isDigest(s string) bool {
	algorithm, digits, _ := strings.Cut(s, ":")
	return len(digits) == digestLengths[algorithm] && hexText.MatchString(digits)
}

// quote returns a part of a name in quotes. It cuts a long one.
func quote(s string) string {
	const most = 60
	if len(s) > most {
		s = s[:most] + "…"
	}
	return `"` + s + `"`
}

// A Registry is a private registry in ECR.
type Registry struct{ Account, Region, Partition string }

// ecrHost matches the hosts of private registries: those for IPv4, whose suffix is checked
// separately, and the dual-stack ones for IPv4 and IPv6.
//
// Source: ECR user guide, "Making requests to Amazon ECR registries", and AWS
// General Reference, "Amazon ECR endpoints and quotas"; read in November 2026.
var ecrHost = lazyregexp.New(`^([0-9]{12})\.(?:` +
	`dkr\.ecr(?:-fips)?\.([a-z0-9-]+)\.([a-z0-9.-]+)|` +
	`dkr-ecr(?:-fips)?\.([a-z0-9-]+)\.(?:on\.aws|on\.amazonwebservices\.com\.cn|on\.amazonwebservices\.eu))$`)

// ECR returns the private registry of the image in ECR. It returns false if there is none.
func (i Image) ECR() (Registry, bool) {
	match := ecrHost.FindStringSubmatch(strings.ToLower(i.Registry))
	if match == nil {
		return Registry{}, false
	}
	region := cmp.Or(match[2], match[4])
	partition := PartitionOf(region)
	if suffix := match[3]; suffix != "" && suffix != partition.DNS {
		return Registry{}, false
	}
	return Registry{Account: match[1], Region: region, Partition: partition.ID}, true
}

// RepositoryARN returns the ARN of an ECR repository.
func (r Registry) RepositoryARN(repository string) string {
	return arn.ARN{
		Partition: r.Partition, Service: "ecr", Region: r.Region, AccountID: r.Account,
		Resource: "repository/" + repository,
	}.String()
}

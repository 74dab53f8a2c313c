package lookup

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/arn"

	"github.com/ecs-run-task/ecs-run-task/internal/awsfacts"
)

// A Platform is what an image was built for, as in linux and arm64.
type Platform struct {
	OS           string `json:"os"`
	Architecture string `json:"architecture"`
}

func (p Platform) String() string { return p.OS + "/" + p.Architecture }

// An Image is one in a private registry of ECR.
type Image struct{ Account, Region, Partition, Repository, Tag, Digest string }

// ParseImage takes the name of an image apart. It reports false if the image is
// not in ECR.
func ParseImage(name string) (Image, bool) {
	image, err := awsfacts.ParseImage(name)
	registry, ok := image.ECR()
	if err != nil || !ok {
		return Image{}, false
	}
	return Image{
		Account: registry.Account, Region: registry.Region, Partition: registry.Partition,
		Repository: image.Repository, Tag: image.Tag, Digest: image.Digest,
	}, true
}

// ARN returns the ARN of the repository that the image is in.
func (i Image) ARN() string {
	return arn.ARN{
		Partition: i.Partition,
		Service:   "ecr",
		Region:    i.Region,
		AccountID: i.Account,
		Resource:  "repository/" + i.Repository,
	}.String()
}

// id is how ECR names an image: its digest if there is one, else its tag.
func (i Image) id() map[string]string {
	if i.Digest != "" {
		return map[string]string{"imageDigest": i.Digest}
	}
	return map[string]string{"imageTag": cmp.Or(i.Tag, "latest")}
}

func (i Image) String() string {
	if i.Digest != "" {
		return i.Repository + "@" + i.Digest
	}
	return i.Repository + ":" + cmp.Or(i.Tag, "latest")
}

// manifestTypes are the forms of a manifest that are understood.
var manifestTypes = []string{
	"application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json",
	"application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json",
}

// manifest is an index of images for several platforms, or one image.
type manifest struct {
	Manifests []struct{ Platform Platform }
	Config    struct{ Digest string }
}

// Platforms returns what an image was built for; nil if it does not say. The
// error is a [*NotFoundError] if the image, or its repository, does not exist.
func (c *Client) Platforms(ctx context.Context, image Image) ([]Platform, error) {
	text, err := c.manifest(ctx, image)
	if err != nil {
		return nil, err
	}
	var m manifest
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		return nil, fmt.Errorf("read the manifest of %s: %w", image, err)
	}
	if len(m.Manifests) == 0 && m.Config.Digest != "" {
		return c.configPlatform(ctx, image, m.Config.Digest)
	}
	var platforms []Platform
	for _, one := range m.Manifests {
		if one.Platform.OS != "unknown" { // an attestation
			platforms = append(platforms, one.Platform)
		}
	}
	return platforms, nil
}

func (c *Client) manifest(ctx context.Context, image Image) (string, error) {
	in := map[string]any{
		"registryId": image.Account, "repositoryName": image.Repository,
		"imageIds": []any{image.id()}, "acceptedMediaTypes": manifestTypes,
	}
	var answer struct {
		Images   []struct{ ImageManifest string }
		Failures []struct{ FailureCode, FailureReason string }
	}
	err := c.json(ctx, call{ecrService, image.Region, "BatchGetImage"}, in, &answer)
	switch {
	case code(err) == "RepositoryNotFoundException":
		return "", &NotFoundError{"ECR repository", image.Repository}
	case err != nil:
		return "", fmt.Errorf("find the image %s: %w", image, err)
	case len(answer.Images) > 0:
		return answer.Images[0].ImageManifest, nil
	case len(answer.Failures) > 0 && answer.Failures[0].FailureCode != "ImageNotFound":
		return "", fmt.Errorf("find the image %s: %s: %s", image, answer.Failures[0].FailureCode,
			answer.Failures[0].FailureReason)
	}
	return "", &NotFoundError{"ECR image", image.String()}
}

// configPlatform returns the platform that an image's configuration names.
func (c *Client) configPlatform(ctx context.Context, image Image, digest string) ([]Platform, error) {
	in := map[string]any{"registryId": image.Account, "repositoryName": image.Repository, "layerDigest": digest}
	var answer struct{ DownloadURL string }
	if err := c.json(ctx, call{ecrService, image.Region, "GetDownloadUrlForLayer"}, in, &answer); err != nil {
		return nil, fmt.Errorf("find the platform of the image %s: %w", image, err)
	}
	platform, err := c.download(ctx, answer.DownloadURL)
	if err != nil {
		return nil, fmt.Errorf("find the platform of the image %s: %w", image, err)
	}
	if platform.Architecture == "" {
		return nil, nil
	}
	return []Platform{platform}, nil
}

// download reads an image's configuration at a URL that is signed already, and
// never part of an error.
func (c *Client) download(ctx context.Context, address string) (Platform, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil || !strings.HasPrefix(address, "http") {
		return Platform{}, errors.New("ECR gave no address for the configuration")
	}
	response, err := c.http.Do(request)
	if err != nil {
		return Platform{}, errors.New("the configuration can't be downloaded")
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return Platform{}, fmt.Errorf("the configuration can't be downloaded: %s", response.Status)
	}
	var platform Platform
	if err := json.NewDecoder(io.LimitReader(response.Body, maxAnswer)).Decode(&platform); err != nil {
		return Platform{}, errors.New("the configuration is not JSON")
	}
	return platform, nil
}

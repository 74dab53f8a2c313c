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

	"github.com/ecs-run-task/ecs-run-task/internal/awserr"
	"github.com/ecs-run-task/ecs-run-task/internal/awsfacts"
)

// A Platform is an operating system and an architecture, such as linux and arm64.
type Platform struct {
	OS           string `json:"os"`
	Architecture string `json:"architecture"`
}

func (p Platform) String() string { return p.OS + "/" + p.Architecture }

// An Image is an image in a private registry of ECR.
type Image struct{ Account, Region, Partition, Repository, Tag, Digest string }

// ParseImage parses the name of an image. It returns false if the image is not in ECR.
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

// ARN returns the ARN of the image's repository.
func (i Image) ARN() string {
	registry := awsfacts.Registry{Account: i.Account, Region: i.Region, Partition: i.Partition}
	return registry.RepositoryARN(i.Repository)
}

// id returns the ImageIdentifier of ECR: the digest if there is one, otherwise the tag.
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

// manifestTypes are the media types of the manifests that [Client.Platforms] understands.
var manifestTypes = []string{
	"application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json",
	"application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json",
}

// manifest is an index of images for several platforms, or the manifest of one image.
type manifest struct {
	Manifests []struct{ Platform Platform }
	Config    struct{ Digest string }
}

// Platforms returns the platforms of an image, or nil if its manifest does not say. If
// the image or its repository does not exist, the error is a [*NotFoundError].
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
		if one.Platform.OS != "unknown" { // unknown means an attestation
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
	case awserr.Code(err) == "RepositoryNotFoundException":
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

// configPlatform returns the platform in an image's configuration, or nil if there is none.
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

// download reads an image's configuration from a presigned URL. The URL is a secret: no
// error contains it.
func (c *Client) download(ctx context.Context, address string) (Platform, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil || !strings.HasPrefix(address, "http") {
		return Platform{}, errors.New("ECR returned no URL for the image configuration")
	}
	response, err := c.http.Do(request)
	if err != nil {
		return Platform{}, errors.New("the image configuration can't be downloaded")
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return Platform{}, fmt.Errorf("the image configuration can't be downloaded: %s", response.Status)
	}
	var platform Platform
	if err := json.NewDecoder(io.LimitReader(response.Body, maxAnswer)).Decode(&platform); err != nil {
		return Platform{}, errors.New("the image configuration is not JSON")
	}
	return platform, nil
}

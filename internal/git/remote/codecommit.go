package remote

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"
)

// CodeCommitCredentials returns credentials of CodeCommit as the credential helper of the AWS
// CLI does: the password is a signature of the path of the repository and the time, and valid
// for 15 minutes.
func (c Config) CodeCommitCredentials(ctx context.Context, l Location) (Credentials, error) {
	aws, err := c.AWS(ctx)
	if err != nil {
		return Credentials{}, fmt.Errorf("get AWS credentials for CodeCommit: %w", err)
	}
	// git-codecommit.eu-west-1.amazonaws.com, git-codecommit-fips.…
	labels := strings.Split(l.Host, ".")
	if len(labels) < 3 {
		return Credentials{}, fmt.Errorf("the host %s names no AWS region", l.Host)
	}
	username := aws.AccessKeyID
	if aws.SessionToken != "" {
		username += "%" + aws.SessionToken
	}
	return Credentials{username, signCodeCommit(aws.SecretAccessKey, labels[1], strings.ToLower(l.Host), l.Path,
		time.Now())}, nil
}

// signCodeCommit returns the password: version 4 of AWS's signature, of a
// request with the method GIT and no body.
func signCodeCommit(secret, region, host, path string, now time.Time) string {
	stamp := now.UTC().Format("20060102T150405")
	scope := strings.Join([]string{stamp[:8], region, "codecommit", "aws4_request"}, "/")
	request := sha256.Sum256([]byte("GIT\n" + path + "\n\nhost:" + host + "\n\nhost\n"))
	key := []byte("AWS4" + secret)
	for part := range strings.SplitSeq(scope, "/") {
		key = sum(key, part)
	}
	signature := sum(key, "AWS4-HMAC-SHA256\n"+stamp+"\n"+scope+"\n"+hex.EncodeToString(request[:]))
	return stamp + "Z" + hex.EncodeToString(signature)
}

func sum(key []byte, text string) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(text))
	return mac.Sum(nil)
}

// Package secrets is Secrets Manager and the SSM Parameter Store: values for the secrets of tasks,
// and the operations that read them. Nothing can be written.
package secrets

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal/wire"
)

// A Store has the values of secrets and parameters, by their names or ARNs. It never
// changes and is safe for concurrent use. Its zero value has none.
type Store struct {
	region, account string
	values          map[string]string
	created         time.Time
}

// New returns a store of values. A name may be that of a secret or of a parameter
// ("app/db", "/app/db"), or the ARN of either.
func New(region, account string, values map[string]string) *Store {
	return &Store{region, account, values, time.Now()}
}

// Value returns the value for the valueFrom of a container's secret: the name or ARN of a
// parameter, or the ARN of a secret, which may end with a JSON key, a stage and a version:
// "arn:...:secret:NAME-SUFFIX:KEY:STAGE:ID".
func (s *Store) Value(valueFrom string) (string, error) {
	if value, found := s.values[valueFrom]; found {
		return value, nil
	}
	if !strings.Contains(valueFrom, ":secretsmanager:") {
		if _, value, found := s.parameter(valueFrom); found {
			return value, nil
		}
		return "", fmt.Errorf("invalid parameters: %s (the local ECS has no parameter of this name)", valueFrom)
	}
	parts := strings.Split(valueFrom, ":")
	if len(parts) < 7 {
		return "", fmt.Errorf("unexpected ARN format with parameters when trying to retrieve ASM secret: %s", valueFrom)
	}
	parts = append(parts, "", "", "")
	if stage := parts[8]; stage != "" && stage != "AWSCURRENT" || parts[9] != "" {
		return "", errors.New("ResourceNotFoundException: Secrets Manager can't find the specified secret value for the " +
			"stage or version: the local ECS has AWSCURRENT alone")
	}
	_, value, found := s.secret(strings.Join(parts[:7], ":"))
	if !found {
		return "", errors.New("ResourceNotFoundException: Secrets Manager can't find the specified secret")
	}
	if key := parts[7]; key != "" {
		return member(value, key)
	}
	return value, nil
}

// member returns the value of a key of a secret that is a JSON object.
func member(value, key string) (string, error) {
	var members map[string]any
	decoder := json.NewDecoder(strings.NewReader(value))
	decoder.UseNumber()
	if err := decoder.Decode(&members); err != nil {
		return "", errors.New("the secret's value is no JSON object, and its valueFrom names a key") // err quotes the value
	}
	switch v := members[key].(type) {
	case nil:
		return "", fmt.Errorf("retrieved secret from Secrets Manager did not contain json key %s", key)
	case string:
		return v, nil
	default:
		text, err := json.Marshal(v)
		return string(text), err
	}
}

// secret finds a secret by its name or ARN, with or without the six characters that
// AWS adds to its name, and returns its name.
func (s *Store) secret(id string) (name, value string, found bool) {
	_, name, isARN := strings.Cut(id, ":secret:")
	if !isARN {
		name = id
	}
	names := []string{id, name}
	if i := strings.LastIndexByte(name, '-'); i > 0 && len(name)-i == 7 {
		names = append(names, name[:i])
	}
	for _, n := range names {
		if value, found := s.values[n]; found {
			return strings.TrimPrefix(n, s.secretARN("")), value, true
		}
	}
	for _, n := range slices.Sorted(maps.Keys(s.values)) { // the file has the ARN, the caller the name
		if _, own, isARN := strings.Cut(n, ":secret:"); isARN && slices.Contains(names, own[:max(len(own)-7, 0)]) {
			return own, s.values[n], true
		}
	}
	return name, "", false
}

// parameter finds a parameter by its name or ARN, with or without the slash that
// begins its name, and returns its name.
func (s *Store) parameter(id string) (name, value string, found bool) {
	_, rest, isARN := strings.Cut(id, ":parameter/")
	names := []string{id}
	if isARN {
		names = append(names, "/"+rest, rest)
	} else if rest, slash := strings.CutPrefix(id, "/"); slash {
		names = append(names, s.parameterARN(id), rest)
	} else {
		names = append(names, s.parameterARN("/"+id))
	}
	for _, n := range names {
		if value, found := s.values[n]; found {
			if isARN {
				return "/" + rest, value, true
			}
			return id, value, true
		}
	}
	return id, "", false
}

func (s *Store) secretARN(name string) string {
	return fmt.Sprintf("arn:%s:secretsmanager:%s:%s:secret:%s", wire.Partition(s.region), s.region, s.account, name)
}

func (s *Store) parameterARN(name string) string {
	return fmt.Sprintf("arn:%s:ssm:%s:%s:parameter%s", wire.Partition(s.region), s.region, s.account, name)
}

// An Operation is one action of the two APIs.
type Operation struct {
	In wire.Structure
	Do func(*Store, wire.Object) (any, error)
}

// SecretsManager returns the actions of Secrets Manager by their names.
func SecretsManager() map[string]Operation {
	return map[string]Operation{"GetSecretValue": {
		wire.Structure{"SecretId": wire.String, "VersionId": wire.String, "VersionStage": wire.String},
		(*Store).getSecretValue,
	}}
}

// SSM returns the actions of the Parameter Store by their names.
func SSM() map[string]Operation {
	return map[string]Operation{
		"GetParameter": {wire.Structure{"Name": wire.String, "WithDecryption": wire.Boolean}, (*Store).getParameter},
		"GetParameters": {wire.Structure{"Names": wire.List(wire.String), "WithDecryption": wire.Boolean},
			(*Store).getParameters},
	}
}

func (s *Store) getSecretValue(in wire.Object) (any, error) {
	id := wire.Text(in, "SecretId")
	if id == "" {
		return nil, wire.Refuse("InvalidParameterException", "You must provide a value for the SecretId parameter.")
	}
	name, value, found := s.secret(id)
	if !found {
		return nil, wire.Refuse("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
	}
	if stage := wire.Text(in, "VersionStage"); stage != "" && stage != "AWSCURRENT" || wire.Text(in, "VersionId") != "" {
		return nil, wire.Refuse("ResourceNotFoundException",
			"Secrets Manager can't find the specified secret value for staging label or version: the local ECS has AWSCURRENT "+
				"alone.")
	}
	arn := id
	if !strings.HasPrefix(id, "arn:") {
		arn = s.secretARN(name + "-local0")
	}
	return wire.Object{
		"ARN": arn, "Name": name, "SecretString": value, "VersionId": "00000000-0000-4000-a000-000000000000",
		"VersionStages": []string{"AWSCURRENT"}, "CreatedDate": wire.Timestamp(s.created),
	}, nil
}

func (s *Store) getParameters(in wire.Object) (any, error) {
	names := wire.Texts(in, "Names")
	if len(names) == 0 || len(names) > 10 {
		return nil, wire.Refuse("ValidationException", fmt.Sprintf(
			"1 validation error detected: Value '[%s]' at 'names' failed to satisfy constraint: Member must have length "+
				"between 1 and 10", strings.Join(names, ", ")))
	}
	parameters, invalid := []any{}, []string{}
	for _, id := range names {
		name, value, found := s.parameter(id)
		if !found {
			invalid = append(invalid, id)
			continue
		}
		parameters = append(parameters, s.parameterAnswer(name, value, wire.Bool(in, "WithDecryption", false)))
	}
	return wire.Object{"Parameters": parameters, "InvalidParameters": invalid}, nil
}

func (s *Store) getParameter(in wire.Object) (any, error) {
	name, value, found := s.parameter(wire.Text(in, "Name"))
	if !found {
		return nil, wire.Refuse("ParameterNotFound", "")
	}
	return wire.Object{"Parameter": s.parameterAnswer(name, value, wire.Bool(in, "WithDecryption", false))}, nil
}

// parameterAnswer describes a parameter. All are secure strings: a request with decryption gets
// their values.
func (s *Store) parameterAnswer(name, value string, decrypted bool) wire.Object {
	if !decrypted {
		value = "encrypted: ask with WithDecryption"
	}
	return wire.Object{
		"Name": name, "Type": "SecureString", "Value": value, "Version": 1, "DataType": "text",
		"ARN": s.parameterARN("/" + strings.TrimPrefix(name, "/")), "LastModifiedDate": wire.Timestamp(s.created),
	}
}

// Package wire is the AWS JSON protocol: requests and their shapes, responses and errors, and
// parts that responses of several operations have. It has no operation and no state.
package wire

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

// ContentType is the type of requests and responses.
const ContentType = "application/x-amz-json-1.1"

// MaxBody is how many bytes a request, or a file that stands for one, may have.
const MaxBody = 1 << 20

// An Object is a JSON object. Its numbers are json.Number.
type Object = map[string]any

// An Error is an error of the API.
type Error struct {
	Status  int    // HTTP status
	Code    string // the exception's name
	Message string
	Members Object // further members of the exception, nil for most
}

func (e *Error) Error() string { return e.Code + ": " + e.Message }

// Refuse returns an error of a request, with the HTTP status 400.
func Refuse(code, message string) *Error {
	return &Error{Status: http.StatusBadRequest, Code: code, Message: message}
}

// RefuseStatus returns an error with another HTTP status than 400.
func RefuseStatus(status int, code, message string) *Error {
	return &Error{Status: status, Code: code, Message: message}
}

// ClientException returns the error of ECS for an invalid request.
func ClientException(format string, args ...any) *Error {
	return Refuse("ClientException", fmt.Sprintf(format, args...))
}

// InvalidParameter returns the error for an invalid parameter.
func InvalidParameter(format string, args ...any) *Error {
	return Refuse("InvalidParameterException", fmt.Sprintf(format, args...))
}

// Decode reads a request body. Its numbers are json.Number.
func Decode(body []byte) (Object, error) {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var o Object
	if err := decoder.Decode(&o); err != nil {
		return nil, Refuse("SerializationException", "the body is not a JSON object: "+err.Error())
	}
	if _, err := decoder.Token(); err != io.EOF {
		return nil, Refuse("SerializationException", "the body goes on after its JSON object")
	}
	if o == nil {
		return nil, Refuse("SerializationException", "the body is null, it must be a JSON object")
	}
	return o, nil
}

// WriteResponse writes the response of an operation; nil for one without output.
func WriteResponse(w http.ResponseWriter, response any) {
	if response == nil {
		write(w, http.StatusOK, nil)
		return
	}
	body, err := json.Marshal(response)
	if err != nil {
		WriteError(w, fmt.Errorf("encode the response: %w", err))
		return
	}
	write(w, http.StatusOK, body)
}

// Halve returns a ResponseWriter whose connection is lost in the middle of the body.
func Halve(w http.ResponseWriter) http.ResponseWriter { return halved{w} }

type halved struct{ http.ResponseWriter }

func (h halved) Write(body []byte) (int, error) {
	h.ResponseWriter.Write(body[:len(body)/2])
	http.NewResponseController(h.ResponseWriter).Flush()
	panic(http.ErrAbortHandler)
}

// WriteError writes an error. Every error of the API is written here.
func WriteError(w http.ResponseWriter, err error) {
	var refused *Error
	if !errors.As(err, &refused) {
		refused = &Error{Status: http.StatusInternalServerError, Code: "ServerException", Message: err.Error()}
	}
	members := Object{"__type": refused.Code, "message": refused.Message}
	for name, member := range refused.Members {
		members[name] = member
	}
	body, err := json.Marshal(members)
	if err != nil {
		body = []byte(`{"__type":"ServerException","message":"the error has no JSON form"}`)
	}
	write(w, refused.Status, body)
}

func write(w http.ResponseWriter, status int, body []byte) {
	header := w.Header()
	header.Set("Content-Type", ContentType)
	header.Set("Content-Length", strconv.Itoa(len(body)))
	header.Set("x-amzn-RequestId", UUID())
	w.WriteHeader(status)
	w.Write(body) // fails only if the client has closed the connection
}

// HexID returns n random bytes in hexadecimal.
func HexID(n int) string {
	id := make([]byte, n)
	rand.Read(id) // never fails
	return hex.EncodeToString(id)
}

// UUID returns a random UUID.
func UUID() string { return FormatUUID(HexID(16)) }

// FormatUUID returns the UUID of 32 hexadecimal digits.
func FormatUUID(id string) string {
	return fmt.Sprintf("%s-%s-4%s-a%s-%s", id[:8], id[8:12], id[13:16], id[17:20], id[20:])
}

// Timestamp returns a time in AWS JSON: seconds since 1970, with milliseconds.
func Timestamp(t time.Time) json.Number {
	return json.Number(strconv.FormatFloat(float64(t.UnixMilli())/1000, 'f', 3, 64))
}

// The functions below read members of requests whose shapes were checked.

// Text returns a member, empty if it is absent.
func Text(o Object, name string) string {
	s, _ := o[name].(string)
	return s
}

// Bool returns a member, or the value of absent if there is none.
func Bool(o Object, name string, absent bool) bool {
	if b, ok := o[name].(bool); ok {
		return b
	}
	return absent
}

// Int returns a member, or the value of absent if there is none.
func Int(o Object, name string, absent int) int {
	if n, ok := o[name].(json.Number); ok {
		f, _ := n.Float64() // an integer, in any spelling
		return int(f)
	}
	return absent
}

// Member returns a structure, nil if it is absent.
func Member(o Object, name string) Object {
	m, _ := o[name].(Object)
	return m
}

// Objects returns a list of structures.
func Objects(o Object, name string) []Object {
	items, _ := o[name].([]any)
	objects := make([]Object, 0, len(items))
	for _, item := range items {
		if m, ok := item.(Object); ok {
			objects = append(objects, m)
		}
	}
	return objects
}

// Texts returns a list of strings.
func Texts(o Object, name string) []string {
	items, _ := o[name].([]any)
	texts := make([]string, 0, len(items))
	for _, item := range items {
		if s, ok := item.(string); ok {
			texts = append(texts, s)
		}
	}
	return texts
}

// Clone returns a copy of a JSON value that shares nothing with it.
func Clone(value any) any {
	switch value := value.(type) {
	case Object:
		return CloneObject(value)
	case []any:
		items := make([]any, len(value))
		for i, item := range value {
			items[i] = Clone(item)
		}
		return items
	}
	return value
}

// CloneObject is Clone of an object.
func CloneObject(o Object) Object {
	members := make(Object, len(o))
	for name, member := range o {
		members[name] = Clone(member)
	}
	return members
}

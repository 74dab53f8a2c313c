package ecslocal

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

// object is a JSON object. Its numbers are json.Number.
type object = map[string]any

// An apiError is a refusal as AWS words it.
type apiError struct {
	status  int    // HTTP status
	code    string // the exception's name
	message string
	members object // further members of the exception, nil for most
}

func (e *apiError) Error() string { return e.code + ": " + e.message }

// refuse returns an error of the caller's making, HTTP status 400.
func refuse(code, message string) *apiError {
	return &apiError{status: http.StatusBadRequest, code: code, message: message}
}

func clientException(format string, args ...any) *apiError {
	return refuse("ClientException", fmt.Sprintf(format, args...))
}

func invalidParameter(format string, args ...any) *apiError {
	return refuse("InvalidParameterException", fmt.Sprintf(format, args...))
}

// decode reads a request body, whose numbers stay as they were written.
func decode(body []byte) (object, error) {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var o object
	if err := decoder.Decode(&o); err != nil {
		return nil, refuse("SerializationException", "the body is not a JSON object: "+err.Error())
	}
	if _, err := decoder.Token(); err != io.EOF {
		return nil, refuse("SerializationException", "the body goes on after its JSON object")
	}
	if o == nil {
		return nil, refuse("SerializationException", "the body is null, it must be a JSON object")
	}
	return o, nil
}

// writeAnswer writes an operation's answer.
func writeAnswer(w http.ResponseWriter, answer any) {
	body, err := json.Marshal(answer)
	if err != nil {
		writeError(w, fmt.Errorf("encode the answer: %w", err))
		return
	}
	write(w, http.StatusOK, body)
}

// halved is a ResponseWriter whose connection is lost in the middle of the body.
type halved struct{ http.ResponseWriter }

func (h halved) Write(body []byte) (int, error) {
	h.ResponseWriter.Write(body[:len(body)/2])
	http.NewResponseController(h.ResponseWriter).Flush()
	panic(http.ErrAbortHandler)
}

// writeError writes an error. It is the only place that does.
func writeError(w http.ResponseWriter, err error) {
	var refused *apiError
	if !errors.As(err, &refused) {
		refused = &apiError{status: http.StatusInternalServerError, code: "ServerException", message: err.Error()}
	}
	members := object{"__type": refused.code, "message": refused.message}
	for name, member := range refused.members {
		members[name] = member
	}
	body, err := json.Marshal(members)
	if err != nil {
		body = []byte(`{"__type":"ServerException","message":"the error has no JSON form"}`)
	}
	write(w, refused.status, body)
}

func write(w http.ResponseWriter, status int, body []byte) {
	header := w.Header()
	header.Set("Content-Type", contentType)
	header.Set("Content-Length", strconv.Itoa(len(body)))
	header.Set("x-amzn-RequestId", requestID())
	w.WriteHeader(status)
	w.Write(body) // the client is gone if this fails: nobody to tell
}

// timestamp returns a time as AWS JSON spells it: seconds since 1970, with
// milliseconds.
func timestamp(t time.Time) json.Number {
	return json.Number(strconv.FormatFloat(float64(t.UnixMilli())/1000, 'f', 3, 64))
}

// The accessors below read members of requests whose shapes were checked. An
// absent member is the zero value.

func textOf(o object, name string) string {
	s, _ := o[name].(string)
	return s
}

func boolOf(o object, name string, absent bool) bool {
	if b, ok := o[name].(bool); ok {
		return b
	}
	return absent
}

func intOf(o object, name string, absent int) int {
	if n, ok := o[name].(json.Number); ok {
		f, _ := n.Float64() // a shape's integer, in any spelling
		return int(f)
	}
	return absent
}

func objectOf(o object, name string) object {
	m, _ := o[name].(object)
	return m
}

func objectsOf(o object, name string) []object {
	items, _ := o[name].([]any)
	objects := make([]object, 0, len(items))
	for _, item := range items {
		if m, ok := item.(object); ok {
			objects = append(objects, m)
		}
	}
	return objects
}

func textsOf(o object, name string) []string {
	items, _ := o[name].([]any)
	texts := make([]string, 0, len(items))
	for _, item := range items {
		if s, ok := item.(string); ok {
			texts = append(texts, s)
		}
	}
	return texts
}

// clone returns a copy of a JSON value that shares nothing with it.
func clone(value any) any {
	switch value := value.(type) {
	case object:
		return cloneObject(value)
	case []any:
		items := make([]any, len(value))
		for i, item := range value {
			items[i] = clone(item)
		}
		return items
	}
	return value
}

func cloneObject(o object) object {
	members := make(object, len(o))
	for name, member := range o {
		members[name] = clone(member)
	}
	return members
}

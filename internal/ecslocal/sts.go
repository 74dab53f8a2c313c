package ecslocal

import (
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal/wire"
)

// STS speaks the AWS Query protocol: a form in, XML out.

// identity is the response of GetCallerIdentity.
type identity struct {
	XMLName xml.Name `xml:"https://sts.amazonaws.com/doc/2011-06-15/ GetCallerIdentityResponse"`
	Result  struct {
		Arn, UserId, Account string
	} `xml:"GetCallerIdentityResult"`
	RequestID string `xml:"ResponseMetadata>RequestId"`
}

// queryError is a refusal in the Query protocol.
type queryError struct {
	XMLName xml.Name `xml:"https://sts.amazonaws.com/doc/2011-06-15/ ErrorResponse"`
	Error   struct {
		Type, Code, Message string
	}
	RequestID string `xml:"RequestId"`
}

// serveQuery serves a request in the Query protocol.
func (s *Server) serveQuery(w http.ResponseWriter, r *http.Request) {
	refusal := func(err error) {
		var refused *wire.Error
		if !errors.As(err, &refused) {
			refused = wire.RefuseStatus(http.StatusInternalServerError, "InternalFailure", err.Error())
		}
		answer := queryError{RequestID: wire.UUID()}
		answer.Error.Type, answer.Error.Code, answer.Error.Message = "Sender", refused.Code, refused.Message
		writeXML(w, refused.Status, answer.RequestID, answer)
	}
	if _, err := s.scope(r.Header.Get("Authorization"), "sts"); err != nil {
		refusal(err)
		return
	}
	body, err := readBody(w, r)
	if err != nil {
		refusal(err)
		return
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		refusal(wire.Refuse("MalformedQueryString", err.Error()))
		return
	}
	action := form.Get("Action")
	if action != "GetCallerIdentity" {
		refusal(wire.Refuse("InvalidAction",
			fmt.Sprintf("Could not find operation %s for version %s", action, form.Get("Version"))))
		return
	}
	effect := s.decide("sts:"+action, object{})
	if !s.stall(r.Context(), effect.stall) || effect.cutBefore || effect.cutAfter {
		panic(http.ErrAbortHandler)
	}
	if effect.refusal != nil {
		refusal(effect.refusal)
		return
	}
	answer := identity{RequestID: wire.UUID()}
	answer.Result.Arn, answer.Result.UserId, answer.Result.Account = s.account.IAM("root"), s.account.ID, s.account.ID
	writeXML(w, http.StatusOK, answer.RequestID, answer)
}

func writeXML(w http.ResponseWriter, status int, id string, answer any) {
	body, err := xml.Marshal(answer)
	if err != nil { // the types above have XML forms
		status, body = http.StatusInternalServerError, nil
	}
	w.Header().Set("Content-Type", "text/xml")
	w.Header().Set("x-amzn-RequestId", id)
	w.WriteHeader(status)
	w.Write(body) // fails only if the client is gone
}

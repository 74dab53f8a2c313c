package wire

import (
	"encoding/binary"
	"encoding/json"
	"hash/crc32"
	"net/http"
)

// An Events is a response that is a stream of events. Serve writes it until the context of the
// request ends.
type Events interface {
	Serve(w *EventWriter, r *http.Request)
}

// An EventWriter writes events in the encoding of AWS:
// https://smithy.io/2.0/aws/amazon-eventstream.html
type EventWriter struct {
	w       http.ResponseWriter
	control *http.ResponseController
}

// WriteEvents responds to a request with a stream of events.
func WriteEvents(w http.ResponseWriter, r *http.Request, events Events) {
	header := w.Header()
	header.Set("Content-Type", "application/vnd.amazon.eventstream")
	header.Set("x-amzn-RequestId", UUID())
	w.WriteHeader(http.StatusOK)
	out := &EventWriter{w, http.NewResponseController(w)}
	if out.Write("initial-response", Object{}) == nil {
		events.Serve(out, r)
	}
}

// Write writes an event of a type. It fails if the client has closed the connection.
func (e *EventWriter) Write(kind string, payload any) error {
	body, err := json.Marshal(payload)
	if err != nil {
		return err
	}
	var headers []byte
	for _, header := range [][2]string{
		{":message-type", "event"}, {":event-type", kind}, {":content-type", ContentType},
	} {
		headers = append(headers, byte(len(header[0])))
		headers = append(headers, header[0]...)
		headers = append(headers, 7) // a string
		headers = binary.BigEndian.AppendUint16(headers, uint16(len(header[1])))
		headers = append(headers, header[1]...)
	}
	const prelude, checksum = 12, 4
	frame := binary.BigEndian.AppendUint32(nil, uint32(prelude+len(headers)+len(body)+checksum))
	frame = binary.BigEndian.AppendUint32(frame, uint32(len(headers)))
	frame = binary.BigEndian.AppendUint32(frame, crc32.ChecksumIEEE(frame))
	frame = append(append(frame, headers...), body...)
	frame = binary.BigEndian.AppendUint32(frame, crc32.ChecksumIEEE(frame))
	if _, err := e.w.Write(frame); err != nil {
		return err
	}
	return e.control.Flush()
}

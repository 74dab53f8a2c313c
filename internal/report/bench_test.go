package report_test

import (
	"fmt"
	"io"
	"testing"

	"github.com/ecs-run-task/ecs-run-task/internal/report"
)

// BenchmarkLog measures printing pages of log lines: plain lines, lines with secrets to
// find, and lines with colours and commands to break.
func BenchmarkLog(b *testing.B) {
	plain := "2026-11-24T07:23:25.104Z INFO request handled path=/api/v1/orders status=200 took=12ms"
	for _, tt := range []struct {
		name    string
		line    string
		secrets []string
	}{
		{"plain", plain, nil},
		{"masks", plain, []string{"s3cr3t-v4lue", "another/secret+value",
			"-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\n-----END KEY-----"}},
		{"coloured", "\x1b[32mINFO\x1b[0m ## heading ##[group]x", nil},
	} {
		b.Run(tt.name, func(b *testing.B) {
			r := report.New(io.Discard, func(string) string { return "" }, false)
			r.Mask(tt.secrets...)
			page := make([]string, 10_000)
			for i := range page {
				page[i] = fmt.Sprintf("%s id=%d", tt.line, i)
			}
			lines := 0
			for b.Loop() {
				r.Log("app", page...)
				lines += len(page)
			}
			b.ReportMetric(float64(lines)/b.Elapsed().Seconds(), "lines/s")
		})
	}
}

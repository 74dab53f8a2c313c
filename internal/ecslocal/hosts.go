package ecslocal

import (
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal/wire"
)

// CheckHost returns a handler that refuses requests whose Host header is the name of a domain:
// the browser of a web page could send them by DNS rebinding. It accepts IP addresses, localhost
// and names under it, names without a dot, host.docker.internal, and the given names; also with
// the prefix of StartLiveTail.
func CheckHost(h http.Handler, names ...string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if host := hostName(r.Host); !localName(host) && !slices.Contains(names, host) {
			wire.WriteError(w, wire.RefuseStatus(http.StatusForbidden, "AccessDeniedException",
				"the Host header "+host+" is not a name of this machine: use 127.0.0.1 or localhost"))
			return
		}
		h.ServeHTTP(w, r)
	})
}

func hostName(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.ToLower(strings.Trim(host, "[]"))
	return strings.TrimPrefix(strings.TrimPrefix(host, "stream-"), "streaming-")
}

func localName(host string) bool {
	if _, err := netip.ParseAddr(host); err == nil {
		return true
	}
	return host != "" && !strings.Contains(host, ".") || strings.HasSuffix(host, ".localhost") ||
		host == "host.docker.internal"
}

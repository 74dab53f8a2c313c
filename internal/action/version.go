package action

import (
	"cmp"
	"runtime"
	"runtime/debug"
)

// release is the version in the form v1.2.3. Only the linker sets it. A build from sources
// without their repository has no other version.
var release string

// version returns the version of the module, its commit if known, the version of Go, and the
// platform.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		info = &debug.BuildInfo{}
	}
	text := "ecs-run-task " + cmp.Or(release, info.Main.Version, "(unknown version)")
	for _, setting := range info.Settings {
		if setting.Key == "vcs.revision" {
			text += ", commit " + setting.Value
		}
	}
	return text + ", " + runtime.Version() + " " + runtime.GOOS + "/" + runtime.GOARCH
}

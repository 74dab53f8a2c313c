package action

import (
	"cmp"
	"runtime"
	"runtime/debug"
)

// release is the version that the linker was given, as v1.2.3: a build from
// sources without their repository knows no other. It never changes.
var release string

// version is the module's version, the commit that it was built from where the build knows
// it, and what it was built with and for.
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

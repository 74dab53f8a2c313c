package action

import (
	"cmp"
	"runtime/debug"
)

// release is the version that the linker was given, as v1.2.3: a build from
// sources without their repository knows no other. It never changes.
var release string

// version is the module's version, with the commit that it was built from where
// the build knows it.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "ecs-run-task " + cmp.Or(release, "(unknown version)")
	}
	text := "ecs-run-task " + cmp.Or(release, info.Main.Version)
	for _, setting := range info.Settings {
		if setting.Key == "vcs.revision" {
			text += " " + setting.Value
		}
	}
	return text
}

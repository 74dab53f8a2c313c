package action

import "runtime/debug"

// version is the module's version, with the commit that it was built from where
// the build knows it.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "ecs-run-task (unknown version)"
	}
	text := "ecs-run-task " + info.Main.Version
	for _, setting := range info.Settings {
		if setting.Key == "vcs.revision" {
			text += " " + setting.Value
		}
	}
	return text
}

package taskdef

import "github.com/ecs-run-task/ecs-run-task/internal/document"

// volumeKinds are the members of a volume that say what it is: one at most.
var volumeKinds = []string{
	"host", "dockerVolumeConfiguration", "efsVolumeConfiguration",
	"fsxWindowsFileServerVolumeConfiguration", "s3filesVolumeConfiguration",
}

func volumeName(t *task, tell telling) {
	for volume := range t.get("volumes").each() {
		if volume.node.Kind == document.Map {
			checkName(volume.get("name"), "a volume", tell)
		}
	}
}

func volumeNameDuplicate(t *task, tell telling) {
	duplicates(namesOf(t.get("volumes")), 0, "volume", tell)
}

func volumeKind(t *task, tell telling) {
	for volume := range t.get("volumes").each() {
		first := ""
		if volume.get("configuredAtLaunch").isTrue() {
			first = "configuredAtLaunch"
		}
		for _, key := range volumeKinds {
			o := volume.get(key)
			if !o.given() || key == "host" && len(o.node.Members) == 0 {
				continue
			}
			if first != "" {
				tell(o, "", "a volume is of one kind: %s excludes %s", first, key)
				break
			}
			first = key
		}
	}
}

func volumeAtLaunch(t *task, tell telling) {
	n := 0
	for volume := range t.get("volumes").each() {
		if o := volume.get("configuredAtLaunch"); o.isTrue() {
			if n++; n > 1 {
				tell(o, "", "a definition can have only one volume that is configured at launch")
			}
		}
	}
}

func volumeEFS(t *task, tell telling) {
	for volume := range t.get("volumes").each() {
		efs := volume.get("efsVolumeConfiguration")
		access := efs.get("authorizationConfig")
		point := access.get("accessPointId").text() != ""
		encryption := efs.get("transitEncryption")
		if root := efs.get("rootDirectory"); point && root.text() != "" && root.text() != "/" {
			tell(root, `"rootDirectory": "/"`, "with an access point the root directory must be left out or be /")
		}
		if (point || access.get("iam").text() == "ENABLED") && encryption.text() != "ENABLED" {
			tell(encryption, `"transitEncryption": "ENABLED"`, "with an access point or with iam the transit encryption must be ENABLED")
		}
		between(efs.get("transitEncryptionPort"), 0, maxPort, "", tell)
	}
}

func volumeDocker(t *task, tell telling) {
	for volume := range t.get("volumes").each() {
		docker := volume.get("dockerVolumeConfiguration")
		if o := docker.get("autoprovision"); o.isTrue() && docker.get("scope").text() != "shared" {
			tell(o, `"scope": "shared"`, "autoprovision is for volumes with the scope shared only")
		}
	}
}

func mountPoint(t *task, tell telling) {
	var names []string
	for volume := range t.get("volumes").each() {
		names = append(names, volume.get("name").text())
	}
	known := make(map[string]bool, len(names))
	for _, name := range names {
		known[name] = true
	}
	for _, c := range t.containers {
		for mount := range c.get("mountPoints").each() {
			if o := mount.get("sourceVolume"); o.text() != "" && !known[o.text()] {
				tell(o, "", "no volume is named %q%s", shorten(o.text()), didYouMeanOf(o.text(), names))
			}
		}
	}
}

func ephemeralStorage(t *task, tell telling) {
	between(t.get("ephemeralStorage").get("sizeInGiB"), 21, 200, " GiB", tell)
}

func placementCount(t *task, tell telling) {
	const most = 10
	if o := t.get("placementConstraints"); o.len() > most {
		tell(o, "", "%d placement constraints are more than the %d that a task can have", o.len(), most)
	}
}

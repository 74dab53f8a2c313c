package rules

import (
	"regexp"
	"strings"

	"github.com/ecs-run-task/ecs-run-task/internal/document"
)

// volumeKinds are the members of a volume that say what it is: one at most.
var volumeKinds = []string{
	"host", "dockerVolumeConfiguration", "efsVolumeConfiguration",
	"fsxWindowsFileServerVolumeConfiguration", "s3filesVolumeConfiguration",
}

func volumeName(t *task, report reportFunc) {
	for volume := range t.get("volumes").each() {
		if volume.node.Kind == document.Map {
			checkName(volume.get("name"), "a volume", report)
		}
	}
}

func volumeNameDuplicate(t *task, report reportFunc) {
	duplicates(t.get("volumes").names(), 0, "volume", report)
}

func volumeKind(t *task, report reportFunc) {
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
				report(o, "", "a volume is of one kind: %s excludes %s", first, key)
				break
			}
			first = key
		}
	}
}

func volumeAtLaunch(t *task, report reportFunc) {
	n := 0
	for volume := range t.get("volumes").each() {
		if o := volume.get("configuredAtLaunch"); o.isTrue() {
			if n++; n > 1 {
				report(o, "", "a definition can have only one volume that is configured at launch")
			}
		}
	}
}

func volumeEFS(t *task, report reportFunc) {
	for volume := range t.get("volumes").each() {
		efs := volume.get("efsVolumeConfiguration")
		access := efs.get("authorizationConfig")
		point := access.get("accessPointId").text() != ""
		encryption := efs.get("transitEncryption")
		if root := efs.get("rootDirectory"); point && root.text() != "" && root.text() != "/" {
			report(root, `"rootDirectory": "/"`, "with an access point the root directory must be left out or be /")
		}
		if (point || access.get("iam").text() == "ENABLED") && encryption.text() != "ENABLED" {
			report(encryption, `"transitEncryption": "ENABLED"`,
				"with an access point or with iam the transit encryption must be ENABLED")
		}
		between(efs.get("transitEncryptionPort"), 0, maxPort, "", report)
	}
}

// The ids of EFS. Those of old file systems are shorter.
//
// Source: EFS API reference, FileSystemDescription: FileSystemId, and
// AccessPointDescription: AccessPointId.
var (
	fileSystemID  = regexp.MustCompile(`^fs-[0-9a-f]+$`)
	accessPointID = regexp.MustCompile(`^fsap-[0-9a-f]+$`)
	idInText      = regexp.MustCompile(`fs(ap)?-[0-9a-f]+`)
)

// volumeEFSID reports a file system or an access point that is not given by its id, and a
// directory that is not absolute.
func volumeEFSID(t *task, report reportFunc) {
	for volume := range t.get("volumes").each() {
		efs := volume.get("efsVolumeConfiguration")
		for _, id := range []struct {
			o       value
			form    *regexp.Regexp
			what    string
			example string
		}{
			{efs.get("fileSystemId"), fileSystemID, "a file system", "fs-0123456789abcdef0"},
			{efs.get("authorizationConfig").get("accessPointId"), accessPointID, "an access point", "fsap-0123456789abcdef0"},
		} {
			if !id.o.given() || id.o.invalid() || id.form.MatchString(id.o.text()) {
				continue
			}
			right := id.example
			if found := idInText.FindString(id.o.text()); id.form.MatchString(found) {
				right = found
			}
			report(id.o, document.Quote(right), "expected the id of %s alone, found %q", id.what, document.Shorten(id.o.text()))
		}
		if root := efs.get("rootDirectory"); root.text() != "" && !strings.HasPrefix(root.text(), "/") {
			report(root, document.Quote("/"+root.text()), "expected an absolute path, found %q", document.Shorten(root.text()))
		}
	}
}

// volumeHost reports a path on the host that is not absolute. A name without
// a / is that of a volume of Docker; of any other text Docker says: "includes invalid
// characters for a local volume name ... use absolute path" (github.com/moby/moby,
// volume/local).
func volumeHost(t *task, report reportFunc) {
	for volume := range t.get("volumes").each() {
		o := volume.get("host").get("sourcePath")
		if o.text() != "" && strings.ContainsAny(o.text(), "/~") && !absolute.MatchString(o.text()) {
			report(o, `"sourcePath": "/srv/data"`, "expected an absolute path on the host, found %q", document.Shorten(o.text()))
		}
	}
}

func volumeDocker(t *task, report reportFunc) {
	for volume := range t.get("volumes").each() {
		docker := volume.get("dockerVolumeConfiguration")
		if o := docker.get("autoprovision"); o.isTrue() && docker.get("scope").text() != "shared" {
			report(o, `"scope": "shared"`, "autoprovision is for volumes with the scope shared only")
		}
	}
}

func ephemeralStorage(t *task, report reportFunc) {
	between(t.get("ephemeralStorage").get("sizeInGiB"), 21, 200, " GiB", report)
}

func placementCount(t *task, report reportFunc) {
	const most = 10
	if o := t.get("placementConstraints"); o.len() > most {
		report(o, "", "%d placement constraints are more than the %d that a task can have", o.len(), most)
	}
}

// placementForm reports constraints without a type or an expression.
func placementForm(t *task, report reportFunc) {
	for c := range t.get("placementConstraints").each() {
		for _, key := range []string{"type", "expression"} {
			if o := c.get(key); c.node.Kind == document.Map && !o.invalid() && o.text() == "" {
				report(o, `{ "type": "memberOf", "expression": "attribute:ecs.instance-type == t3.micro" }`,
					"missing: a placement constraint has the type memberOf and an expression")
			}
		}
	}
}

// emptyMember reports empty values of required members that no other rule checks.
func emptyMember(t *task, report reportFunc) {
	look := func(o value, keys ...string) {
		for _, key := range keys {
			if m := o.get(key); m.given() && !m.invalid() && m.text() == "" {
				report(m, "", "empty: %s must be given", key)
			}
		}
	}
	each := func(list value, keys ...string) {
		for o := range list.each() {
			look(o, keys...)
		}
	}
	look(t.get("proxyConfiguration"), "containerName")
	each(t.get("inferenceAccelerators"), "deviceName", "deviceType")
	for volume := range t.get("volumes").each() {
		windows := volume.get("fsxWindowsFileServerVolumeConfiguration")
		look(windows, "fileSystemId", "rootDirectory")
		look(windows.get("authorizationConfig"), "credentialsParameter", "domain")
		look(volume.get("s3filesVolumeConfiguration"), "fileSystemArn")
	}
	for _, c := range t.containers {
		each(c.get("extraHosts"), "hostname", "ipAddress")
		each(c.get("linuxParameters").get("devices"), "hostPath")
		each(c.get("linuxParameters").get("tmpfs"), "containerPath")
	}
}

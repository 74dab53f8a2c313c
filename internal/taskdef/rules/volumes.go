package rules

import (
	"strings"

	"github.com/ecs-run-task/ecs-run-task/internal/document"
	"github.com/ecs-run-task/ecs-run-task/internal/lazyregexp"
)

// volumeKinds are the members of a volume that say what it is: one at most.
var volumeKinds = []string{
	"host", "dockerVolumeConfiguration", "efsVolumeConfiguration",
	"fsxWindowsFileServerVolumeConfiguration", "s3filesVolumeConfiguration",
}

func volumeName(t *task, report reportFunc) {
	for volume := range t.Get("volumes").Each() {
		if volume.Node.Kind == document.Map {
			checkName(volume.Get("name"), "a volume", report)
		}
	}
}

func volumeNameDuplicate(t *task, report reportFunc) {
	duplicates(t.Get("volumes").Names(), 0, "volume", report)
}

func volumeKind(t *task, report reportFunc) {
	for volume := range t.Get("volumes").Each() {
		first := ""
		if volume.Get("configuredAtLaunch").IsTrue() {
			first = "configuredAtLaunch"
		}
		for _, key := range volumeKinds {
			o := volume.Get(key)
			if !o.Given() || key == "host" && len(o.Node.Members) == 0 {
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
	for volume := range t.Get("volumes").Each() {
		if o := volume.Get("configuredAtLaunch"); o.IsTrue() {
			if n++; n > 1 {
				report(o, "", "a definition can have only one volume that is configured at launch")
			}
		}
	}
}

func volumeEFS(t *task, report reportFunc) {
	for volume := range t.Get("volumes").Each() {
		efs := volume.Get("efsVolumeConfiguration")
		access := efs.Get("authorizationConfig")
		point := access.Get("accessPointId").Text() != ""
		encryption := efs.Get("transitEncryption")
		if root := efs.Get("rootDirectory"); point && root.Text() != "" && root.Text() != "/" {
			report(root, `"rootDirectory": "/"`, "with an access point the root directory must be left out or be /")
		}
		if (point || access.Get("iam").Text() == "ENABLED") && encryption.Text() != "ENABLED" {
			report(encryption, `"transitEncryption": "ENABLED"`,
				"with an access point or with iam the transit encryption must be ENABLED")
		}
		between(efs.Get("transitEncryptionPort"), 0, maxPort, "", report)
	}
}

// The ids of EFS. Those of old file systems are shorter.
//
// Source: EFS API reference, FileSystemDescription: FileSystemId, and
// AccessPointDescription: AccessPointId.
var (
	fileSystemID  = lazyregexp.New(`^fs-[0-9a-f]+$`)
	accessPointID = lazyregexp.New(`^fsap-[0-9a-f]+$`)
	idInText      = lazyregexp.New(`fs(ap)?-[0-9a-f]+`)
)

// volumeEFSID reports a file system or an access point that is not given by its id, and a
// directory that is not absolute.
func volumeEFSID(t *task, report reportFunc) {
	for volume := range t.Get("volumes").Each() {
		efs := volume.Get("efsVolumeConfiguration")
		for _, id := range []struct {
			o       value
			form    *lazyregexp.Regexp
			what    string
			example string
		}{
			{efs.Get("fileSystemId"), fileSystemID, "a file system", "fs-0123456789abcdef0"},
			{efs.Get("authorizationConfig").Get("accessPointId"), accessPointID, "an access point", "fsap-0123456789abcdef0"},
		} {
			if !id.o.Given() || id.o.Invalid() || id.form.MatchString(id.o.Text()) {
				continue
			}
			right := id.example
			if found := idInText.FindString(id.o.Text()); id.form.MatchString(found) {
				right = found
			}
			report(id.o, document.Quote(right), "expected the id of %s alone, found %q", id.what, document.Shorten(id.o.Text()))
		}
		if root := efs.Get("rootDirectory"); root.Text() != "" && !strings.HasPrefix(root.Text(), "/") {
			report(root, document.Quote("/"+root.Text()), "expected an absolute path, found %q", document.Shorten(root.Text()))
		}
	}
}

// volumeHost reports a path on the host that is not absolute. A name without
// a / is that of a volume of Docker; of any other text Docker says: "includes invalid
// characters for a local volume name ... use absolute path" (github.com/moby/moby,
// volume/local).
func volumeHost(t *task, report reportFunc) {
	for volume := range t.Get("volumes").Each() {
		o := volume.Get("host").Get("sourcePath")
		if o.Text() != "" && strings.ContainsAny(o.Text(), "/~") && !absolute.MatchString(o.Text()) {
			report(o, `"sourcePath": "/srv/data"`, "expected an absolute path on the host, found %q", document.Shorten(o.Text()))
		}
	}
}

func volumeDocker(t *task, report reportFunc) {
	for volume := range t.Get("volumes").Each() {
		docker := volume.Get("dockerVolumeConfiguration")
		if o := docker.Get("autoprovision"); o.IsTrue() && docker.Get("scope").Text() != "shared" {
			report(o, `"scope": "shared"`, "autoprovision is for volumes with the scope shared only")
		}
	}
}

func ephemeralStorage(t *task, report reportFunc) {
	between(t.Get("ephemeralStorage").Get("sizeInGiB"), 21, 200, " GiB", report)
}

func placementCount(t *task, report reportFunc) {
	const most = 10
	if o := t.Get("placementConstraints"); o.Len() > most {
		report(o, "", "%d placement constraints are more than the %d that a task can have", o.Len(), most)
	}
}

// placementForm reports constraints without a type or an expression.
func placementForm(t *task, report reportFunc) {
	for c := range t.Get("placementConstraints").Each() {
		for _, key := range []string{"type", "expression"} {
			if o := c.Get(key); c.Node.Kind == document.Map && !o.Invalid() && o.Text() == "" {
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
			if m := o.Get(key); m.Given() && !m.Invalid() && m.Text() == "" {
				report(m, "", "empty: %s must be given", key)
			}
		}
	}
	each := func(list value, keys ...string) {
		for o := range list.Each() {
			look(o, keys...)
		}
	}
	look(t.Get("proxyConfiguration"), "containerName")
	each(t.Get("inferenceAccelerators"), "deviceName", "deviceType")
	for volume := range t.Get("volumes").Each() {
		windows := volume.Get("fsxWindowsFileServerVolumeConfiguration")
		look(windows, "fileSystemId", "rootDirectory")
		look(windows.Get("authorizationConfig"), "credentialsParameter", "domain")
		look(volume.Get("s3filesVolumeConfiguration"), "fileSystemArn")
	}
	for _, c := range t.containers {
		each(c.Get("extraHosts"), "hostname", "ipAddress")
		each(c.Get("linuxParameters").Get("devices"), "hostPath")
		each(c.Get("linuxParameters").Get("tmpfs"), "containerPath")
	}
}

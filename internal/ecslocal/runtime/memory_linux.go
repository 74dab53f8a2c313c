package runtime

import (
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
)

// DropStartup releases memory that only the start of the program needed: freed heap, and the
// pages of its file, which are read again from the page cache where they are used. Of the 21 MiB
// of each of the two processes of [Supervise], 14 are such pages.
func DropStartup() {
	debug.FreeOSMemory()
	program, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return
	}
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		return
	}
	for line := range strings.Lines(string(maps)) {
		fields := strings.Fields(line)
		if len(fields) < 6 || fields[5] != program || fields[1] != "r-xp" &&
			(fields[1] != "r--p" || !fixedAddress(fields[0])) {
			continue // written pages must remain, also those that a linker wrote before they became read-only
		}
		from, to, _ := strings.Cut(fields[0], "-")
		start, err1 := strconv.ParseUint(from, 16, 64)
		end, err2 := strconv.ParseUint(to, 16, 64)
		if err1 == nil && err2 == nil {
			// a failure does no harm
			syscall.Syscall(syscall.SYS_MADVISE, uintptr(start), uintptr(end-start), syscall.MADV_DONTNEED)
		}
	}
}

// fixedAddress reports whether a mapping is at the address of the program's file, so that no
// linker has changed it.
func fixedAddress(mapping string) bool { return len(mapping) <= len("01000000-02000000") }

package objects

import "strconv"

// FirstBytes is a writer that stores the first bytes that are written to it.
type FirstBytes struct {
	Limit int
	Bytes []byte
}

func (f *FirstBytes) Write(b []byte) (int, error) {
	f.Bytes = append(f.Bytes, b[:min(len(b), f.Limit-len(f.Bytes))]...)
	return len(b), nil
}

// ByteCount returns a number of bytes with a unit: 512 B, 1 MiB, 2.5 MiB.
func ByteCount(n int64) string {
	units := []string{"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"}
	value, unit := float64(n), 0
	for value >= 1024 && unit < len(units)-1 {
		value /= 1024
		unit++
	}
	precision := 1
	if value == float64(int64(value)) {
		precision = 0
	}
	return strconv.FormatFloat(value, 'f', precision, 64) + " " + units[unit]
}

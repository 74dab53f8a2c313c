package document

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
)

// maxFindings is the limit for faults, and for warnings, in one report.
const maxFindings = 100

// Findings collects the faults and warnings of a document, up to 100 of each. The
// zero value is ready to use.
type Findings struct {
	Faults   []*Error
	Warnings []Warning

	moreFaults, moreWarnings bool // there were more than are reported
}

// FaultsFull reports whether the limit of faults is reached. A caller that has
// one more fault calls it before doing work that only a recorded fault needs; the
// report then says that there may be more.
func (f *Findings) FaultsFull() bool {
	f.moreFaults = f.moreFaults || len(f.Faults) >= maxFindings
	return f.moreFaults
}

// WarningsFull is FaultsFull for warnings.
func (f *Findings) WarningsFull() bool {
	f.moreWarnings = f.moreWarnings || len(f.Warnings) >= maxFindings
	return f.moreWarnings
}

// Fault records a fault. The hint may be empty.
func (f *Findings) Fault(at Place, path, code, hint, format string, args ...any) {
	if !f.FaultsFull() {
		f.Faults = append(f.Faults, &Error{
			Place: at, Path: path, Code: code, Hint: hint, Message: fmt.Sprintf(format, args...)})
	}
}

// Warn records a warning. The hint may be empty.
func (f *Findings) Warn(at Place, path, code, hint, format string, args ...any) {
	f.warning(at, path, code, hint, false, fmt.Sprintf(format, args...))
}

// Notice records a harmless correction, such as an ignored member.
func (f *Findings) Notice(at Place, path, code, format string, args ...any) {
	f.warning(at, path, code, "", true, fmt.Sprintf(format, args...))
}

func (f *Findings) warning(at Place, path, code, hint string, notice bool, message string) {
	if !f.WarningsFull() {
		f.Warnings = append(f.Warnings, Warning{
			Notice: notice, Error: Error{Place: at, Path: path, Code: code, Hint: hint, Message: message}})
	}
}

// Sort sorts the findings by their places. If there were more than 100, it adds
// one that says so.
func (f *Findings) Sort() {
	place := func(a, b Place) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	}
	slices.SortStableFunc(f.Faults, func(a, b *Error) int { return place(a.Place, b.Place) })
	slices.SortStableFunc(f.Warnings, func(a, b Warning) int { return place(a.Place, b.Place) })
	const more = "there may be more: only the first 100 are reported"
	if f.moreFaults {
		f.Faults = append(f.Faults, &Error{Place: f.Faults[maxFindings-1].Place, Code: "more", Message: more})
	}
	if f.moreWarnings {
		last := f.Warnings[maxFindings-1].Place
		f.Warnings = append(f.Warnings, Warning{Error: Error{Place: last, Code: "more", Message: more}})
	}
}

// Err joins the faults. It returns nil if there are none.
func (f *Findings) Err() error {
	errs := make([]error, len(f.Faults))
	for i, fault := range f.Faults {
		errs[i] = fault
	}
	return errors.Join(errs...)
}

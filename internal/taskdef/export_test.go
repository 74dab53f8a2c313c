package taskdef

// RuleCodes returns the codes of all rules.
func RuleCodes() []string {
	var codes []string
	for _, r := range rules {
		codes = append(codes, r.code)
	}
	return codes
}

"""Prints a JUnit report, a line for each suite and each case, as Python reads it."""

import sys
import xml.etree.ElementTree as ET

root = ET.parse(sys.argv[1]).getroot()
counts = {"error": 0, "failure": 0, "skipped": 0}
cases = root.findall("./testsuite/testcase")
for suite in root.findall("./testsuite"):
    print(suite.get("name"), "tests=" + suite.get("tests"), "time=" + suite.get("time"))
    own = {kind: len(suite.findall("./testcase/" + kind)) for kind in counts}
    for kind, name in ("error", "errors"), ("failure", "failures"), ("skipped", "skipped"):
        if own[kind] != int(suite.get(name)):
            sys.exit(f"{suite.get('name')}: {name}={suite.get(name)}, and {own[kind]} are there")
        counts[kind] += own[kind]
    if len(suite.findall("./testcase")) != int(suite.get("tests")):
        sys.exit(f"{suite.get('name')}: tests={suite.get('tests')} is wrong")
    for case in suite.findall("./testcase"):
        outcome = "passed"
        for kind in counts:
            for fault in case.findall(kind):
                outcome = " ".join(filter(None, (kind, fault.get("type")))) + ": " + fault.get("message")
        print("  " + case.get("classname") + " " + case.get("name"), case.get("time") + "s", outcome)
for kind, name in ("error", "errors"), ("failure", "failures"):
    if counts[kind] != int(root.get(name)):
        sys.exit(f"{name}={root.get(name)}, and {counts[kind]} are there")
if len(cases) != int(root.get("tests")):
    sys.exit(f"tests={root.get('tests')}, and {len(cases)} are there")
print("red" if counts["error"] + counts["failure"] else "green")

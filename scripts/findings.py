"""Compares the findings of a run with a list of expected findings.

usage: findings.py REPORT.json EXPECTED

The list has groups of case ids, one per line; `Operation/check-id/*` stands for every variant of a check. The reason for a
group precedes it, in lines that begin with "# ". Exit codes: 0 the findings at level must are exactly the expected ones;
1 they differ; 2 the list cannot be read.
"""

import json
import sys


def main(report_file, expected_file):
    with open(report_file, encoding="utf-8") as file:
        report = json.load(file)
    found = {finding["case"] for finding in report["findings"] if finding["level"] == "must"}
    groups = read(expected_file)
    expected = {pattern for group in groups for pattern in group["patterns"]}

    new = sorted(case for case in found if not any(admits(pattern, case) for pattern in expected))
    gone = sorted(pattern for pattern in expected if not any(admits(pattern, case) for case in found))
    for case in new:
        finding = next(finding for finding in report["findings"] if finding["case"] == case)
        print(f"NEW   {case}: expected {finding['expected']}; actual {finding['actual'][:200]!r}")
    for pattern in gone:
        print(f"GONE  {pattern}")
    if new or gone:
        print(f"{len(new)} findings are not in {expected_file}, and {len(gone)} of its lines were not found. "
              f"If the endpoint or the checks changed and the findings are correct, update the file; else fix the check.")
        return 1
    print(f"the {len(found)} findings are those in {expected_file}, with {len(groups)} reasons")
    return 0


def admits(pattern, case):
    """True if the pattern is the case, or ends with `/*` and is a prefix of it."""
    return case.startswith(pattern[:-1]) if pattern.endswith("/*") else case == pattern


def read(name):
    """Returns the groups of the list, each with its reason and patterns."""
    groups = [{"reason": "", "patterns": []}]
    with open(name, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            line = line.rstrip("\n")
            if line.startswith("#"):
                if groups[-1]["patterns"]:
                    groups.append({"reason": "", "patterns": []})
                groups[-1]["reason"] += line[1:].strip() + " "
            elif line:
                if not groups[-1]["reason"]:
                    refuse(f"{name}:{number}: {line} has no reason; add one above it, in lines that begin with #")
                if any(line in group["patterns"] for group in groups):
                    refuse(f"{name}:{number}: {line} is a duplicate")
                groups[-1]["patterns"].append(line)
            elif groups[-1]["reason"] and not groups[-1]["patterns"]:
                groups[-1]["reason"] = ""  # A comment without a group is about the whole file.
            elif groups[-1]["patterns"]:
                groups.append({"reason": "", "patterns": []})
    return [group for group in groups if group["patterns"]]


def refuse(why):
    """Ends the program with exit code 2."""
    print(why, file=sys.stderr)
    sys.exit(2)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        refuse(__doc__)
    sys.exit(main(*sys.argv[1:]))

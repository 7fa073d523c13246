"""Holds the findings of a run to a list of expected ones.

usage: findings.py REPORT.json EXPECTED

The list has groups of cases, one id to a line; `Operation/check-id/*` means every variant of a check. Above each group
stands the reason, in lines that begin with "# ". Exit 0 when every finding at level must is expected and every expected
one was found, else 1; 2 when the list cannot be read.
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
              f"If the endpoint or the checks changed and each is true, change the file; else mend the check.")
        return 1
    print(f"the {len(found)} cases with findings are those of {expected_file}, for {len(groups)} reasons")
    return 0


def admits(pattern, case):
    """A pattern stands for itself, or with `/*` at its end for everything below."""
    return case.startswith(pattern[:-1]) if pattern.endswith("/*") else case == pattern


def read(name):
    """Groups of the list, each with its reason and patterns."""
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
                    refuse(f"{name}:{number}: {line} has no reason above it; write one in lines that begin with #")
                if any(line in group["patterns"] for group in groups):
                    refuse(f"{name}:{number}: {line} is there already")
                groups[-1]["patterns"].append(line)
            elif groups[-1]["reason"] and not groups[-1]["patterns"]:
                groups[-1]["reason"] = ""  # A comment that stands alone speaks of the file.
            elif groups[-1]["patterns"]:
                groups.append({"reason": "", "patterns": []})
    return [group for group in groups if group["patterns"]]


def refuse(why):
    """Ends with the exit code of wrong usage."""
    print(why, file=sys.stderr)
    sys.exit(2)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        refuse(__doc__)
    sys.exit(main(*sys.argv[1:]))

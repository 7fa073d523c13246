"""Validates the examples in this folder and runs their commands. usage: try.py ENDPOINT FOLDER"""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import urllib.request

import botocore.session
import botocore.validate
import kubernetes_validate
import yaml

HERE = pathlib.Path(__file__).parent
FILTER = "ContactFlow/"


def run(command, variables, **more):
    environment = {**os.environ, **variables, **more}
    done = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{command} ended with exit code {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def outcomes(folder):
    report = json.loads((folder / "report.json").read_text())
    assert report["totals"]["planned"] == report["totals"]["executed"] > 0, report["totals"]
    return {case["case"]: case["outcome"] for case in report["cases"]}


def compare(name, folder, alone):
    whole = outcomes(folder / "whole")
    differs = {case for case in alone.keys() | whole.keys() if alone.get(case) != whole.get(case)}
    if differs:
        sys.exit(f"{name}: {len(differs)} cases differ from the run on one machine, e.g. {sorted(differs)[:3]}")
    print(f"{name}: {len(whole)} cases in three shards, with the outcomes of one machine")


def kubernetes(variables):
    parts, whole = yaml.safe_load_all((HERE / "kubernetes.yaml").read_text())
    for job in parts, whole:
        kubernetes_validate.validate(job, "1.30", strict=True)
    for job, indexes in (parts, range(parts["spec"]["completions"])), (whole, [None]):
        (container,) = job["spec"]["template"]["spec"]["containers"]
        given = {row["name"]: row["value"] for row in container["env"]}
        given |= {name: value for name, value in variables.items() if name in given}
        for index in indexes:
            engine = {} if index is None else {"JOB_COMPLETION_INDEX": str(index)}
            run(container["command"] + container["args"], given, **engine)


def aws_batch(variables):
    example = json.loads((HERE / "aws-batch.json").read_text())
    model = botocore.session.get_session().get_service_model("batch")
    for part, operation in ("definition", "RegisterJobDefinition"), ("parts", "SubmitJob"), ("whole", "SubmitJob"):
        shape = model.operation_model(operation).input_shape
        report = botocore.validate.ParamValidator().validate(example[part], shape)
        assert not report.has_errors(), report.generate_report()
    given = {row["name"]: row["value"] for row in example["definition"]["containerProperties"]["environment"]}
    given |= {name: value for name, value in variables.items() if name in given}
    for index in range(example["parts"]["arrayProperties"]["size"]):
        run(example["parts"]["containerOverrides"]["command"], given, AWS_BATCH_JOB_ARRAY_INDEX=str(index))
    run(example["whole"]["containerOverrides"]["command"], given)


def main():
    endpoint, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    shutil.rmtree(folder, ignore_errors=True)
    with urllib.request.urlopen(f"{endpoint}/instance") as answer:
        instance = json.load(answer)["InstanceSummaryList"][0]["Id"]
    # The examples limit the rate for a real account; the emulator needs no limit.
    variables = {"ENDPOINT": endpoint, "INSTANCE": instance, "FILTER": FILTER, "RPS": "10000"}
    alone = folder / "alone"
    run(["connect-conformance", "run", FILTER, "--endpoint", endpoint, "--instance-id", instance, "--seed", "7",
         "--report-dir", str(alone)], {})
    for name, engine in ("Kubernetes", kubernetes), ("AWS Batch", aws_batch):
        reports = folder / name.split()[0].lower()
        reports.mkdir(parents=True)
        engine(variables | {"REPORTS": str(reports)})
        compare(name, reports, outcomes(alone))


main()

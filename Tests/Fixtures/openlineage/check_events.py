"""Holds events of OpenLineage, one a line, against the specification and its Python client.

usage: check_events.py FILE

Each event meets the schema of the specification, and each facet the schema that it names. Each is
read into the client's own classes, which write the same again. Each run has one START and, after
it, one end, and both are alike. Prints what there was, as JSON.
"""

import json
import pathlib
import sys
from collections import Counter, defaultdict

import jsonschema
from openlineage.client import event_v2
from openlineage.client.generated import (
    base_subset_dataset,
    error_message_run,
    execution_parameters_run,
    input_statistics_input_dataset,
    job_type_job,
    output_statistics_output_dataset,
    parent_run,
    processing_engine_run,
)
from openlineage.client.serde import Serde
from referencing import Registry, Resource

FOLDER = pathlib.Path(__file__).parent
ENDS = {"COMPLETE", "FAIL", "ABORT"}
# The schema has these as words of a description alone.
COMPARISONS = {
    "EQUAL", "GREATER_THAN", "GREATER_EQUAL_THAN", "LESS_THAN", "LESS_EQUAL_THAN",
}


def registry():
    files = [FOLDER / "OpenLineage.json", *sorted((FOLDER / "facets").glob("*.json"))]
    documents = [json.loads(file.read_text()) for file in files]
    for document in documents:
        jsonschema.Draft202012Validator.check_schema(document)
    return Registry().with_resources(
        (document["$id"], Resource.from_contents(document)) for document in documents
    )


KNOWN = registry()


def check(url, value):
    jsonschema.Draft202012Validator(
        {"$ref": url},
        registry=KNOWN,
        format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER,
    ).validate(value)


def bare(facet):
    return {key: value for key, value in facet.items() if key not in ("_producer", "_schemaURL")}


def condition(value):
    if value["type"] == "binary":
        assert value["operator"] in ("AND", "OR"), value
        return base_subset_dataset.BinarySubsetCondition(
            left=condition(value["left"]),
            right=condition(value["right"]),
            operator=value["operator"],
        )
    assert value["type"] == "compare" and value["comparison"] in COMPARISONS, value
    return base_subset_dataset.CompareSubsetCondition(
        left=base_subset_dataset.FieldBaseCompareExpression(field=value["left"]["field"]),
        right=base_subset_dataset.LiteralCompareExpression(value=value["right"]["value"]),
        comparison=value["comparison"],
    )


def pair(value, run, job):
    return {"run": run(**value["run"]), "job": job(**value["job"])}


def parent(value):
    root = value.get("root")
    return parent_run.ParentRunFacet(
        **pair(value, parent_run.Run, parent_run.Job),
        root=root and parent_run.Root(**pair(root, parent_run.RootRun, parent_run.RootJob)),
    )


def parameters(value):
    made = [execution_parameters_run.ExecutionParameter(**each) for each in value["parameters"]]
    return execution_parameters_run.ExecutionParametersRunFacet(parameters=made)


FACETS = {
    "parent": parent,
    "processing_engine": lambda v: processing_engine_run.ProcessingEngineRunFacet(**v),
    "executionParameters": parameters,
    "errorMessage": lambda v: error_message_run.ErrorMessageRunFacet(**v),
    "jobType": lambda v: job_type_job.JobTypeJobFacet(**v),
    "subset": lambda v: base_subset_dataset.InputSubsetInputDatasetFacet(
        inputCondition=condition(v["inputCondition"])
    ),
    "inputStatistics": lambda v: input_statistics_input_dataset.InputStatisticsInputDatasetFacet(
        **v
    ),
    "outputStatistics": lambda v: (
        output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet(**v)
    ),
}


def facets(values):
    for value in values.values():
        check(value["_schemaURL"].removesuffix("#"), value)
    return {name: FACETS[name](bare(value)) for name, value in values.items()}


def read(event):
    """The event as an object of the client's classes."""
    run, job = event["run"], event["job"]
    return event_v2.RunEvent(
        eventTime=event["eventTime"],
        eventType=event_v2.RunState(event["eventType"]),
        producer=event["producer"],
        run=event_v2.Run(runId=run["runId"], facets=facets(run["facets"])),
        job=event_v2.Job(job["namespace"], job["name"], facets=facets(job["facets"])),
        inputs=[
            event_v2.InputDataset(
                d["namespace"], d["name"], inputFacets=facets(d.get("inputFacets", {}))
            )
            for d in event["inputs"]
        ],
        outputs=[
            event_v2.OutputDataset(
                d["namespace"], d["name"], outputFacets=facets(d.get("outputFacets", {}))
            )
            for d in event["outputs"]
        ],
    )


def plain(value):
    """The value without what is empty: the client writes some of that."""
    if isinstance(value, dict):
        members = {key: plain(member) for key, member in value.items()}
        return {key: member for key, member in members.items() if member not in (None, {}, [])}
    return [plain(member) for member in value] if isinstance(value, list) else value


def main():
    runs = defaultdict(list)
    with open(sys.argv[1], encoding="utf-8") as file:
        events = [json.loads(line) for line in file]
    for event in events:
        check(event["schemaURL"], event)
        event_v2.set_producer(event["producer"])
        again = Serde.to_dict(read(event))
        assert plain(again) == plain(event), (plain(again), plain(event))
        runs[event["run"]["runId"]].append(event)
    for run, own in runs.items():
        types = [event["eventType"] for event in own]
        assert len(own) == 2 and types[0] == "START" and types[1] in ENDS, (run, types)
        start, end = own
        assert start["job"] == end["job"] and start["inputs"] == end["inputs"], run
        assert start["run"]["facets"]["parent"] == end["run"]["facets"]["parent"], run
        assert start["eventTime"] <= end["eventTime"], run
        names = [[(d["namespace"], d["name"]) for d in event["outputs"]] for event in own]
        assert names[0] == names[1], run
    types = Counter(event["eventType"] for event in events)
    print(json.dumps({"runs": len(runs), "types": types}, sort_keys=True))


main()

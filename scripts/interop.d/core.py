"""Calls the core operations on the emulator through boto3, as a user would. Independent of the wire format."""

import datetime
import json
import uuid

import boto3
import botocore.config

RUN = uuid.uuid4().hex[:8]
"""Part of every name, since several runs may share an emulator."""

FLOW = json.dumps({"Version": "2019-10-30", "StartAction": "end", "Metadata": {}, "Actions": [
    {"Identifier": "end", "Type": "DisconnectParticipant", "Parameters": {}, "Transitions": {}}]})
MODULE = FLOW.replace("DisconnectParticipant", "EndFlowModuleExecution")
FUNCTION = json.dumps({"Version": "2022-11-25", "RuleFunction": {"Operator": "AND", "Operands": []}})
RULE = {
    "TriggerEventSource": {"EventSourceName": "OnPostCallAnalysisAvailable"},
    "Function": FUNCTION,
    "Actions": [{"ActionType": "ASSIGN_CONTACT_CATEGORY", "AssignContactCategoryAction": {}}],
    "PublishStatus": "DRAFT",
}


def name(kind):
    """Returns an unused name."""
    return f"interop-{RUN}-{kind}-{uuid.uuid4().hex[:8]}"


def pages(client, operation, **arguments):
    """Returns every page, with two items per page."""
    return list(client.get_paginator(operation).paginate(PaginationConfig={"PageSize": 2}, **arguments))


def same(key, text):
    """Returns a search condition: the attribute equals the text."""
    return {"StringCondition": {"FieldName": key, "Value": text, "ComparisonType": "EXACT"}}


def fresh(client):
    """Creates an instance, so that counts are exact."""
    return client.create_instance(
        IdentityManagementType="CONNECT_MANAGED", InboundCallsEnabled=True, OutboundCallsEnabled=False)


def recent(moment):
    """True if the timestamp is less than five minutes old."""
    now = datetime.datetime.now(datetime.timezone.utc)
    return abs(now - moment) < datetime.timedelta(minutes=5)


def instances(check, client):
    errors = client.exceptions
    alias = f"interop{RUN}"
    asked = {"IdentityManagementType": "CONNECT_MANAGED", "InboundCallsEnabled": True, "OutboundCallsEnabled": False,
             "InstanceAlias": alias, "ClientToken": name("token"), "Tags": {"team": "interop"}}
    made = client.create_instance(**asked)
    check.that(made["Arn"].endswith(f":instance/{made['Id']}"), "CreateInstance: the ARN ends with the id", made)
    check.equal(client.create_instance(**asked)["Id"], made["Id"], "CreateInstance: same ClientToken, same id")
    for reference in (made["Id"], made["Arn"]):
        shown = client.describe_instance(InstanceId=reference)["Instance"]
        check.equal(shown["Id"], made["Id"], f"DescribeInstance by {reference}")
    check.equal((shown["InstanceAlias"], shown["InboundCallsEnabled"], shown["OutboundCallsEnabled"], shown["Tags"]),
                (alias, True, False, {"team": "interop"}), "DescribeInstance: the created values")
    check.that(recent(shown["CreatedTime"]), "DescribeInstance: CreatedTime is recent", shown["CreatedTime"])
    for _ in range(3):
        fresh(client)
    listed = pages(client, "list_instances")
    ids = [item["Id"] for page in listed for item in page["InstanceSummaryList"]]
    check.that(len(listed) > 1 and all(len(page["InstanceSummaryList"]) <= 2 for page in listed),
               "ListInstances: several pages, none longer than requested", [len(p["InstanceSummaryList"]) for p in listed])
    check.that(made["Id"] in ids and len(ids) == len(set(ids)), "ListInstances: contains the new instance, and no duplicates", ids)
    check.raises(errors.InvalidRequestException, lambda: client.create_instance(**{**asked, "ClientToken": name("other")}),
                 "CreateInstance: an alias in use")
    client.delete_instance(InstanceId=made["Id"])
    check.raises(errors.ResourceNotFoundException, lambda: client.describe_instance(InstanceId=made["Id"]),
                 "DescribeInstance after delete")
    check.raises(errors.ResourceNotFoundException, lambda: client.delete_instance(InstanceId=made["Id"]),
                 "DeleteInstance twice, with different tokens")


def rules(check, client):
    errors = client.exceptions
    home = fresh(client)
    instance = {"InstanceId": home["Id"]}
    asked = {**instance, **RULE, "Name": name("rule"), "ClientToken": name("token"), "Tags": {"a": "1"}}
    made = client.create_rule(**asked)
    check.equal(client.create_rule(**asked)["RuleId"], made["RuleId"], "CreateRule: same ClientToken, same id")
    check.equal(made["RuleArn"], f"{home['Arn']}/rule/{made['RuleId']}", "CreateRule: the ARN")
    for place in (home["Id"], home["Arn"]):
        for reference in (made["RuleId"], made["RuleArn"]):
            shown = client.describe_rule(InstanceId=place, RuleId=reference)["Rule"]
            check.equal(shown["RuleId"], made["RuleId"], f"DescribeRule of {reference} in {place}")
    check.equal({key: shown[key] for key in RULE}, RULE, "DescribeRule: the created values")
    check.equal(shown["Tags"], {"a": "1"}, "DescribeRule: tags")
    check.that(recent(shown["CreatedTime"]) and recent(shown["LastUpdatedTime"]), "DescribeRule: the times are recent", shown)

    renamed = name("rule")
    client.update_rule(**instance, RuleId=made["RuleId"], Name=renamed, Function=FUNCTION, Actions=RULE["Actions"],
                       PublishStatus="PUBLISHED")
    shown = client.describe_rule(**instance, RuleId=made["RuleId"])["Rule"]
    check.equal((shown["Name"], shown["PublishStatus"]), (renamed, "PUBLISHED"), "UpdateRule is visible")

    ids = {made["RuleId"]} | {client.create_rule(**instance, **RULE, Name=name("rule"))["RuleId"] for _ in range(4)}
    listed = pages(client, "list_rules", **instance)
    check.equal([len(page["RuleSummaryList"]) for page in listed], [2, 2, 1], "ListRules: five rules in pages of two")
    check.equal({rule["RuleId"] for page in listed for rule in page["RuleSummaryList"]}, ids, "ListRules: all of them")
    drafts = client.list_rules(**instance, PublishStatus="DRAFT")["RuleSummaryList"]
    check.equal(len(drafts), 4, "ListRules: PublishStatus filters")
    found = pages(client, "search_rules", **instance)
    check.equal({rule["RuleId"] for page in found for rule in page["Rules"]}, ids, "SearchRules without criteria: all")
    found = client.search_rules(**instance, SearchCriteria=same("Name", renamed))
    check.equal([rule["RuleId"] for rule in found["Rules"]], [made["RuleId"]], "SearchRules by exact name")
    check.equal(found["ApproximateTotalCount"], 1, "SearchRules: total count")

    check.raises(errors.ResourceConflictException, lambda: client.create_rule(**instance, **RULE, Name=renamed),
                 "CreateRule: a name in use")
    check.raises(errors.ResourceConflictException, lambda: client.create_rule(**{**asked, "Name": name("rule")}),
                 "CreateRule: the same token with another body")
    for fault, change in {"a space in the name": {"Name": "no good"}, "a name of 201 characters": {"Name": "n" * 201},
                          "an unknown enum value": {"PublishStatus": "PERHAPS"},
                          "a function that is not JSON": {"Function": "{"}}.items():
        said = check.raises(errors.InvalidRequestException,
                            lambda change=change: client.create_rule(**{**instance, **RULE, "Name": name("rule"), **change}),
                            f"CreateRule: {fault}")
        check.that(said.get("Error", {}).get("Message"), f"CreateRule: {fault}: the error has a message", said)
    check.raises(errors.InvalidRequestException, lambda: client.list_rules(**instance, NextToken="no-token-of-yours"),
                 "ListRules: an unknown token")
    client.delete_rule(**instance, RuleId=made["RuleId"])
    for call in (client.describe_rule, client.delete_rule):
        check.raises(errors.ResourceNotFoundException, lambda call=call: call(**instance, RuleId=made["RuleId"]),
                     f"{call.__name__} after delete")
    check.raises(errors.ResourceNotFoundException, lambda: client.list_rules(InstanceId=str(uuid.uuid4())),
                 "ListRules of an unknown instance")


def flows(check, client):
    errors = client.exceptions
    home = fresh(client)
    instance = {"InstanceId": home["Id"]}
    asked = {**instance, "Name": name("flow"), "Type": "CONTACT_FLOW", "Content": FLOW, "Tags": {"a": "1"}}
    made = client.create_contact_flow(**asked)
    flow = made["ContactFlowId"]
    check.equal(made["ContactFlowArn"], f"{home['Arn']}/contact-flow/{flow}", "CreateContactFlow: the ARN")
    for place in (home["Id"], home["Arn"]):
        for reference in (flow, made["ContactFlowArn"], f"{flow}:$SAVED", f"{made['ContactFlowArn']}:$SAVED"):
            shown = client.describe_contact_flow(InstanceId=place, ContactFlowId=reference)["ContactFlow"]
            check.equal((shown["Id"], json.loads(shown["Content"])), (flow, json.loads(FLOW)),
                        f"DescribeContactFlow of {reference} in {place}")
    shown = client.describe_contact_flow(**instance, ContactFlowId=flow)["ContactFlow"]
    check.equal((shown["Name"], shown["Type"], shown["State"], shown["Status"], shown["Tags"]),
                (asked["Name"], "CONTACT_FLOW", "ACTIVE", "PUBLISHED", {"a": "1"}), "DescribeContactFlow: the created values")
    check.equal(shown["FlowContentSha256"], made["FlowContentSha256"], "DescribeContactFlow: the digest from creation")
    check.that(recent(shown["LastModifiedTime"]), "DescribeContactFlow: LastModifiedTime is recent", shown["LastModifiedTime"])

    draft = client.create_contact_flow(**{**asked, "Name": name("draft"), "Status": "SAVED", "Content": "not yet"})
    draft_id = draft["ContactFlowId"]
    check.raises(errors.ContactFlowNotPublishedException,
                 lambda: client.describe_contact_flow(**instance, ContactFlowId=draft_id),
                 "DescribeContactFlow of an unpublished flow")
    shown = client.describe_contact_flow(**instance, ContactFlowId=f"{draft_id}:$SAVED")["ContactFlow"]
    check.equal((shown["Content"], shown["Status"]), ("not yet", "SAVED"), "DescribeContactFlow of $SAVED: the draft")
    client.update_contact_flow_content(**instance, ContactFlowId=draft_id, Content=FLOW)
    shown = client.describe_contact_flow(**instance, ContactFlowId=draft_id)["ContactFlow"]
    check.equal(shown["Content"], FLOW, "UpdateContactFlowContent publishes")

    renamed = name("flow")
    client.update_contact_flow_name(**instance, ContactFlowId=flow, Name=renamed, Description="über / alles")
    client.update_contact_flow_metadata(**instance, ContactFlowId=flow, ContactFlowState="ARCHIVED")
    shown = client.describe_contact_flow(**instance, ContactFlowId=flow)["ContactFlow"]
    check.equal((shown["Name"], shown["Description"], shown["State"]), (renamed, "über / alles", "ARCHIVED"),
                "UpdateContactFlowName and -Metadata are visible")
    version = client.create_contact_flow_version(**instance, ContactFlowId=flow, Description="first")
    listed = pages(client, "list_contact_flow_versions", **instance, ContactFlowId=flow)
    check.equal([item["Version"] for page in listed for item in page["ContactFlowVersionSummaryList"]],
                [version["Version"]], "ListContactFlowVersions: the created version")

    for kind in ("CUSTOMER_QUEUE", "AGENT_HOLD", "CONTACT_FLOW"):
        client.create_contact_flow(**{**asked, "Name": name("flow"), "Type": kind})
    listed = pages(client, "list_contact_flows", **instance)
    check.equal([len(page["ContactFlowSummaryList"]) for page in listed], [2, 2, 1], "ListContactFlows: five in pages of two")
    some = client.list_contact_flows(**instance, ContactFlowTypes=["CUSTOMER_QUEUE", "AGENT_HOLD"])
    check.equal(sorted(item["ContactFlowType"] for item in some["ContactFlowSummaryList"]),
                ["AGENT_HOLD", "CUSTOMER_QUEUE"], "ListContactFlows: two types in the query")
    found = pages(client, "search_contact_flows", **instance)
    check.equal(sum(len(page["ContactFlows"]) for page in found), 5, "SearchContactFlows without criteria: all")
    both = {"OrConditions": [same("name", renamed), {"TypeCondition": "AGENT_HOLD"}]}
    found = client.search_contact_flows(**instance, SearchCriteria=both)
    check.equal((len(found["ContactFlows"]), found["ApproximateTotalCount"]), (2, 2), "SearchContactFlows: OrConditions")
    found = client.search_contact_flows(**instance, SearchCriteria={"AndConditions": both["OrConditions"]})
    check.equal(found["ContactFlows"], [], "SearchContactFlows: AndConditions")

    check.raises(errors.DuplicateResourceException, lambda: client.create_contact_flow(**{**asked, "Name": renamed}),
                 "CreateContactFlow: a name in use")
    broken = {**asked, "Name": name("flow"), "Content": "{"}
    for what, call in {
        "CreateContactFlow": lambda: client.create_contact_flow(**broken),
        "UpdateContactFlowContent": lambda: client.update_contact_flow_content(
            **instance, ContactFlowId=flow, Content="{"),
    }.items():
        said = check.raises(errors.InvalidContactFlowException, call, f"{what}: content that is not JSON")
        problems = said.get("problems", [])
        check.that(problems and all(problem["message"] for problem in problems), f"{what}: problems", said)
    check.raises(errors.InvalidRequestException, lambda: client.create_contact_flow(**{**asked, "Type": "FLOW"}),
                 "CreateContactFlow: an unknown type")
    check.raises(errors.InvalidRequestException, lambda: client.list_contact_flows(**instance, MaxResults=1001),
                 "ListContactFlows: 1001 per page")
    client.delete_contact_flow(**instance, ContactFlowId=made["ContactFlowArn"])
    for call in (client.describe_contact_flow, client.delete_contact_flow):
        check.raises(errors.ResourceNotFoundException, lambda call=call: call(**instance, ContactFlowId=flow),
                     f"{call.__name__} after delete")


def modules(check, client):
    errors = client.exceptions
    home = fresh(client)
    instance = {"InstanceId": home["Id"]}
    asked = {**instance, "Name": name("module"), "Content": MODULE, "Description": "first", "ClientToken": name("token")}
    made = client.create_contact_flow_module(**asked)
    module = made["Id"]
    check.equal(client.create_contact_flow_module(**asked)["Id"], module, "CreateContactFlowModule: same token, same id")
    check.equal(made["Arn"], f"{home['Arn']}/flow-module/{module}", "CreateContactFlowModule: the ARN")
    for reference in (module, made["Arn"], f"{module}:$SAVED"):
        shown = client.describe_contact_flow_module(**instance, ContactFlowModuleId=reference)["ContactFlowModule"]
        check.equal((shown["Id"], shown["Content"], shown["Name"], shown["Description"]),
                    (module, MODULE, asked["Name"], "first"), f"DescribeContactFlowModule of {reference}")
    renamed, other = name("module"), MODULE.replace('"end"', '"stop"')
    client.update_contact_flow_module_metadata(**instance, ContactFlowModuleId=module, Name=renamed, State="ARCHIVED")
    client.update_contact_flow_module_content(**instance, ContactFlowModuleId=module, Content=other)
    shown = client.describe_contact_flow_module(**instance, ContactFlowModuleId=module)["ContactFlowModule"]
    check.equal((shown["Name"], shown["State"], shown["Content"]), (renamed, "ARCHIVED", other),
                "UpdateContactFlowModuleMetadata and -Content are visible")
    for _ in range(4):
        client.create_contact_flow_module(**instance, Name=name("module"), Content=MODULE)
    listed = pages(client, "list_contact_flow_modules", **instance)
    check.equal([len(page["ContactFlowModulesSummaryList"]) for page in listed], [2, 2, 1],
                "ListContactFlowModules: five in pages of two")
    some = client.list_contact_flow_modules(**instance, ContactFlowModuleState="ARCHIVED")
    check.equal([item["Id"] for item in some["ContactFlowModulesSummaryList"]], [module], "ListContactFlowModules: by state")
    found = pages(client, "search_contact_flow_modules", **instance)
    check.equal(sum(len(page["ContactFlowModules"]) for page in found), 5, "SearchContactFlowModules: all")
    found = client.search_contact_flow_modules(**instance, SearchCriteria=same("name", renamed))
    check.equal([item["Id"] for item in found["ContactFlowModules"]], [module], "SearchContactFlowModules by exact name")

    check.raises(errors.DuplicateResourceException,
                 lambda: client.create_contact_flow_module(**instance, Name=renamed, Content=MODULE),
                 "CreateContactFlowModule: a name in use")
    check.raises(errors.IdempotencyException,
                 lambda: client.create_contact_flow_module(**{**asked, "Name": name("module")}),
                 "CreateContactFlowModule: the same token with another body")
    said = check.raises(errors.InvalidContactFlowModuleException,
                        lambda: client.create_contact_flow_module(**instance, Name=name("module"), Content="{"),
                        "CreateContactFlowModule: content that is not JSON")
    check.that(said.get("Problems", [{}])[0].get("message"), "CreateContactFlowModule: Problems", said)
    check.raises(errors.InvalidRequestException,
                 lambda: client.create_contact_flow_module(**instance, Name="n" * 128, Content=MODULE),
                 "CreateContactFlowModule: a name of 128 characters")
    client.delete_contact_flow_module(**instance, ContactFlowModuleId=module)
    for call in (client.describe_contact_flow_module, client.delete_contact_flow_module):
        check.raises(errors.ResourceNotFoundException, lambda call=call: call(**instance, ContactFlowModuleId=module),
                     f"{call.__name__} after delete")


def tags(check, client):
    errors = client.exceptions
    home = fresh(client)
    instance = {"InstanceId": home["Id"]}
    flow = client.create_contact_flow(**instance, Name=name("flow"), Type="CONTACT_FLOW", Content=FLOW)["ContactFlowArn"]
    module = client.create_contact_flow_module(**instance, Name=name("module"), Content=MODULE)["Arn"]
    rule = client.create_rule(**instance, **RULE, Name=name("rule"))["RuleArn"]
    for arn in (home["Arn"], flow, module, rule):
        kind = arn.split("/")[-2]
        client.tag_resource(resourceArn=arn, tags={"clé/a b": "é&=+ %", "kept": "", "team": "x"})
        client.tag_resource(resourceArn=arn, tags={"team": "y"})
        check.equal(client.list_tags_for_resource(resourceArn=arn)["tags"], {"clé/a b": "é&=+ %", "kept": "", "team": "y"},
                    f"TagResource adds and replaces: {kind}")
        client.untag_resource(resourceArn=arn, tagKeys=["clé/a b", "team"])
        check.equal(client.list_tags_for_resource(resourceArn=arn)["tags"], {"kept": ""},
                    f"UntagResource removes two keys: {kind}")
    tagged = {"TagFilter": {"TagCondition": {"TagKey": "kept", "TagValue": ""}}}
    found = client.search_contact_flows(**instance, SearchFilter=tagged)
    check.equal([item["Arn"] for item in found["ContactFlows"]], [flow], "SearchContactFlows by tag")
    check.raises(errors.InvalidRequestException, lambda: client.tag_resource(resourceArn=flow, tags={"aws:x": "1"}),
                 "TagResource: a key reserved by AWS")
    check.raises(errors.InvalidRequestException,
                 lambda: client.tag_resource(resourceArn=flow, tags={f"k{number}": "" for number in range(51)}),
                 "TagResource: 51 tags")
    check.raises(errors.ResourceNotFoundException, lambda: client.list_tags_for_resource(resourceArn=f"{flow}0"),
                 "ListTagsForResource of an unknown resource")


def unchecked(check, client):
    """Sends a request that boto3 sends only without parameter validation."""
    config = client.meta.config.merge(botocore.config.Config(parameter_validation=False))
    loose = boto3.client("connect", endpoint_url=client.meta.endpoint_url, config=config)
    said = check.raises(client.exceptions.InvalidRequestException,
                        lambda: loose.create_contact_flow(InstanceId="x", Type="CONTACT_FLOW", Content=FLOW),
                        "CreateContactFlow without a name")
    check.that("/Name" in said.get("Error", {}).get("Message", ""), "the error message names the member", said)


PARTS = [instances, rules, flows, modules, tags, unchecked]

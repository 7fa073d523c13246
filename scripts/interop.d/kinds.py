"""Drives every kind of resource through its life with boto3: created, described, listed with a paginator, deleted, gone."""

import itertools

from botocore.exceptions import ClientError

import core

OWN = {"ContactFlow": core.FLOW, "ContactFlowModule": core.MODULE}
"""Kinds whose generated content is no flow, with a content."""

MOST_PAGES = 500


def lives(checks, client, graph, generated):
    """Runs the life of each kind that can be described and deleted."""
    world = World(client, graph, generated)
    for noun, kind in world.kinds.items():
        roles = {action["role"]: action for action in reversed(kind["actions"])}
        if noun in ("Instance", "Rule") or not {"describe", "delete"} <= roles.keys():
            continue
        made = world.make(noun)
        shown = world.act(roles["describe"], made)
        checks.that(holds(shown, made[2]), f"{noun}: {roles['describe']['operation']} shows the new one", shown)
        # A phone number need not be claimed for an instance.
        can_list = "list" in roles and client.can_paginate(world.methods[roles["list"]["operation"]])
        if can_list and all(source.split(" ", 1)[1] in made[0] for source in roles["list"]["names"].values()):
            listed = world.pages(roles["list"], made)
            checks.that(holds(listed, made[2]), f"{noun}: {roles['list']['operation']} lists the new one", len(listed))
        world.act(roles["delete"], made)
        try:
            shown = world.act(roles["describe"], made)
            checks.that(False, f"{noun}: {roles['describe']['operation']} does not show a deleted one", shown)
        except ClientError as error:
            checks.that(error.response["ResponseMetadata"]["HTTPStatusCode"] in (400, 404),
                        f"{noun}: a deleted one is not found", error)


class World:
    """The resources that others live in or need."""

    def __init__(self, client, graph, generated):
        self.client, self.generated = client, generated
        self.kinds = {kind["noun"]: kind for kind in graph["kinds"]}
        self.methods = {operation: method for method, operation in client.meta.method_to_api_mapping.items()}
        self.known = {"Instance": (None, None, core.fresh(client)["Id"])}

    def id_of(self, noun):
        """The id of a resource of a kind, made on first use."""
        if noun not in self.known:
            self.known[noun] = self.make(noun)
        return self.known[noun][2]

    def make(self, noun):
        """Creates a resource; returns the request, the answer and the id."""
        kind = self.kinds[noun]
        request = self.generated(kind["create"])
        request.update({parent["member"]: self.id_of(parent["kind"]) for parent in kind["parents"] if parent["kind"]})
        for need in kind["needs"]:
            if need["required"]:
                put(request, need["place"], self.id_of(need["kind"]))
        if noun in OWN:
            request = {"InstanceId": self.id_of("Instance"), "Name": core.name(noun), "Content": OWN[noun]}
            request |= {"Type": "CONTACT_FLOW"} if noun == "ContactFlow" else {}
        answer = getattr(self.client, self.methods[kind["create"]])(**request)
        return request, answer, str(value(kind["id"], request, answer))

    def arguments(self, action, made):
        request, answer, _ = made
        return {member: value(source, request, answer) for member, source in action["names"].items()}

    def act(self, action, made):
        answer = getattr(self.client, self.methods[action["operation"]])(**self.arguments(action, made))
        return {member: item for member, item in answer.items() if member != "ResponseMetadata"}

    def pages(self, action, made):
        pages = self.client.get_paginator(self.methods[action["operation"]]).paginate(**self.arguments(action, made))
        return list(itertools.islice(pages, MOST_PAGES))


def value(source, request, answer):
    """The value of `request Name` or `answer View.Id`."""
    where, path = source.split(" ", 1)
    found = request if where == "request" else answer
    for name in path.split("."):
        found = found[name]
    return found


def holds(found, identifier):
    """True if a value holds the id."""
    if isinstance(found, dict):
        return any(holds(item, identifier) for item in found.values())
    if isinstance(found, list):
        return any(holds(item, identifier) for item in found)
    return str(found) == identifier


def put(request, place, identifier):
    """Sets the id at a place such as `SecurityProfileIds[]`. The numbers of versions are ids, too."""
    head, _, rest = place.partition(".")
    if isinstance(request.get(head), int):
        identifier = int(identifier)
    if not rest:
        request[head.removesuffix("[]")] = [identifier] if head.endswith("[]") else identifier
    elif head.endswith("[]"):
        for item in request.get(head.removesuffix("[]"), []):
            put(item, rest, identifier)
    elif head in request:
        put(request[head], rest, identifier)

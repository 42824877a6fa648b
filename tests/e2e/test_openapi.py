# SPDX-License-Identifier: Apache-2.0
"""openapi.yaml is true: it has the routes, bodies and limits of the tables in C, and a running desk keeps to it."""
import json
import pathlib
import re
import subprocess
import uuid

import hypothesis
import jsonschema
import pytest
import schemathesis
import yaml
from hypothesis import strategies
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (content_type_conformance, response_headers_conformance,
                                               response_schema_conformance, status_code_conformance)

from desk import SEED, scaled
from people import Person, Session, staff_of

FILE = pathlib.Path(__file__).resolve().parents[2] / "services/intake/openapi.yaml"
DOCUMENT = yaml.safe_load(FILE.read_text())
METHODS = ("get", "put", "post", "patch", "delete")
OPERATIONS = {(method.upper(), path): operation for path, item in DOCUMENT["paths"].items()
              for method, operation in item.items() if method in METHODS}


# --- the file against the tables, without a desk ----------------------------------------------------------------
@pytest.fixture(scope="session")
def routes(build):
    printed = subprocess.run([build / "services/intake/intake", "routes"], check=True, capture_output=True).stdout
    return {(route["method"], route["path"]): route for route in json.loads(printed)}


def resolved(node):
    while "$ref" in node:
        place = DOCUMENT
        for name in node["$ref"].removeprefix("#/").split("/"):
            place = place[name]
        node = place
    return node


def test_every_route_is_documented_and_nothing_else(routes):
    assert set(OPERATIONS) == set(routes)


def test_the_hearing_is_the_one_of_the_field_table(tool):
    exported = json.loads(subprocess.run([tool, "schema"], check=True, capture_output=True).stdout)
    assert DOCUMENT["components"]["schemas"]["CaseOpening"] == exported


def schema_of(members):
    """A table of members as JSON Schema."""
    texts = {"type": "string", "minLength": 1}
    kinds = {
        "text": lambda m: {**texts, "maxLength": m["max"]},
        "time": lambda m: {"type": "string", "format": "date-time"},
        "choice": lambda m: {"type": "string", "enum": m["choices"].split("|")},
        "texts": lambda m: {"type": "array", "maxItems": 100, "items": {**texts, "maxLength": m["max"]}},
        "object": lambda m: schema_of(m["members"]),
        "list": lambda m: {"type": "array", "maxItems": m["max"], "items": schema_of(m["members"])},
        "boolean": lambda m: {"type": "boolean"},
        "uuid": lambda m: {"type": "string", "format": "uuid"},
        "hash": lambda m: {"type": "string", "pattern": "^[0-9a-f]{64}$"},
        "customer": lambda m: {"type": "string", "pattern": "^[A-Z0-9-]{1,20}$"},
    }
    schema = {"type": "object", "additionalProperties": False,
              "properties": {name: kinds[member["kind"]](member) for name, member in members.items()}}
    needed = [name for name, member in members.items() if member["required"]]
    return {**schema, "required": needed} if needed else schema


def test_bodies_are_those_of_the_member_tables(routes):
    checked = 0
    for key, route in routes.items():
        if "members" in route:
            content = OPERATIONS[key]["requestBody"]["content"]["application/json"]
            assert content["schema"] == schema_of(route["members"]), key
            checked += 1
    assert checked >= 16


def test_what_a_route_takes_and_refuses_is_documented(routes):
    for key, route in routes.items():
        operation = OPERATIONS[key]
        body, responses = operation.get("requestBody"), operation["responses"]
        assert ("413" in responses) >= (route["body_max"] > 0), key
        assert ("415" in responses) == ("content_types" in route), key
        assert bool(body) == (route["body_max"] > 0), key
        if "content_types" in route:
            assert set(body["content"]) == set(route["content_types"].split(",")), key
        open_to_all = not route["roles"]
        assert (operation.get("security") == []) == open_to_all, key
        assert open_to_all or {"401", "403"} <= set(responses), key
        assert "503" in responses and "400" in responses, key
        for name in re.findall(r"{(\w+)}", key[1]):
            declared = [resolved(p) for p in DOCUMENT["paths"][key[1]].get("parameters", []) + operation.get("parameters", [])]
            assert any(p["in"] == "path" and p["name"] == name and p["required"] for p in declared), key


def test_writes_to_a_case_know_keys_and_preconditions(routes):
    for (method, path), operation in OPERATIONS.items():
        if method == "GET" or "/cases/{id}" not in path or path.endswith("/presence"):  # who is there is no part of a case
            continue
        names = {resolved(parameter)["name"] for parameter in operation["parameters"]}
        assert {"If-Match", "Idempotency-Key"} <= names, path
        assert {"202", "409", "412", "422"} <= set(operation["responses"]), path


def test_problems_are_problem_json_and_503_says_when_to_come_back():
    for key, operation in OPERATIONS.items():
        for status, response in operation["responses"].items():
            response = resolved(response)
            if status[0] in "45":
                assert "application/problem+json" in response["content"], (key, status)
            if status in ("429", "503"):
                assert "Retry-After" in response["headers"], (key, status)


def test_examples_are_what_the_schemas_say():
    found = 0
    for key, operation in OPERATIONS.items():
        contents = [operation.get("requestBody", {})] + [resolved(r) for r in operation["responses"].values()]
        for media in (media for content in contents for media in content.get("content", {}).values()):
            schema = {**media.get("schema", {}), "components": DOCUMENT["components"]}
            jsonschema.Draft202012Validator.check_schema(schema)
            examples = [media["example"]] if "example" in media else []
            examples += [example["value"] for example in media.get("examples", {}).values()]
            for example in examples:
                jsonschema.Draft202012Validator(schema).validate(example)
                found += 1
    assert found > 20
    wanted = [key for key, operation in OPERATIONS.items() for media in
              operation.get("requestBody", {}).get("content", {}) if media == "application/json" and key[0] == "POST"]
    assert all(OPERATIONS[key]["requestBody"]["content"]["application/json"].keys() & {"example", "examples"} for key in wanted)


# --- a running desk against the file ----------------------------------------------------------------------------
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_headers_conformance,
          response_schema_conformance]
def api(*phases_left_out):
    """Signing in counts its failures per address, the stream of events has no end: they have tests of their own below."""
    config = {"phases": {name: {"enabled": False} for name in phases_left_out}, "generation": {"mode": "all"}}
    loaded = schemathesis.openapi.from_path(FILE, config=schemathesis.Config.from_dict(config))
    return loaded.exclude(operation_id=["openSession", "listen"]), loaded.include(operation_id="openSession")


API, SIGN_IN = api("coverage")
API_FOR_EACH, _ = api("coverage", "examples")  # examples are no more than one request; here a role goes with each
BOUNDED = hypothesis.settings(max_examples=scaled(250), deadline=None, database=None, print_blob=False,
                              suppress_health_check=list(hypothesis.HealthCheck))


class OpenCase:
    """A case that is open: most requests shall come further than 404 and "the case is closed"."""
    def __init__(self, desk):
        self.desk, self.id, self.asked = desk, desk.open_case("schemathesis"), 0

    def aim(self, case):
        self.asked += 1
        if case.operation.path.startswith("/v1/cases/{id}") and self.asked % 8:
            case.path_parameters["id"] = self.id

    def heard(self, case, answer):
        if case.operation.path.endswith("/close") and answer.status_code == 200:
            self.id = self.desk.open_case("schemathesis")


@pytest.fixture(scope="module")
def open_case(desk):
    yield OpenCase(desk)
    for draft in desk.ok("GET", "/v1/drafts")["drafts"]:
        desk.call("DELETE", f"/v1/drafts/{draft['id']}")


TOKENS = {"/contracts/": "KAKEKOMI_SUPERVISOR_TOKEN", "/dead-letters": "KAKEKOMI_ADMIN_TOKEN"}  # who may; else the operator


@API.parametrize()
@hypothesis.seed(SEED)
@BOUNDED
def test_the_desk_keeps_to_the_file(case, desk, open_case):
    open_case.aim(case)
    token = next((name for part, name in TOKENS.items() if part in case.operation.path), "KAKEKOMI_TOKEN")
    answer = case.call(base_url=desk.url, headers={"Authorization": "Bearer " + desk.env[token]}, timeout=30)
    case.validate_response(answer, checks=CHECKS)
    open_case.heard(case, answer)


# --- with each role, by token and by session ----------------------------------------------------------------------
WAYS = [(role, way) for role in ("operator", "supervisor", "auditor", "admin", "machine") for way in ("token", "session")]


@pytest.fixture(scope="module")
def signed_in(desk):
    """(role, way) → headers"""
    people = {role: Person("schema-" + role, [role]) for role, _ in WAYS}
    with staff_of(desk, *people.values()):
        yield {(role, way): people[role].bearer if way == "token" else Session(desk, people[role].name).headers for role, way in WAYS}
        for draft in desk.ok("GET", "/v1/drafts")["drafts"]:
            if draft["owner"] in ("schema-operator", "schema-supervisor"):
                desk.call("DELETE", f"/v1/drafts/{draft['id']}", token=None, headers=people[draft["owner"].removeprefix("schema-")].bearer)


@API_FOR_EACH.parametrize()
@API_FOR_EACH.given(who=strategies.sampled_from(WAYS))
@hypothesis.seed(SEED)
@hypothesis.settings(BOUNDED, max_examples=scaled(200))
def test_the_desk_keeps_to_the_file_whoever_asks(case, who, desk, open_case, routes, signed_in):
    """Whoever may not is told that before anything of the request is looked at; whoever may never is."""
    role, way = who
    open_case.aim(case)
    case.headers.pop("Authorization", None)  # a made-up token would be looked at first
    answer = case.call(base_url=desk.url, headers=signed_in[role, way], timeout=30)
    case.validate_response(answer, checks=CHECKS)
    open_case.heard(case, answer)
    route = routes[case.operation.method.upper(), case.operation.path]
    roles = route["roles"]
    of_others = "operator" in (case.query or {}) and role not in route.get("roles_for_others", [role])
    reached = answer.status_code not in (400, 404, 405, 414, 431)
    if roles and role not in roles:
        assert answer.status_code == 403 or not reached, answer.status_code
    elif not of_others:
        assert answer.status_code not in (401, 403), answer.text


@SIGN_IN.parametrize()
@hypothesis.seed(SEED)
@hypothesis.settings(BOUNDED, max_examples=15)
def test_signing_in_keeps_to_the_file(case, desk):
    case.validate_response(case.call(base_url=desk.url, timeout=30), checks=CHECKS)


def test_the_stream_of_events_keeps_to_the_file(desk):
    import requests
    known = OPERATIONS["GET", "/v1/events"]["responses"]
    for last in (None, "", "0", "f" * 16, "é" * 3, "x" * 9000):
        head = {"Authorization": "Bearer " + desk.env["KAKEKOMI_TOKEN"]}
        head |= {"Last-Event-ID": last.encode()} if last is not None else {}
        with requests.get(desk.url + "/v1/events", headers=head, stream=True, timeout=10) as answer:
            assert str(answer.status_code) in known and answer.status_code < 500, last
            assert answer.headers["Content-Type"] in resolved(known[str(answer.status_code)])["content"]
            if answer.status_code == 200:
                assert next(answer.iter_lines()).startswith(b"retry: ")
    head = desk.call("HEAD", "/v1/events")
    assert head.status_code == 200 and head.headers["Content-Type"] == "text/event-stream" and not head.content


def test_a_session_is_what_the_file_says(desk):
    import requests
    with requests.Session() as session:
        opened = session.post(desk.url + "/v1/sessions", timeout=30, json={
            "operator": "operator-1", "password": desk.env["KAKEKOMI_OPERATOR_PASSWORD"]})
        assert opened.status_code == 201 and opened.headers["Location"] == "/v1/sessions/" + opened.json()["id"]
        assert {"HttpOnly", "SameSite=Strict"} <= set(opened.headers["Set-Cookie"].split("; "))
        assert session.get(desk.url + "/v1/me", timeout=30).json()["id"] == "operator-1"
        note = {"contact": {"company": "見本", "phone": "0300001234"}, "incident": {"summary": "x"}}
        assert session.post(desk.url + "/v1/cases", json=note, timeout=30).status_code == 403
        csrf = {"X-CSRF-Token": opened.json()["csrf"]}
        assert session.post(desk.url + "/v1/cases", json=note, headers=csrf, timeout=30).status_code == 201
        assert session.delete(desk.url + "/v1/sessions/current", headers=csrf, timeout=30).status_code == 204
        assert session.get(desk.url + "/v1/me", timeout=30).status_code == 401


def test_every_path_refuses_other_methods_with_allow(desk):
    for path, item in DOCUMENT["paths"].items():
        known = {method.upper() for method in item if method in METHODS}
        known |= {"HEAD"} if "GET" in known else set()
        target = path.replace("{id}", str(uuid.uuid4())).replace("{customer_id}", "SAMPLE-A").replace("{position}", "0-0")
        for method in sorted({"GET", "HEAD", "PUT", "POST", "PATCH", "DELETE", "OPTIONS"} - known):
            answer = desk.call(method, target)
            assert answer.status_code == 405, (method, path, answer.status_code)
            assert set(answer.headers["Allow"].split(", ")) == known, (method, path)


def test_nobody_gets_past_the_door_without_a_token(desk):
    for (method, path), operation in OPERATIONS.items():
        if operation.get("security") == []:
            continue
        target = path.replace("{id}", str(uuid.uuid4())).replace("{customer_id}", "SAMPLE-A").replace("{position}", "0-0")
        for headers in ({}, {"Authorization": "Bearer " + "A" * 43}, {"Cookie": "kakekomi=" + "A" * 43}):
            answer = desk.call(method, target, token=None, headers=headers)
            assert answer.status_code == 401, (method, path, headers, answer.status_code)
            assert "WWW-Authenticate" in answer.headers

/* SPDX-License-Identifier: Apache-2.0 */
import assert from "node:assert/strict";
import test from "node:test";
import { kindOf, provesKafka } from "../../services/intake/console/pure/answers.js";

const ID = "0199c0de-0000-7000-8000-000000000001";

test("what was written to a case proves that Kafka took it", () => {
    for (const [method, path, kind] of [
        ["POST", "/v1/cases", "ok"],
        ["PATCH", `/v1/cases/${ID}`, "ok"],
        ["PATCH", `/v1/cases/${ID}`, "changed"],
        ["POST", `/v1/cases/${ID}/notes`, "ok"],
        ["PUT", `/v1/cases/${ID}/logs`, "ok"],
    ])
        assert.ok(provesKafka({ method, path, kind }), `${method} ${path} ${kind}`);
});

test("presence, drafts, reading and what was not taken prove nothing", () => {
    for (const [method, path, kind] of [
        ["PUT", `/v1/cases/${ID}/presence`, "ok"],
        ["DELETE", `/v1/cases/${ID}/presence`, "ok"],
        ["PUT", `/v1/drafts/${ID}`, "ok"],
        ["DELETE", "/v1/sessions/current", "ok"],
        ["GET", `/v1/cases/${ID}`, "ok"],
        ["POST", `/v1/cases/${ID}/notes`, "late"],
        ["POST", `/v1/cases/${ID}/notes`, "unavailable"],
        ["POST", `/v1/cases/${ID}/notes`, "invalid"],
    ])
        assert.ok(!provesKafka({ method, path, kind }), `${method} ${path} ${kind}`);
});

test("every status has its kind; a token of another session is no matter of roles", () => {
    for (const [status, kind] of [
        [200, "ok"],
        [204, "ok"],
        [202, "late"],
        [304, "unchanged"],
        [400, "invalid"],
        [401, "session"],
        [403, "forbidden"],
        [404, "missing"],
        [409, "conflict"],
        [412, "changed"],
        [422, "invalid"],
        [429, "unavailable"],
        [500, "unavailable"],
        [503, "unavailable"],
    ])
        assert.equal(kindOf(status), kind, String(status));
    assert.equal(kindOf(403, "csrf"), "session");
    assert.equal(kindOf(403, "role"), "forbidden");
});

/* SPDX-License-Identifier: Apache-2.0 */
import assert from "node:assert/strict";
import test from "node:test";
import { contractsPath, foundOf } from "../../services/intake/console/pure/search.js";
import { words } from "../../services/intake/console/pure/words.js";

const ok = (body) => ({ kind: "ok", body });
const away = (kind) => ({ kind, body: null });
const cases = ok({ cases: [{ id: "a" }] });
const contracts = ok({ contracts: [{ customer_id: "C-1" }] });
const noCases = ok({ cases: [] });
const noContracts = ok({ contracts: [] });

test("four digits and more are a telephone number, anything else a name", () => {
    assert.equal(contractsPath("03-1234"), "/v1/contracts?phone=03-1234");
    assert.equal(contractsPath("０３１２"), `/v1/contracts?phone=${encodeURIComponent("０３１２")}`);
    assert.equal(contractsPath("123"), "/v1/contracts?q=123");
    assert.equal(contractsPath("A&B"), "/v1/contracts?q=A%26B");
});

test("cases come before contracts, of which at most five are shown", () => {
    const many = ok({ contracts: Array.from({ length: 9 }, (_, at) => ({ customer_id: `C-${at}` })) });
    const { found, say, only } = foundOf(cases, many);
    assert.deepEqual(
        found.map(({ kind }) => kind),
        ["case", "contract", "contract", "contract", "contract", "contract"],
    );
    assert.deepEqual([say, only], [null, false]);
});

test("that nothing is found is said only where both have answered", () => {
    assert.equal(foundOf(noCases, noContracts).say, "search.none");
    assert.equal(foundOf(ok({ cases: [], hint: {} }), noContracts).say, "search.check");
    for (const kind of ["offline", "unavailable"]) {
        assert.equal(foundOf(away(kind), away(kind)).say, "search.away");
        assert.equal(foundOf(noCases, away(kind)).say, "search.away");
        assert.equal(foundOf(away(kind), noContracts).say, "search.away");
    }
    assert.equal(foundOf(away("session"), away("session")).say, "write.session");
    assert.ok(words["search.away"]);
});

test("what was found stands beside that the rest did not come, and is not the only one then", () => {
    const { found, say, only } = foundOf(cases, away("offline"));
    assert.deepEqual([found.length, say, only], [1, "search.away", false]);
    assert.equal(foundOf(cases, noContracts).only, true);
    assert.equal(foundOf(cases, contracts).only, false);
});

test("a role that may not see contracts still finds cases", () => {
    const { say, only } = foundOf(cases, away("forbidden"));
    assert.deepEqual([say, only], [null, true]);
});

/* SPDX-License-Identifier: Apache-2.0 */
import assert from "node:assert/strict";
import test from "node:test";
import { commonOf, applyPatch, diff, equal, mergeHearing, touchesList } from "../../services/intake/console/pure/merge.js";
import { valueAt, withValue } from "../../services/intake/console/pure/sheet.js";
import { dice, seed } from "./random.mjs";

const field = (pointer, type) => ({ pointer, type, stage: "B" });
const SHEET = { sections: [], fields: [field("/contact/company", "text"), field("/incident/priorities", "choices"), field("/device", "list"),
    field("/device/N/os", "text"), field("/device/N/addresses", "addresses"), field("/network/configuration", "text"),
    field("/network/entry_points", "texts"), field("/logs", "list"), field("/logs/N/kind", "choice"), field("/tlp", "choice")] };

const merged = (base, mine, theirs) => mergeHearing(base, mine, theirs, SHEET);

test("merge patches: the examples of RFC 7396", () => {
    const examples = [[{ a: "b" }, { a: "c" }, { a: "c" }], [{ a: "b" }, { b: "c" }, { a: "b", b: "c" }], [{ a: "b" }, { a: null }, {}],
        [{ a: "b", b: "c" }, { a: null }, { b: "c" }], [{ a: ["b"] }, { a: "c" }, { a: "c" }], [{ a: "c" }, { a: ["b"] }, { a: ["b"] }],
        [{ a: { b: "c" } }, { a: { b: "d", c: null } }, { a: { b: "d" } }], [{ a: [{ b: "c" }] }, { a: [1] }, { a: [1] }],
        [["a", "b"], ["c", "d"], ["c", "d"]], [{ a: "b" }, ["c"], ["c"]], [{ a: "foo" }, null, null], [{ a: "foo" }, "bar", "bar"],
        [{ e: null }, { a: 1 }, { e: null, a: 1 }], [[1, 2], { a: "b", c: null }, { a: "b" }], [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }]];
    for (const [doc, patch, result] of examples)
        assert.deepEqual(applyPatch(doc, patch), result, JSON.stringify([doc, patch]));
});

test("the patch says what changed and nothing else", () => {
    const base = { contact: { company: "A", phone: "1" }, device: [{ os: "x" }], logs: "unknown" };
    assert.deepEqual(diff(base, base), {});
    assert.deepEqual(diff(base, { contact: { company: "B", phone: "1" }, device: [{ os: "x" }] }), { contact: { company: "B" }, logs: null });
    assert.deepEqual(diff(base, { ...base, device: [{ os: "x", name: "PC" }] }), { device: [{ os: "x", name: "PC" }] });
    assert.deepEqual(diff(base, { ...base, contact: undefined }), { contact: null });
    assert.deepEqual(diff({ logs: "unknown" }, { logs: { deep: { a: 1, b: null } } }), { logs: { deep: { a: 1 } } });
    assert.equal(equal({ a: 1, b: undefined }, { b: null, a: 1 }), true);
    assert.equal(equal([1], { 0: 1 }), false);
});

/* base, mine, theirs → merged, pointers in conflict */
const TABLE = [
    ["different fields", { contact: { company: "A" } }, { contact: { company: "A", person: "山田" } }, { contact: { company: "B" } },
        { contact: { company: "B", person: "山田" } }, []],
    ["the same field, the same value", {}, { contact: { company: "B" } }, { contact: { company: "B" } }, { contact: { company: "B" } }, []],
    ["the same field, two values", { contact: { company: "A" } }, { contact: { company: "B" } }, { contact: { company: "C" } },
        { contact: { company: "B" } }, ["/contact/company"]],
    ["taken away by me, untouched by them", { contact: { company: "A", person: "x" } }, { contact: { company: "A" } },
        { contact: { company: "A", person: "x", phone: "1" } }, { contact: { company: "A", phone: "1" } }, []],
    ["taken away by me, changed by them", { contact: { person: "x" } }, { contact: {} }, { contact: { person: "y" } }, { contact: {} }, ["/contact/person"]],
    ["changed by me, taken away by them", { contact: { person: "x" } }, { contact: { person: "y" } }, {}, { contact: { person: "y" } }, ["/contact/person"]],
    ["null is absent", { contact: { person: null } }, {}, { contact: { person: "y" } }, { contact: { person: "y" } }, []],
    ["two members of one device", { device: [{ os: "Windows" }] }, { device: [{ os: "Windows", name: "PC-1" }] }, { device: [{ os: "Windows", usage: "shared" }] },
        { device: [{ os: "Windows", name: "PC-1", usage: "shared" }] }, []],
    ["one member of one device", { device: [{ os: "Windows" }] }, { device: [{ os: "Windows 10" }] }, { device: [{ os: "Windows 11" }] },
        { device: [{ os: "Windows 10" }] }, ["/device/0/os"]],
    ["two devices", { device: [{ os: "a" }, { os: "b" }] }, { device: [{ os: "x" }, { os: "b" }] }, { device: [{ os: "a" }, { os: "y" }] },
        { device: [{ os: "x" }, { os: "y" }] }, []],
    ["the first device, by both", {}, { device: [{ os: "x" }] }, { device: [{ usage: "shared" }] }, { device: [{ os: "x", usage: "shared" }] }, []],
    ["each adds one", { device: [{ os: "a" }] }, { device: [{ os: "a" }, { os: "mine" }] }, { device: [{ os: "a" }, { os: "theirs" }] },
        { device: [{ os: "a" }, { os: "theirs" }, { os: "mine" }] }, []],
    ["both add the same", { device: [{ os: "a" }] }, { device: [{ os: "a" }, { os: "b" }] }, { device: [{ os: "a" }, { os: "b" }, { os: "c" }] },
        { device: [{ os: "a" }, { os: "b" }, { os: "c" }] }, []],
    ["I take one away, they fill in the other", { device: [{ os: "a" }, { os: "b" }] }, { device: [{ os: "b" }] },
        { device: [{ os: "a" }, { os: "b", name: "PC" }] }, { device: [{ os: "b", name: "PC" }] }, []],
    ["I take one away, they change it", { device: [{ os: "a" }, { os: "b" }] }, { device: [{ os: "b" }] }, { device: [{ os: "A" }, { os: "b" }] },
        { device: [{ os: "b" }] }, ["/device/0"]],
    ["they take one away, I change it", { device: [{ os: "a" }, { os: "b" }] }, { device: [{ os: "A" }, { os: "b" }] }, { device: [{ os: "b" }] },
        { device: [{ os: "A" }, { os: "b" }] }, ["/device/0"]],
    ["taken away and changed at once: nobody can tell", { device: [{ os: "a" }, { os: "b" }] }, { device: [{ os: "c" }] },
        { device: [{ os: "a" }, { os: "d" }] }, { device: [{ os: "c" }] }, ["/device"]],
    ["a list is not known, or has entries", { logs: "unknown" }, { logs: [{ kind: "utm" }] }, { logs: "declined" }, { logs: [{ kind: "utm" }] }, ["/logs"]],
    ["not known before, entries by both", { logs: "unknown" }, { logs: [{ kind: "utm" }] }, { logs: [{ available: "yes" }] },
        { logs: [{ kind: "utm", available: "yes" }] }, []],
    ["addresses added and taken away", { network: { entry_points: ["VPN", "RDP"] } }, { network: { entry_points: ["VPN", "RDP", "クラウド"] } },
        { network: { entry_points: ["VPN", "公開サーバ"] } }, { network: { entry_points: ["VPN", "公開サーバ", "クラウド"] } }, []],
    ["addresses of one device", { device: [{ addresses: ["1"] }] }, { device: [{ addresses: ["1", "2"] }] }, { device: [{ addresses: ["1", "3"] }] },
        { device: [{ addresses: ["1", "3", "2"] }] }, []],
    ["put in another order by both", { network: { entry_points: ["a", "b", "c"] } }, { network: { entry_points: ["b", "a", "c"] } },
        { network: { entry_points: ["a", "c", "b"] } }, { network: { entry_points: ["b", "a", "c"] } }, ["/network/entry_points"]],
    ["priorities: their order says something", { incident: { priorities: ["other"] } }, { incident: { priorities: ["other", "root_cause"] } },
        { incident: { priorities: ["other", "information_leak"] } }, { incident: { priorities: ["other", "root_cause"] } }, ["/incident/priorities"]],
    ["a section against a word", { network: {} }, { network: { configuration: "x" } }, { network: "unknown" }, { network: { configuration: "x" } }, ["/network"]],
    ["nothing at all", undefined, undefined, undefined, {}, []],
];

test("three ways", () => {
    for (const [what, base, mine, theirs, expected, conflicts] of TABLE) {
        const found = merged(base, mine, theirs);
        assert.deepEqual(JSON.parse(JSON.stringify(found.merged)), expected, what);
        assert.deepEqual(found.conflicts.map(({ pointer }) => pointer), conflicts, what);
    }
});

test("a conflict holds all three", () => {
    assert.deepEqual(merged({ tlp: "TLP:RED" }, { tlp: "TLP:AMBER" }, {}).conflicts,
        [{ pointer: "/tlp", base: "TLP:RED", mine: "TLP:AMBER", theirs: undefined }]);
});

test("an entry that has moved is followed, and what is said of its source goes along", () => {
    const base = { device: [{ os: "a" }] };
    const mine = { device: [{ os: "a" }, { os: "mine" }], sources: { "/device/1/os": "log" } };
    const theirs = { device: [{ os: "a" }, { os: "theirs" }], sources: { "/device/1/os": "contract" } };
    const found = merged(base, mine, theirs);
    assert.deepEqual(found.moves, [{ from: "/device/1", to: "/device/2" }]);
    assert.deepEqual(found.merged.sources, { "/device/1/os": "contract", "/device/2/os": "log" });
    assert.deepEqual(merged({ sources: { "/tlp": "log" } }, { sources: {} }, { sources: { "/tlp": "log", "/contact/company": "contract" } }).merged,
        { sources: { "/contact/company": "contract" } });
});

test("which patches need If-Match", () => {
    for (const [patch, expected] of [[{ contact: { company: "x" } }, false], [{ device: [] }, true], [{ device: null }, true], [{ logs: "unknown" }, true],
        [{ network: null }, true], [{ contact: null }, false], [{ network: { configuration: "x" } }, false], [{ network: { entry_points: "declined" } }, true],
        [{ incident: null }, true], [{ tlp: null }, false], [{}, false]])
        assert.equal(touchesList(patch, SHEET), expected, JSON.stringify(patch));
    assert.equal(merged({}, { logs: "unknown" }, {}).touchesList, true);
    assert.equal(merged({}, { tlp: "TLP:RED" }, { device: [{}] }).touchesList, false);
});

/* --- random hearings ---------------------------------------------------------------------------------------------------- */

const LEAVES = ["/contact/company", "/contact/person", "/incident/summary", "/device/0/os", "/device/0/name", "/device/1/os", "/device/1/usage",
    "/device/2/os", "/logs/0/kind", "/logs/1/kind", "/network/configuration", "/tlp"];
const VALUES = ["a", "b", "unknown", "declined", "長い文", undefined];

function randomHearing(roll, from = {}) {
    let hearing = from;
    for (let i = roll.below(8); i > 0; i--)
        hearing = withValue(hearing, roll.of(LEAVES), roll.of(VALUES));
    if (roll.chance(0.2))
        hearing = withValue(hearing, "/logs", roll.of(["unknown", "declined"]));
    if (roll.chance(0.2))
        hearing = withValue(hearing, "/network/entry_points", ["VPN", "RDP", "Web"].filter(() => roll.chance(0.5)));
    if (roll.chance(0.1))
        hearing = withValue(hearing, "/device/0", undefined);
    return hearing;
}

const same = (a, b, message) => assert.ok(equal(a, b), `${message}: ${JSON.stringify(a)} ${JSON.stringify(b)}`);

test(`whatever is typed, seed ${seed}`, () => {
    const roll = dice();
    for (let i = 0; i < 5000; i++) {
        const base = randomHearing(roll);
        const [mine, theirs] = [randomHearing(roll, base), randomHearing(roll, base)];
        const what = JSON.stringify({ base, mine, theirs });
        const frozen = what;
        same(applyPatch(base, diff(base, mine)), mine, `patch ${what}`);
        same(merged(base, mine, base).merged, mine, `only mine ${what}`);
        same(merged(base, base, theirs).merged, theirs, `only theirs ${what}`);
        same(merged(base, mine, mine).merged, mine, `the same ${what}`);
        const found = merged(base, mine, theirs);
        assert.equal(JSON.stringify({ base, mine, theirs }), frozen, "nothing is changed in place");
        assert.equal(found.conflicts.length === 0, merged(base, theirs, mine).conflicts.length === 0, `either way ${what}`);
        for (const { pointer, mine: value } of found.conflicts)
            if (value !== undefined)
                same(valueAt(found.merged, pointer), value, `mine is kept ${what}`);
        same(merged(theirs, found.merged, theirs).merged, found.merged, `once more ${what}`);
    }
});

test(`different fields never conflict, seed ${seed}`, () => {
    const roll = dice();
    for (let i = 0; i < 3000; i++) {
        let base = {};
        for (const pointer of LEAVES)
            base = withValue(base, pointer, roll.of(["a", "b"]));
        const cut = LEAVES.map(() => roll.below(3));
        const change = (hearing, who, value) => LEAVES.filter((_, n) => cut[n] === who)
            .reduce((changed, pointer) => withValue(changed, pointer, value), hearing);
        const found = merged(base, change(base, 0, "mine"), change(base, 1, "theirs"));
        assert.deepEqual(found.conflicts, []);
        same(found.merged, change(change(base, 0, "mine"), 1, "theirs"), JSON.stringify(cut));
    }
});

test("a member that is named like the prototype is no member", () => {
    const patch = JSON.parse('{"__proto__": {"incident": 1}, "contact": {"__proto__": {"x": 1}, "company": "A"}}');
    const applied = applyPatch({}, patch);
    assert.equal(Object.getPrototypeOf(applied), Object.prototype);
    assert.equal(Object.getPrototypeOf(applied.contact), Object.prototype);
    assert.deepEqual(applied, { contact: { company: "A" } });
    const { merged } = mergeHearing({}, patch, { contact: { phone: "0" } });
    assert.equal(Object.getPrototypeOf(merged), Object.prototype);
    assert.equal(merged.incident, undefined);
    assert.deepEqual(merged, { contact: { company: "A", phone: "0" } });
});

test("what the other never had is no removal", () => {
    const base = { contact: { person: "a", phone: "1" }, device: [{}], incident: { target: "x" } };
    assert.deepEqual(commonOf(base, { contact: { person: "b" }, device: [] }), { contact: { person: "a" }, device: [{}] });
    assert.deepEqual(commonOf({}, { contact: {} }), {});
});

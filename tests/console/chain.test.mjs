/* SPDX-License-Identifier: Apache-2.0 */
import assert from "node:assert/strict";
import { createHash, webcrypto } from "node:crypto";
import test from "node:test";
import { checkCase, verifyChain } from "../../services/intake/console/pure/chain.js";
import { hasher, hexOf, sha256 } from "../../services/intake/console/pure/sha256.js";
import { dice, seed } from "./random.mjs";

const ours = hasher(null);
const CASE = "01a20000-0000-7000-8000-00000000000a";

/* The contract's words once more, with another hash and no shared code. */
function link(previous, event) {
    const hash = createHash("sha256").update(previous ? Buffer.from(previous, "hex") : Buffer.alloc(32));
    for (const part of [`kakekomi.${event.type}`, event.id, event.time, event.key].map((text) => Buffer.from(text)).concat(
        [Buffer.from(event.value, "base64")])) {
        const length = Buffer.alloc(4);
        length.writeUInt32BE(part.length);
        hash.update(length).update(part);
    }
    return hash.digest("hex");
}

function record(index, type, head, data, accepted = true) {
    const event = { id: `01a20000-0000-7000-8000-0000000000${10 + index}`, type, time: `2026-11-26T07:38:${10 + index}.192141Z`,
        key: CASE, partition: 7, offset: 3 * index, value: Buffer.from(JSON.stringify({ extends: head, ...data })).toString("base64"),
        extends: head, head: null, accepted };
    return accepted ? { ...event, head: link(head, event) } : { ...event, code: "stale" };
}

function sample() {
    const events = [record(0, "case.opened", null, { hearing: { contact: { company: "見本精機株式会社" } } })];
    events.push(record(1, "hearing.amended", events[0].head, { patch: { logs: "unknown" } }));
    events.push(record(2, "hearing.amended", events[0].head, { patch: { logs: "declined" } }, false));
    events.push(record(3, "note.added", events[1].head, { text: "𠮷野さま 🚨" }));
    events.push(record(4, "case.closed", events[3].head, { outcome: "resolved" }));
    return events;
}

test("SHA-256: known answers", () => {
    const known = {
        "": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        abc: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq: "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
    };
    for (const [text, hash] of Object.entries(known))
        assert.equal(hexOf(sha256(new TextEncoder().encode(text))), hash);
    assert.equal(hexOf(sha256(new Uint8Array(1000000).fill(0x61))), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
});

test(`SHA-256: every length to 300 and random ones, seed ${seed}`, async () => {
    const roll = dice();
    const browsers = hasher(webcrypto.subtle);
    const lengths = [...Array.from({ length: 301 }, (_, i) => i), ...Array.from({ length: 40 }, () => roll.below(70000))];
    for (const length of lengths) {
        const bytes = Uint8Array.from({ length }, () => roll.below(256));
        const expected = createHash("sha256").update(bytes).digest("hex");
        assert.equal(hexOf(sha256(bytes)), expected, `length ${length}`);
        assert.equal(hexOf(await browsers(bytes)), expected);
    }
});

test("a chain that holds, with either hash", async () => {
    const events = sample();
    const whole = { ok: true, checked: 4, head: events.at(-1).head, brokenAt: null, why: null };
    assert.deepEqual(await verifyChain(events, ours), whole);
    assert.deepEqual(await verifyChain(events, hasher(webcrypto.subtle), events.at(-1).head), whole);
});

const flipped = (text, at) => text.slice(0, at) + (text[at] === "a" ? "b" : "a") + text.slice(at + 1);

/* Where the change is found: in its own event, or in the next accepted one. */
test("every change of an accepted event is found, in every place of every text", async () => {
    const events = sample();
    for (const [index, event] of events.entries()) {
        if (!event.accepted)
            continue;
        for (const name of ["id", "type", "time", "key", "value", "extends", "head"])
            for (let at = 0; at < (event[name] ?? "x").length; at++) {
                const changed = events.map((one, i) => (i === index ? { ...one, [name]: flipped(event[name] ?? "x", at) } : one));
                const found = await verifyChain(changed, ours);
                assert.equal(found.ok, false, `${name} of ${index}`);
                assert.ok(found.brokenAt === index || found.brokenAt === index + 1, `${name} of ${index}: ${found.brokenAt}`);
            }
    }
});

const change = (index, members) => (events) => events.map((one, i) => (i === index ? { ...one, ...members } : one));

const BROKEN = [
    ["an accepted event is called refused", change(1, { accepted: false }), 1, "refused_head"],
    ["and has lost its head", change(1, { accepted: false, head: null }), 3, "extends"],
    ["a refused one is called accepted", change(2, { accepted: true }), 2, "extends"],
    ["a refused one has a head", change(2, { head: "0".repeat(64) }), 2, "refused_head"],
    ["another partition", change(3, { partition: 8 }), 3, "place"],
    ["out of order", change(3, { offset: 1 }), 3, "place"],
    ["the same place twice", change(3, { offset: 6 }), 3, "place"],
    ["no base64", change(1, { value: "%%%%" }), 1, "value"],
    ["a member is missing", change(1, { time: undefined }), 1, "shape"],
    ["another case's record", change(1, { key: CASE.replace("a", "b") }), 1, "key"],
    ["no event at all", ([a, , c]) => [a, null, c], 1, "shape"],
    ["the head in capitals", (events) => change(1, { head: events[1].head.toUpperCase() })(events), 1, "head"],
    ["one is left out", ([a, , c, d, e]) => [a, c, d, e], 2, "extends"],
    ["the first is left out", (events) => events.slice(1), 0, "begin"],
    ["nothing at all", () => [], 0, "begin"],
    ["two change places", ([a, b, c, d, e]) => [a, b, c, { ...e, offset: 9 }, { ...d, offset: 12 }], 3, "extends"],
    ["one stands twice", ([a, b, c, d, e]) => [a, b, b, c, d, e], 2, "place"],
];

test("a chain that does not hold says where and why", async () => {
    for (const [what, spoil, brokenAt, why] of BROKEN) {
        const found = await verifyChain(spoil(sample()), ours);
        assert.equal(found.ok, false, what);
        assert.deepEqual([found.brokenAt, found.why], [brokenAt, why], what);
    }
});

test("the value's own words about what it extends are held to as well", async () => {
    const first = record(0, "case.opened", null, {});
    const second = { ...record(1, "note.added", "0".repeat(64), {}), extends: first.head };
    second.head = link(first.head, second);
    assert.deepEqual(await verifyChain([first, second], ours),
        { ok: false, checked: 1, head: first.head, brokenAt: 1, why: "value_extends" });
});

test("a chain cut short does not end where the case says", async () => {
    const events = sample();
    const found = await verifyChain(events.slice(0, 4), ours, events[4].head);
    assert.deepEqual([found.ok, found.why, found.checked], [false, "end", 3]);
});

test("a case that was read before its chain states one of the chain's heads", async () => {
    const events = sample();
    for (const { head } of events.filter(({ accepted }) => accepted))
        assert.equal((await verifyChain(events, ours, head)).ok, true);
    assert.equal((await verifyChain(events, ours, "0".repeat(64))).why, "end");
});

/* Answers of the desk one after the other; how often it was asked. */
function desk(...answers) {
    let asked = 0;
    return { read: async () => answers[asked++] ?? null, asked: () => asked };
}

test("a case that was read after its chain is held to the chain as it is then", async () => {
    const events = sample();
    const { read, asked } = desk(events.slice(0, 4), events);
    const found = await checkCase(read, events[4].head, ours);
    assert.deepEqual([found.ok, found.checked, found.events.length, asked()], [true, 4, 5, 2]);
});

test("an end that is in no reading of the chain breaks it; one that cannot be read again says nothing", async () => {
    const events = sample();
    const short = events.slice(0, 4);
    assert.equal((await checkCase(desk(short, short).read, events[4].head, ours)).why, "end");
    assert.equal(await checkCase(desk(short).read, events[4].head, ours), null);
    assert.equal(await checkCase(desk().read, events[4].head, ours), null);
});

test("a chain that is broken in itself is not read again", async () => {
    const { read, asked } = desk(sample().slice(1), sample());
    assert.deepEqual([(await checkCase(read, sample()[4].head, ours)).ok, asked()], [false, 1]);
});

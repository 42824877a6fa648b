/* SPDX-License-Identifier: Apache-2.0 */
/* Files that are sent: in order, each with its own answer, and with one key until it was answered for good. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { isOnItsWay, mayRepeat, uploadQueue } from "../../services/intake/console/pure/uploads.js";

/* A queue that the desk answers with `answers`, and what was sent and said. */
function queueWith(...answers) {
    const sent = [];
    const said = [];
    let keys = 0;
    const queue = uploadQueue({ newKey: () => `k${++keys}`, say: (one, { kind }) => said.push(`${one.name} ${kind}`),
        send: async (one) => { sent.push(`${one.name} ${one.key}`); return { kind: answers.shift() }; } });
    return { queue, sent, said };
}

const file = (name, size = 1) => ({ name, file: { size } });

test("one after the other, and one that fails holds no other back", async () => {
    const { queue, sent, said } = queueWith("ok", "invalid", "late");
    const done = queue.add(file("a"));
    queue.add(file("b"));
    queue.add(file("c"));
    await done;
    assert.deepEqual(sent, ["a k1", "b k2", "c k3"]);
    assert.deepEqual(said, ["a waiting", "a sending", "b waiting", "c waiting", "a ok", "b sending", "b invalid", "c sending",
        "c late"]);
});

test("what was not answered for good goes again with the same key, a refused file with another", async () => {
    const { queue, sent } = queueWith("offline", "session", "invalid", "ok");
    const one = file("a");
    for (let i = 0; i < 4; i++)
        await queue.add(one);
    assert.deepEqual(sent, ["a k1", "a k1", "a k1", "a k2"]);
});

test("an empty file is not sent", async () => {
    const { queue, sent, said } = queueWith();
    await queue.add(file("a", 0));
    assert.deepEqual([sent, said.at(-1)], [[], "a empty"]);
});

test("only a failure asks for another try, and only what has no answer yet is on its way", () => {
    for (const kind of ["waiting", "sending", "ok", "late", "empty"])
        assert.equal(mayRepeat({ kind }), false, kind);
    for (const kind of ["offline", "unavailable", "session", "invalid", "conflict", "changed", "forbidden", "missing"])
        assert.equal(mayRepeat({ kind }), true, kind);
    for (const kind of ["waiting", "sending", "ok", "late", "empty", "offline", "invalid"])
        assert.equal(isOnItsWay({ kind }), ["waiting", "sending"].includes(kind), kind);
});

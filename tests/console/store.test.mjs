/* SPDX-License-Identifier: Apache-2.0 */
/* What has been typed counts as kept only once the browser has written it; over an IndexedDB that can be told to fail. */
import assert from "node:assert/strict";
import test from "node:test";
import { keep, recall } from "../../services/intake/console/core/store.js";

const later = (act) => setTimeout(act, 1);

function database(faults) {
    const records = new Map();
    const opened = [];
    function transaction() {
        if (faults.closed)
            throw new Error("the connection is closed");
        const made = { error: null };
        const answered = (act) => {
            const request = { result: undefined };
            later(() => {
                if (faults.full) {
                    made.error = new Error("no room");
                    return made.onabort();
                }
                request.result = act();
                return made.oncomplete();
            });
            return request;
        };
        const key = ([operator, id]) => `${operator}/${id}`;
        made.objectStore = () => ({
            put: (record) => answered(() => void records.set(key([record.operator, record.id]), record)),
            get: (of) => answered(() => records.get(key(of))),
        });
        return made;
    }
    function open() {
        const request = {};
        later(() => {
            if (faults.refused) {
                request.error = new Error("not now");
                return request.onerror();
            }
            request.result = { transaction, close: () => { faults.closed = true; } };
            opened.push(request.result);
            return request.onsuccess();
        });
        return request;
    }
    return { open, opened };
}

const faults = { refused: true, full: false, closed: false };
globalThis.indexedDB = database(faults);
const call = { operator: "operator-1", id: "a", text: "x" };

test("a browser that could not be opened once is asked again", async () => {
    assert.equal(await keep(call), false);
    faults.refused = false;
    assert.equal(await keep(call), true);
    assert.equal((await recall("operator-1", "a")).text, "x");
});

test("what did not come to its end is not kept", async () => {
    faults.full = true;
    assert.equal(await keep({ ...call, text: "y" }), false);
    faults.full = false;
    assert.equal((await recall("operator-1", "a")).text, "x");
});

test("a connection that was closed is made anew", async () => {
    const [first] = indexedDB.opened;
    first.onclose();
    assert.equal(await keep(call), true);
    assert.equal(indexedDB.opened.length, 2);
    indexedDB.opened[1].onversionchange();
    assert.equal(faults.closed, true);
    faults.closed = false;
    assert.equal(await keep(call), true);
    assert.equal(indexedDB.opened.length, 3);
});

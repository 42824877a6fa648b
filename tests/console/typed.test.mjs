/* SPDX-License-Identifier: Apache-2.0 */
/* Two people at one item: who wrote the other value is asked once for each. */
import assert from "node:assert/strict";
import test from "node:test";
import { addEntry, emptyTyped, hold, isUnnamed, meet, named, put, read, removeEntry } from "../../services/intake/console/pure/typed.js";

const at = (person) => ({ contact: { person } });
const met = (typed, person, revision) => meet(typed, at(person), { revision });

const typing = () => met(read({ ...emptyTyped(), base: at("a"), mine: at("a"), revision: 1 }, "/contact/person", "b", "b"), "c", 2);

test("a conflict is without a name until it was asked for, and then keeps what was said", () => {
    const typed = typing();
    assert.ok(isUnnamed(typed));
    const said = named(typed, () => "sato");
    assert.equal(said.conflicts[0].by, "sato");
    assert.ok(!isUnnamed(said));
    assert.equal(named(said, () => "kato").conflicts[0].by, "sato");
});

test("what cannot be told is not asked again; what was not asked is", () => {
    assert.ok(!isUnnamed(named(typing(), () => null)));
    assert.ok(isUnnamed(named(typing(), () => undefined)));
});

test("the same item changed once more is another question", () => {
    const again = met(named(typing(), () => "sato"), "d", 3);
    assert.deepEqual(again.conflicts.map(({ theirs, by }) => [theirs, by]), [["d", undefined]]);
});

const three = () => put(emptyTyped(), "/device", [{ name: "A" }, { name: "B" }, { name: "C" }]);

test("one entry more leaves what was typed into the others as it was typed", () => {
    const typed = addEntry(hold(three(), "/device/1/addresses", "192.0.2."), "/device");
    assert.equal(typed.mine.device.length, 4);
    assert.equal(typed.texts["/device/1/addresses"], "192.0.2.");
    assert.ok(typed.unread["/device/1/addresses"]);
    assert.deepEqual(addEntry(emptyTyped(), "/device").mine.device, [{}, {}], "an empty list showed one already");
});

test("one entry less takes its own texts with it, and those behind it move up", () => {
    const typed = ["0", "1", "2"].reduce((all, index) => hold(all, `/device/${index}/mac`, `guess ${index}`), three());
    const left = removeEntry(typed, "/device", 1);
    assert.deepEqual(left.mine.device, [{ name: "A" }, { name: "C" }]);
    assert.deepEqual(left.texts, { "/device/0/mac": "guess 0", "/device/1/mac": "guess 2" });
    assert.deepEqual(left.unread, { "/device/0/mac": true, "/device/1/mac": true });
});

test("a conflict of another entry stays, and moves up with it", () => {
    const conflict = (pointer) => ({ pointer, theirs: "x", at: 0 });
    const typed = { ...three(), conflicts: ["/device/0/name", "/device/1/name", "/device/2/name", "/contact/person"].map(conflict) };
    assert.deepEqual(removeEntry(typed, "/device", 1).conflicts.map(({ pointer }) => pointer), ["/device/0/name", "/device/1/name", "/contact/person"]);
});

/* SPDX-License-Identifier: Apache-2.0 */
/* Two people at one item: who wrote the other value is asked once for each. */
import assert from "node:assert/strict";
import test from "node:test";
import { emptyTyped, isUnnamed, meet, named, read } from "../../services/intake/console/pure/typed.js";

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

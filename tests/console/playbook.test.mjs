/* SPDX-License-Identifier: Apache-2.0 */
/* Steps of a playbook as every screen shows them: what was recorded, what waits for preservation, what belongs to no playbook. */
import assert from "node:assert/strict";
import test from "node:test";
import { currentStep, otherSteps, playbookInForce, playbookOf, stepsOf } from "../../services/intake/console/pure/playbook.js";

const step = (name, kind, mandatory = true) => ({ step: name, kind_of_step: kind, mandatory });
const PLAYBOOK = { playbook: "ransomware", steps: [step("unplug", "contain"), step("copy", "preserve"), step("wipe", "clean", false)] };
const BOOKS = [PLAYBOOK, { playbook: "ddos", steps: [] }];
const policy = { playbook: "ransomware" };
const states = (value) => stepsOf(PLAYBOOK, value).map(({ state }) => state);

test("the playbook in force is the policy's; before it the kind of incident only suggests one", () => {
    const hearing = { incident: { type: "ransomware" } };
    assert.equal(playbookOf(BOOKS, hearing, null), PLAYBOOK);
    assert.equal(playbookInForce(BOOKS, { hearing, policy: null }), null);
    assert.equal(playbookInForce(BOOKS, { policy }), PLAYBOOK);
    assert.equal(playbookInForce(null, { policy }), null);
});

test("what destroys traces waits for the policy and for what preserves, done or waived", () => {
    assert.deepEqual(states({}), ["open", "open", "locked"]);
    assert.deepEqual(states({ policy }), ["open", "open", "locked"]);
    const done = { "ransomware/copy": { at: "1", who: "customer" } };
    assert.deepEqual(states({ policy, steps_done: done }), ["open", "done", "open"]);
    assert.deepEqual(states({ policy: { playbook: "ddos" }, steps_done: done }), ["open", "done", "locked"]);
    assert.deepEqual(states({ policy, waivers: { mandatory: { "ransomware/copy": { at: "2", reason: "x" } } } }), ["open", "waived", "open"]);
});

test("a step has its key and what was recorded of it", () => {
    const waived = { at: "2", reason: "x" };
    const done = { at: "1", who: "operator" };
    const [first, second, third] = stepsOf(PLAYBOOK, { policy, steps_done: { "ransomware/unplug": done }, waivers: { steps: { "ransomware/copy": waived } } });
    assert.deepEqual([first.key, first.done, first.waived, first.who], ["ransomware/unplug", done, null, "operator"]);
    assert.deepEqual([second.done, second.waived, second.at], [null, waived, "2"]);
    assert.deepEqual([third.done, third.waived, third.at], [null, null, null]);
});

test("what else was done is listed by itself, once", () => {
    const value = { policy, steps_done: { "ransomware/unplug": { at: "1" }, "ddos/limit": { at: "2" }, "/called": { at: "3" } } };
    assert.deepEqual(otherSteps(PLAYBOOK, value).map(({ key, step: name, state }) => [key, name, state]),
        [["ddos/limit", "ddos/limit", "done"], ["/called", "called", "done"]]);
    assert.equal(otherSteps(null, value).length, 3);
    assert.deepEqual(otherSteps(null, {}), []);
});

test("what contains is said first, what was put off last", () => {
    const book = { playbook: "b", steps: [step("copy", "preserve"), step("unplug", "contain"), step("tell", "report", false)] };
    assert.equal(currentStep(book, {}).step, "unplug");
    assert.equal(currentStep(book, {}, ["b/unplug"]).step, "copy");
    assert.equal(currentStep(book, {}, ["b/unplug", "b/copy", "b/tell"]).step, "unplug");
});

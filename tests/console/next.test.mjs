/* SPDX-License-Identifier: Apache-2.0 */
import assert from "node:assert/strict";
import test from "node:test";
import { WORDS, nextStep } from "../../services/intake/console/pure/next.js";
import { orderQueue, queueReasons } from "../../services/intake/console/pure/urgency.js";
import { line as everywhere } from "../../services/intake/console/pure/words/line.js";
import { next } from "../../services/intake/console/pure/words/next.js";

const words = { ...everywhere, ...next };

const NOW = "2026-11-25T14:22:00+09:00";
const ago = (seconds) => new Date(Date.parse(NOW) - seconds * 1000).toISOString();
const field = (pointer, stage, type = "text") => ({ pointer, ja: `項目${pointer}`, en: `Item ${pointer}`, stage, type, max: 200 });

const SHEET = {
    sections: [{ pointer: "/contact" }, { pointer: "/incident" }, { pointer: "/device" }],
    fields: [field("/contact/company", "A"), field("/contact/phone", "A"), field("/contact/email", "B"), field("/incident/type", "B"),
        field("/contact/responsible_person", "H"), { ...field("/device", "optional", "list"), min: 1 }, field("/device/N/usage", "B"),
        field("/device/N/disk_encrypted", "H")],
};
const STEP = (step, kind, mandatory = true) => ({ step, kind_of_step: kind, mandatory, title: { ja: `手順${step}`, en: `Step ${step}` } });
const PLAYBOOKS = [{ playbook: "ransomware", version: "1",
    steps: [STEP("isolate", "contain"), STEP("photograph", "preserve"), STEP("detach", "contain", false), STEP("judge_leak", "report")] }];
const DESK = { people: [{ id: "sato", name: "佐藤" }], provider: { id: "p", name: { ja: "例示フォレンジック株式会社", en: "Sample Forensics, Inc." } } };
const UP = { session: null, intake: null, kafka: null, redis: null, stream: null };
const ID = "01a20000-0000-7000-8000-00000000000a";

/* A case in which everything has been asked, done and agreed to; each row below takes something from it or adds to it. */
const HEARING = { contact: { company: "社", phone: "03", email: "a@example.jp", responsible_person: "山田" }, incident: { type: "ransomware" },
    device: [{ usage: "shared", disk_encrypted: "no" }] };
const done = (step, kind) => [`ransomware/${step}`, { kind_of_step: kind, who: "customer" }];
const CASE = {
    id: ID, number: "XNK-K8N-NSV-4", opened_at: ago(3600), customer_id: "C0142", hearing: HEARING, status: "assessment", flags: [],
    triage: { status: "found", searches: [{ requested_at: ago(3500) }] },
    policy: { playbook: "ransomware", mandatory_steps: [{ step: "isolate", kind_of_step: "contain", playbook: "ransomware" },
        { step: "photograph", kind_of_step: "preserve", playbook: "ransomware" }, { step: "judge_leak", kind_of_step: "report", playbook: "ransomware" }] },
    steps_done: Object.fromEntries([done("isolate", "contain"), done("photograph", "preserve"), done("judge_leak", "report")]),
    assessment: { needed: "yes" }, consents: [{ scopes: ["desk", "provision", "report"] }], intention: { provider: "p" },
    handovers: [], escalation: { state: "none", handover: null, reasons: [], warnings: [] }, next_steps: [],
};
const BASE = { screen: "call", me: { id: "hanako", roles: ["operator"] }, connection: UP, draft: null, case: CASE, sheet: SHEET,
    playbooks: PLAYBOOKS, desk: DESK, now: NOW };

const withCase = (changes) => ({ case: { ...CASE, ...changes } });
const draft = (hearing, more = {}) => ({ case: null, draft: { hearing, ...more } });
const state = (name, more = {}) => withCase({ escalation: { state: name, handover: "h", reasons: [], handovers: [{ id: "h",
    reply_by: "2026-11-25T12:10:00+09:00" }], ...more }, handovers: [{ id: "h", requested_by: { id: "hanako" } }] });
const reason = (code, more = {}) => ({ code, clause: "1-2", ja: "理由", en: "Why", cure: { ja: "直し方", en: "Cure" }, ...more });
const held = (...reasons) => state("held", { reasons });
const proposal = (more = {}) => ({ proposed: { id: "P1", setting: { code: "block_address", ja: "遮断リスト", en: "Block list" } }, ...more });
const down = (part, more = {}) => ({ connection: { ...UP, [part]: Date.parse(ago(12)) }, ...more });
const without = (name) => withCase({ [name]: undefined });
const address = (screen) => ({ kind: "go", address: `/cases/${ID}/${screen}` });

const conflicts = [{ pointer: "/contact/email", by: "sato", mine: "a", theirs: "b" }];

/* what has happened, how it differs, the word, the act (members that are named), values */
const TABLE = [
    ["a call begins", draft({}), "ask_to_open", { kind: "focus", pointer: "/contact/company" }, { left: 2, item: { ja: "項目/contact/company", en: "Item /contact/company" } }],
    ["one item is left", draft({ contact: { company: "社" } }), "ask_to_open", { kind: "focus", pointer: "/contact/phone" }, { left: 1 }],
    ["the A items are there", draft({ contact: { company: "社", phone: "03" } }), "open_case", { kind: "open_case" }],
    ["it is being opened", draft({ contact: { company: "社", phone: "03" } }, { opening: { since: ago(1), tries: 1 } }), "opening", null],
    ["nobody knows whose case it is", withCase({ customer_id: null }), "identify_customer", { kind: "customer" }],
    ["and the search was waived", withCase({ customer_id: null, waivers: { search: { reason: "契約なし" } } }), "check_handover", address("handover")],
    ["the search runs", withCase({ triage: { status: "searching", searches: [{ requested_at: ago(3) }] } }), "search_runs", { kind: "detections" }],
    ["it runs for long", withCase({ triage: { status: "searching", searches: [{ requested_at: ago(60) }] } }), "check_handover", address("handover")],
    ["just opened", withCase({ opened_at: ago(2), triage: { status: "waiting" } }), "search_runs", { kind: "detections" }],
    ["it spreads", withCase({ policy: undefined, steps_done: {}, assessment: undefined }), "step", { kind: "step", playbook: "ransomware", step: "isolate" },
        { title: { ja: "手順isolate", en: "Step isolate" }, left: 1 }],
    ["it spreads, seen from the hand-over", { ...withCase({ steps_done: {}, assessment: undefined }), screen: "today" }, "step", address("call")],
    ["it was contained, an item is missing", withCase({ policy: undefined, steps_done: Object.fromEntries([done("isolate", "contain")]), assessment: undefined,
        hearing: { ...HEARING, contact: { company: "社", phone: "03" } } }), "ask_for_policy", { kind: "focus", pointer: "/contact/email" }, { left: 1 }],
    ["the kind of incident comes first", withCase({ policy: undefined, steps_done: {}, assessment: undefined, hearing: {} }), "ask_for_policy",
        { kind: "focus", pointer: "/incident/type" }, { left: 3 }],
    ["an item of the second device", withCase({ policy: undefined, hearing: { ...HEARING, device: [{ usage: "shared" }, {}] } }), "ask_for_policy_entry",
        { kind: "focus", pointer: "/device/1/usage" }, { number: 2, left: 1 }],
    ["what is typed counts before what is saved", { ...withCase({ policy: undefined, hearing: {} }), draft: { hearing: HEARING } }, "decide_policy", { kind: "policy" }],
    ["nothing is missing for the policy", without("policy"), "decide_policy", { kind: "policy" }],
    ["first response", withCase({ assessment: undefined, steps_done: Object.fromEntries([done("isolate", "contain")]) }), "step",
        { kind: "step", playbook: "ransomware", step: "photograph" }, { left: 2 }],
    ["of another kind is not done", withCase({ assessment: undefined, steps_done: { ...CASE.steps_done, "ransomware/photograph": { kind_of_step: "report" } } }), "step",
        { kind: "step", step: "photograph" }],
    ["waived is done", withCase({ assessment: undefined, steps_done: Object.fromEntries([done("isolate", "contain"), done("judge_leak", "report")]),
        waivers: { mandatory: { "ransomware/photograph": { reason: "x" } } } }), "assess", { kind: "assessment" }],
    ["put off", { ...withCase({ assessment: undefined, steps_done: Object.fromEntries([done("isolate", "contain"), done("judge_leak", "report")]) }),
        draft: { hearing: HEARING, put_off: ["ransomware/photograph"] } }, "assess", { kind: "assessment" }],
    ["no assessment", without("assessment"), "assess", { kind: "assessment" }],
    ["no analysis is needed", withCase({ assessment: { needed: "no" } }), "close_not_needed", { kind: "close" }],
    ["and a step is open", withCase({ assessment: { needed: "no" }, steps_done: {} }), "step_before_close", { kind: "step", step: "isolate" }, { left: 3 }],
    ["no consent", withCase({ consents: [] }), "take_consent", address("consent")],
    ["consent to another version", state("none", { reasons: [reason("consent_document")] }), "cure", address("consent"), { cure: { ja: "直し方", en: "Cure" } }],
    ["no intention", withCase({ intention: null }), "ask_intention", address("intention"), { provider: DESK.provider.name }],
    ["consent was taken back", withCase({ consents: [{ withdrawn: {} }] }), "close_withdrawn", { kind: "close" }],
    ["the last consent was taken back, an earlier one was not", withCase({ consents: [{}, { withdrawn: {} }] }), "close_withdrawn", { kind: "close" }],
    ["and is given again", withCase({ consents: [{ withdrawn: {} }, {}] }), "check_handover", address("handover")],
    ["intention was taken back", withCase({ intention: { withdrawn: {} } }), "close_withdrawn", { kind: "close" }],
    ["an H item", withCase({ hearing: { ...HEARING, contact: { ...HEARING.contact, responsible_person: undefined } } }), "ask_for_handover",
        { kind: "focus", pointer: "/contact/responsible_person" }, { left: 1 }],
    ["an H item, on the case", { ...withCase({ hearing: { ...HEARING, device: "unknown", contact: {} } }), screen: "case" }, "ask_for_handover",
        { kind: "go", address: `/cases/${ID}/call#/contact/responsible_person`, words: "act.focus" }],
    ["the search failed", state("none", { reasons: [reason("search_pending")] }), "cure", { kind: "detections" }],
    ["all is there", {}, "check_handover", address("handover")],
    ["all is there, on the check", { screen: "handover" }, "check_handover", { kind: "check" }],
    ["the policy does not hold a hand-over", { ...withCase({ policy: undefined, hearing: { ...HEARING, incident: {} } }), screen: "handover" }, "check_handover", { kind: "check" }],
    ["held: an item", held(reason("hearing_missing", { pointer: "/contact/responsible_person" }), reason("consent_missing")), "ask_for_handover",
        { kind: "focus", pointer: "/contact/responsible_person" }, { left: 1 }],
    ["held: consent", held(reason("consent_missing"), reason("intention_missing")), "cure", address("consent"), { left: 2, clause: "1-2" }],
    ["held: intention", held(reason("intention_provider")), "cure", address("intention")],
    ["held: something else has changed", held(reason("changed_since_confirmed")), "cure", address("handover")],
    ["held: approval, by who asked", held(reason("not_approved")), "approval_waits", null],
    ["held: approval, by another", { ...held(reason("not_approved")), me: { id: "taro", roles: ["operator"] } }, "cure", { kind: "approve", handover: "h" }],
    ["held, and nobody has said why", held(), "check_handover", address("handover")],
    ["prepared", state("preparing"), "handover_preparing", null],
    ["offered", state("offered"), "waiting_for_answer", address("handover"), { time: "12:10", provider: DESK.provider.name }],
    ["overdue", state("overdue"), "call_provider", { kind: "note" }, { time: "12:10" }],
    ["accepted", state("accepted"), "waiting_for_key", address("handover")],
    ["released", state("released"), "waiting_for_report", address("handover")],
    ["declined", state("declined"), "provider_declined", { kind: "note" }],
    ["recalled", state("recalled"), "waiting_for_deletion", address("handover")],
    ["cancelled by the operator: it may be asked for again", state("cancelled"), "check_handover", address("handover")],
    ["reported, nothing proposed", state("reported"), "close_reported", { kind: "close" }],
    ["reported, a step is open", withCase({ escalation: { state: "reported" }, steps_done: {} }), "step_before_close", { kind: "step", step: "isolate" }],
    ["a proposal", withCase({ proposals: { P1: proposal() } }), "ask_proposal", { kind: "proposal", id: "P1" }, { left: 1, total: 1, setting: { ja: "遮断リスト" } }],
    ["agreed", withCase({ proposals: { P1: proposal({ decided: { decision: "agreed" } }) } }), "apply_proposal", { kind: "proposal", id: "P1" }],
    ["first all answers", withCase({ proposals: { P1: proposal({ decided: { decision: "agreed" } }), P2: proposal() } }), "ask_proposal", { kind: "proposal", id: "P2" }],
    ["refused", withCase({ proposals: { P1: proposal({ decided: { decision: "refused" } }) } }), "close_reported", { kind: "close" }],
    ["applied", withCase({ proposals: { P1: proposal({ decided: { decision: "agreed" }, applied: { result: "applied" } }) } }), "close_reported", { kind: "close" }],
    ["closed", withCase({ closed: { outcome: "resolved" }, consents: [] }), "closed", null],
    ["a call was promised", withCase({ callback: { due_at: ago(60) } }), "call_back", { kind: "callback" }, { time: "14:21" }],
    ["for later", withCase({ callback: { due_at: ago(-60) } }), "check_handover", address("handover")],
    ["a mail was refused", withCase({ next_steps: [{ step: "confirm_address", ja: "電話で", en: "By phone" }] }), "notice_step",
        { kind: "focus", pointer: "/contact/email" }, { text: { ja: "電話で", en: "By phone" } }],
    ["a customer without mail", withCase({ next_steps: [{ step: "call_customer", ja: "電話で", en: "By phone" }] }), "notice_step", { kind: "note" }],
    ["who was told", withCase({ next_steps: [{ step: "call_customer", done: true }] }), "check_handover", address("handover")],
    ["an auditor reads", { me: { id: "a", roles: ["auditor"] } }, "nothing", null],
    ["the queue", { screen: "queue", case: null }, "nothing", null],
    ["the tables are not there yet", { screen: "call", case: null, draft: { hearing: {} }, sheet: null }, "nothing", null],
];

const TROUBLES = [
    ["session", down("session"), "session_expired", { kind: "sign_in" }],
    ["session, though all else is away", { connection: { session: 1, intake: 1, kafka: 1, redis: 1, stream: 1 } }, "session_expired", { kind: "sign_in" }],
    ["opening", down("kafka", draft({}, { opening: { since: ago(12), tries: 4 } })), "opening_waits", null, {}, { time: "0:12", tries: 4 }],
    ["opening, once more", draft({}, { opening: { since: ago(75), tries: 2 } }), "opening_waits", null, {}, { time: "1:15", tries: 2 }],
    ["intake", down("intake"), "intake_down", null], ["kafka", down("kafka"), "kafka_down", null],
    ["redis", down("redis"), "redis_down", null],
    ...["kafka", "intake", "redis"].flatMap((part) => [
        [`${part} at the hand-over`, down(part, { screen: "handover" }), "away_handover", null],
        [`${part} at the consent`, down(part, { screen: "consent" }), "away_given", null],
        [`${part} at the intention`, down(part, { screen: "intention" }), "away_given", null]]),
    ["stream", down("stream"), "stream_lost", null, { time: "14:21" }],
    ["chain", { chain: { ok: false, time: "2026-11-25T13:20:00+09:00" } }, "chain_broken", { kind: "chain" }, { time: "13:20" }],
    ["conflict", { draft: { hearing: HEARING, conflicts } }, "conflict", { kind: "compare", pointer: "/contact/email" }, { who: "佐藤", left: 1 }],
    ["conflict with somebody who left the desk", { draft: { hearing: HEARING, conflicts: [{ pointer: "/contact/email", by: "kato" }] } }, "conflict",
        { kind: "compare" }, { who: "kato" }],
    ["conflict with oneself", { draft: { hearing: HEARING, conflicts: [{ pointer: "/contact/email", by: "hanako" }] } }, "conflict_own", { kind: "compare" }],
    ["conflict, nobody knows with whom", { draft: { hearing: HEARING, conflicts: [{ pointer: "/contact/email" }] } }, "conflict_someone", { kind: "compare" }],
    ["a chain that breaks before a conflict", { chain: { ok: false }, draft: { hearing: HEARING, conflicts } }, "chain_broken", { kind: "chain" }],
];

function check([what, changes, key, act, values = {}, extra], trouble) {
    const found = nextStep({ ...BASE, ...changes });
    assert.equal(found.key, key, what);
    assert.equal(found.trouble, trouble, what);
    assert.ok(words[found.key], `${what}: no words`);
    if (act === null)
        assert.equal(found.act, null, what);
    else
        assert.deepEqual({ ...found.act, ...act }, found.act, what);
    if (found.act && found.act.kind !== "go")
        assert.ok(words[found.act.words ?? `act.${found.act.kind}`], `${what}: no words for the act`);
    for (const [name, value] of Object.entries(values))
        assert.deepEqual(typeof value === "object" ? { ...found.values[name], ...value } : found.values[name], typeof value === "object" ? found.values[name] : value,
            `${what}: ${name}`);
    if (extra)
        assert.deepEqual(found.extra.values, extra, what);
    for (const [, name] of words[found.key].join("").matchAll(/\{(\w+)\}/g))
        assert.ok(found.values[name] !== undefined && found.values[name] !== "", `${what}: {${name}} is not there`);
}

test(`what is next, ${TABLE.length} situations`, () => TABLE.forEach((row) => check(row, false)));
test("trouble comes first, in its order", () => TROUBLES.forEach((row) => check(row, true)));

test("a case of which nothing is there yet", () => {
    for (const screen of ["queue", "call", "case", "handover", "today", "admin"])
        assert.ok(words[nextStep({ screen, now: NOW, case: { id: ID }, sheet: SHEET }).key]);
});

test("words: both languages, short sentences, nothing that blames, no jargon", () => {
    const missing = WORDS.filter((key) => !words[key]);
    assert.deepEqual(missing, []);
    const unused = Object.keys(words).filter((key) => !WORDS.includes(key) && !key.startsWith("act."));
    assert.deepEqual(unused, []);
    for (const [key, [ja, en]] of Object.entries(words)) {
        const sentences = ja.replace(/\{\w+\}/g, "").split("。");
        assert.ok(sentences.every((sentence) => [...sentence].length <= 40), key);
        assert.doesNotMatch(ja, /エラー|不正|失敗しました|無効|4\d\d/, key);
        assert.doesNotMatch(en, /error|invalid|failure|illegal|4\d\d/i, key);
        assert.deepEqual([...ja.matchAll(/\{\w+\}/g)].map(String).sort(), [...en.matchAll(/\{\w+\}/g)].map(String).sort(), key);
        assert.equal(ja === "", en === "", key);
    }
});

/* --- the queue ---------------------------------------------------------------------------------------------------------- */

const line = (id, more = {}) => ({ id, status: "consultation", flags: [], escalation: "none", detections: 0, opened_at: ago(7200), changed_at: ago(7200),
    next_steps: [], ...more });

test("why a case stands first", () => {
    const options = { now: NOW, seen: { d: 3 } };
    for (const [row, expected] of [
        [line("a"), []], [line("a", { flags: ["overdue"], escalation: "overdue" }), ["overdue"]], [line("a", { flags: ["held"] }), ["held"]],
        [line("a", { due: { due_at: ago(60) } }), ["overdue"]], [line("a", { due: { due_at: ago(-60) } }), []],
        [line("d", { detections: 4 }), ["new_detections"]], [line("d", { detections: 3 }), []], [line("never seen", { detections: 4 }), []],
        [line("a", { flags: ["out_of_hours"] }), ["out_of_hours"]], [line("a", { flags: ["out_of_hours"], attention: [] }), []],
        [line("a", { attention: ["untouched"] }), ["out_of_hours"]], [line("a", { flags: ["out_of_hours"], status: "policy" }), []],
        [line("a", { next_steps: [{ step: "make_sure" }] }), ["notice_failed"]], [line("a", { next_steps: [{ step: "call_customer", done: true }] }), []],
        [line("d", { flags: ["held"], detections: 9, next_steps: [{}] }), ["held", "new_detections", "notice_failed"]],
        [line("a", { status: "closed", flags: ["overdue"] }), []]])
        assert.deepEqual(queueReasons(row, options), expected, JSON.stringify(row));
});

test("the order of the queue", () => {
    const rows = [line("rest-old", { changed_at: ago(900) }), line("rest-new", { changed_at: ago(10) }), line("notice", { next_steps: [{}] }),
        line("night", { flags: ["out_of_hours"] }), line("seen", { detections: 5 }), line("held", { flags: ["held"], reply_by: null }),
        line("late", { flags: ["overdue"], reply_by: ago(100) }), line("later", { flags: ["overdue"], reply_by: ago(5000) }), line("closed", { status: "closed" })];
    const { urgent, rest } = orderQueue(rows, { now: NOW, seen: { seen: 4 } });
    assert.deepEqual(urgent.map(({ row }) => row.id), ["later", "late", "held", "seen", "night", "notice"]);
    assert.deepEqual(rest.map(({ row }) => row.id), ["rest-new", "rest-old", "closed"]);
    assert.deepEqual(orderQueue([...rows].reverse(), { now: NOW, seen: { seen: 4 } }), { urgent, rest });
    assert.deepEqual(orderQueue([]), { urgent: [], rest: [] });
});

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * 次の一手: the one thing that is next, out of the case, what is typed, the connection and the gate. Tables from top to
 * bottom: trouble first, then how the hand-over stands, then the seven steps. The first row that has something to say
 * is it.
 *
 * A row is [key, say]; say(about) gives nothing, or {values, act, key, extra} (key: where the row has another word for
 * it). Values may be {ja, en}. Words: pure/words/next.js.
 */
import { inForce, intentionInForce } from "./consent.js";
import { personOf, whoseOf } from "./people.js";
import { playbookOf } from "./playbook.js";
import { fieldAt, missing, valueAt } from "./sheet.js";
import { clock, firstOf, said, TROUBLE, BY_HAND } from "./trouble.js";
import { REASONS } from "./urgency.js";

const SEARCH_SHOWN_MS = 15000; /* a search that takes longer is not waited for with the next question */
const ACTING_ROLES = ["operator", "supervisor"];

const go = (about, screen, words) => ({ kind: "go", address: `/cases/${about.case.id}/${screen}`, words });

/* --- what is asked of case and hearing ---------------------------------------------------------------------------- */

const reasonsOf = (about) => about.case.escalation?.reasons ?? [];
const stateOf = (about) => about.case.escalation?.state ?? "none";
const hasConsent = (about) => inForce(about.case.consents ?? []).length > 0;
const provider = (about) => about.desk?.provider?.name ?? "";

function openHandover(about) {
    const handovers = about.case.escalation?.handovers ?? [];
    return handovers.find(({ id }) => id === about.case.escalation.handover) ?? handovers.at(-1) ?? {};
}

/* On the sheet the field itself, elsewhere the way to it. */
function focus(about, pointer) {
    if (about.screen === "call" || !about.case)
        return { kind: "focus", pointer };
    return { kind: "go", address: `/cases/${about.case.id}/call#${pointer}`, words: "act.focus" };
}

const listAround = (pointer) => pointer.match(/^(.*)\/(\d+)\//);

/* The item by its name; which one where there are several devices. */
function ask(about, pointers, key) {
    const [pointer] = pointers;
    const { ja, en } = fieldAt(about.sheet, about.hearing, pointer) ?? { ja: pointer, en: pointer };
    const around = listAround(pointer);
    const several = around && valueAt(about.hearing, around[1]).length > 1;
    const values = { item: { ja, en }, left: pointers.length, ...(several ? { number: Number(around[2]) + 1 } : {}) };
    return said(values, focus(about, pointer), { key: several ? `${key}_entry` : key });
}

function askOf(about, stage, key) {
    const pointers = missing(about.sheet, about.hearing, stage);
    return pointers.length > 0 ? ask(about, pointers, key) : null;
}

/* The kind of incident first: it says which first response is right. */
function askForPolicy(about) {
    const pointers = missing(about.sheet, about.hearing, "B");
    const isFirst = (pointer) => pointer === "/incident/type";
    const inOrder = [...pointers.filter(isFirst), ...pointers.filter((pointer) => !isFirst(pointer))];
    return inOrder.length > 0 ? ask(about, inOrder, "ask_for_policy") : null;
}

/* --- steps of the playbook ---------------------------------------------------------------------------------------- */

const keyOfStep = (about, step) => `${step.playbook ?? about.case.policy?.playbook ?? ""}/${step.step}`;

/* Before the policy what would be mandatory, afterwards what is. */
function mandatorySteps(about) {
    const playbook = playbookOf(about.playbooks, about.hearing, about.case);
    const wouldBe = (playbook?.steps ?? []).filter((step) => step.mandatory).map((step) =>
        ({ ...step, playbook: playbook.playbook }));
    return about.case.policy ? about.case.policy.mandatory_steps ?? [] : wouldBe;
}

function isDoneOrWaived(about, step) {
    const key = keyOfStep(about, step);
    const { steps_done: done = {}, waivers = {} } = about.case;
    return done[key]?.kind_of_step === step.kind_of_step || Boolean(waivers.steps?.[key] ?? waivers.mandatory?.[key]);
}

/** Mandatory steps that are neither done nor waived: [{step, kind_of_step, playbook}] */
export function openSteps(about) {
    return mandatorySteps(about).filter((step) => !isDoneOrWaived(about, step));
}

function titleOf(about, step) {
    const name = step.playbook ?? about.case.policy?.playbook;
    const playbook = (about.playbooks ?? []).find((one) => one.playbook === name);
    return playbook?.steps.find((one) => one.step === step.step)?.title ?? { ja: step.step, en: step.step };
}

function sayStep(about, steps) {
    const [step] = steps;
    if (!step)
        return null;
    const playbook = step.playbook ?? about.case.policy?.playbook ?? null;
    const act = ["call", "case"].includes(about.screen) ? { kind: "step", playbook, step: step.step }
        : go(about, "call", "act.step");
    return said({ title: titleOf(about, step), left: steps.length }, act);
}

const isPutOff = (about, step) => (about.draft?.put_off ?? []).includes(keyOfStep(about, step));

/* --- trouble ------------------------------------------------------------------------------------------------------ */

function conflict(about) {
    const [first] = about.draft?.conflicts ?? [];
    if (!first)
        return null;
    const field = about.sheet ? fieldAt(about.sheet, about.hearing, first.pointer) : null;
    const item = field ? { ja: field.ja, en: field.en } : first.pointer;
    return said({ who: personOf(about.desk, first.by) ?? "", item, left: about.draft.conflicts.length },
        { kind: "compare", pointer: first.pointer }, { key: CONFLICT_WORDS[whoseOf(first.by, about.me?.id)] });
}

const CONFLICT_WORDS = { own: "conflict_own", named: "conflict", someone: "conflict_someone" };
const CONFLICT = [["conflict", conflict]];

/* --- before there is a case --------------------------------------------------------------------------------------- */

const DRAFT = [
    ["opening", ({ draft }) => draft.opening && said()],
    ["ask_to_open", (about) => askOf(about, "A", "ask_to_open")],
    ["open_case", () => said({}, { kind: "open_case" })],
];

/* --- how the hand-over stands ------------------------------------------------------------------------------------- */

/* Where each row of the gate is cured. */
const CURES = [
    [/^not_approved$/, approve],
    [/^consent_/, (about) => go(about, "consent", "act.consent")],
    [/^intention_/, (about) => go(about, "intention", "act.intention")],
    [/^search_pending$/, () => ({ kind: "detections" })],
    [/^extract_foreign$/, () => ({ kind: "detections" })],
    [/./, (about) => go(about, "handover", "act.handover")],
];

function approve(about) {
    const { id } = openHandover(about);
    const request = (about.case.handovers ?? []).find((handover) => handover.id === id);
    return request?.requested_by?.id === about.me?.id ? null : { kind: "approve", handover: id };
}

function cure(about, reasons) {
    const [reason] = reasons;
    if (!reason)
        return null;
    if (reason.code === "hearing_missing" && reason.pointer)
        return ask(about, reasons.filter(({ code }) => code === reason.code).map(({ pointer }) => pointer),
            "ask_for_handover");
    const act = CURES.find(([codes]) => codes.test(reason.code))[1](about);
    const why = { ja: reason.ja ?? reason.code, en: reason.en ?? reason.code };
    return said({ why, cure: reason.cure ?? why, clause: reason.clause, left: reasons.length }, act,
        { key: reason.code === "not_approved" && !act ? "approval_waits" : "cure" });
}

const stands = (state, say) => (about) => (stateOf(about) === state ? say(about) : null);
const waitsUntil = (about) => said({ provider: provider(about), time: clock(about, openHandover(about).reply_by) },
    about.screen === "handover" ? null : go(about, "handover", "act.handover_state"));
const note = (words) => ({ kind: "note", words });

function callBack(about) {
    const due = about.case.callback?.due_at;
    return due && new Date(due) <= about.now ? said({ time: clock(about, due) }, { kind: "callback" }) : null;
}

/* What a notice could not do by itself; the desk says it in its own words. */
function noticeStep(about) {
    const step = (about.case.next_steps ?? []).find(({ done }) => !done);
    return step && said({ text: { ja: step.ja, en: step.en } },
        step.step === "confirm_address" ? focus(about, "/contact/email") : note("act.note"));
}

const proposalsOf = (about) => Object.entries(about.case.proposals ?? {});
const isUndecided = ([, proposal]) => !proposal.decided;
const isUnapplied = ([, { decided, applied }]) => decided?.decision === "agreed" && !applied;

function sayProposal(about, isOpen) {
    const open = proposalsOf(about).filter(isOpen);
    if (open.length === 0)
        return null;
    const [[id, { proposed }]] = open;
    const { ja, en } = proposed.setting ?? {};
    return said({ setting: { ja: ja ?? id, en: en ?? id }, left: open.length, total: proposalsOf(about).length },
        { kind: "proposal", id });
}

const isReported = (about) => stateOf(about) === "reported" || proposalsOf(about).length > 0;
const whenReported = (say) => (about) => (isReported(about) ? say(about) : null);
const close = () => said({}, { kind: "close" });

const HANDOVER = [
    ["closed", (about) => about.case.closed && said()],
    ["call_provider", stands("overdue", (about) =>
        said({ provider: provider(about), time: clock(about, openHandover(about).reply_by) },
        note("act.note_call")))],
    ["call_back", callBack],
    ["cure", stands("held", (about) => cure(about, reasonsOf(about)))],
    ["notice_step", (about) => about.screen !== "handover" && noticeStep(about)],
    ["provider_declined", stands("declined", (about) => said({ provider: provider(about) }, note("act.note_call")))],
    ["ask_proposal", (about) => sayProposal(about, isUndecided)],
    ["apply_proposal", (about) => sayProposal(about, isUnapplied)],
    ["step_before_close", whenReported((about) => sayStep(about, openSteps(about)))],
    ["close_reported", whenReported(close)],
    ["handover_preparing", stands("preparing", () => said())],
    ["waiting_for_answer", stands("offered", waitsUntil)],
    ["waiting_for_key", stands("accepted", waitsUntil)],
    ["waiting_for_report", stands("released", waitsUntil)],
    ["waiting_for_deletion", stands("recalled", waitsUntil)],
];

/* --- the seven steps ---------------------------------------------------------------------------------------------- */

const isSearchWaived = (about) => Boolean(about.case.waivers?.search);

function searchRuns(about) {
    const { status, searches = [] } = about.case.triage ?? {};
    const begun = { searching: searches.at(-1)?.requested_at, waiting: about.case.opened_at }[status];
    const young = begun && about.now - new Date(begun) < SEARCH_SHOWN_MS;
    return young && !isSearchWaived(about) ? said({}, { kind: "detections" }) : null;
}

const RESPONSE = [
    ["identify_customer", (about) => !about.case.customer_id && !isSearchWaived(about) &&
        said({}, { kind: "customer" })],
    ["search_runs", searchRuns],
    ["step", (about) => !about.case.assessment &&
        sayStep(about, openSteps(about).filter(({ kind_of_step: kind }) => kind === "contain"))],
    ["ask_for_policy", (about) => !about.case.policy && askForPolicy(about)],
    ["decide_policy", (about) => !about.case.policy && said({}, { kind: "policy" })],
    ["step", (about) => !about.case.assessment &&
        sayStep(about, openSteps(about).filter((step) => !isPutOff(about, step)))],
    ["assess", (about) => !about.case.assessment && said({}, { kind: "assessment" })],
];

const isNotNeeded = (about) => about.case.assessment?.needed === "no";
/* A consent or an intention that was taken back is not asked for again. */
const isWithdrawn = (about) => Boolean(about.case.intention?.withdrawn) ||
    (!hasConsent(about) && about.case.consents?.length > 0);

const ENDS = [
    ["step_before_close", (about) => (isNotNeeded(about) || isWithdrawn(about)) && sayStep(about, openSteps(about))],
    ["close_not_needed", (about) => isNotNeeded(about) && close()],
    ["close_withdrawn", (about) => isWithdrawn(about) && about.screen !== "handover" && close()],
];

const reasonsLike = (about, pattern) => reasonsOf(about).filter(({ code }) => pattern.test(code));

const GATE = [
    ["take_consent", (about) => !hasConsent(about) && said({}, go(about, "consent", "act.consent"))],
    ["cure", (about) => cure(about, reasonsLike(about, /^consent_/))],
    ["ask_intention", (about) => !intentionInForce(about.case.intention) &&
        said({ provider: provider(about) }, go(about, "intention", "act.intention"))],
    ["cure", (about) => cure(about, reasonsLike(about, /^intention_/))],
    ["ask_for_handover", (about) => askOf(about, "H", "ask_for_handover")],
    ["cure", (about) => cure(about, reasonsLike(about, /^(?!hearing_missing$)/))],
    ["check_handover", (about) => said({ provider: provider(about) }, about.screen === "handover" ? { kind: "check" }
        : go(about, "handover", "act.handover"))],
];

/* --- the one sentence --------------------------------------------------------------------------------------------- */

const NOTHING = { key: "nothing", values: {}, act: null, trouble: false };

const mayAct = ({ me }) => !me?.roles || me.roles.some((role) => ACTING_ROLES.includes(role));

function rowsFor(about) {
    if (!mayAct(about))
        return [];
    if (!about.case)
        return about.draft && about.sheet ? DRAFT : [];
    /* Neither policy nor first response holds a hand-over: who stands before it is told what does. */
    return about.screen === "handover" ? [...HANDOVER, ...GATE] : [...HANDOVER, ...RESPONSE, ...ENDS, ...GATE];
}

/**
 * nextStep({screen, me, connection, draft, case, sheet, playbooks, desk, now, chain}) → {key, values, act, trouble,
 * extra?}
 *
 *   screen      queue, call, case, consent, intention, handover, today, admin
 *   connection  {session, intake, kafka, redis, stream}: null, or since when it is away
 *   draft       {hearing, opening: {since, tries}, conflicts: [{pointer, by: id or null}], put_off: ["ransomware/copy_devices"]}
 *               or null; its hearing counts before the case's
 *   case, sheet, playbooks, desk  as the API has them (playbooks: the list); null where they are not there yet
 *   chain       {ok, time} of the last check in the browser: when the event was recorded that breaks it
 * act: null, or {kind, words?, …} with kind sign_in, go {address}, focus {pointer}, open_case, compare {pointer},
 * chain, customer, detections, step {playbook, step}, policy, assessment, approve {handover}, callback, note, proposal
 * {id}, close, check.
 */
export function nextStep(given) {
    const about = { connection: {}, ...given, hearing: given.draft?.hearing ?? given.case?.hearing ?? {},
        now: new Date(given.now) };
    return firstOf([...TROUBLE, ...CONFLICT], about, true) ?? firstOf(rowsFor(about), about, false) ?? NOTHING;
}

/** Every word that nextStep and queueReasons can name. */
export const WORDS = [...new Set([...[TROUBLE, CONFLICT, DRAFT, HANDOVER, RESPONSE, ENDS, GATE].flat().map(([key]) => key),
    "nothing", "opening_waits.extra", ...Object.values(BY_HAND), "conflict_someone", "conflict_own", "approval_waits",
    "ask_for_policy_entry", "ask_for_handover_entry", ...REASONS.map(([reason]) => `reason.${reason}`)])];

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hearing sheet (GET /v1/hearing-sheet) over one hearing: its fields in the form's order, what is still to be asked
 * (as intake and escalation decide it), and what typed text becomes as a JSON value. The server decides; what is found
 * wrong here is found early.
 */
import { parseWhen } from "./when.js";

const LISTS = ["list", "texts", "choices", "addresses"];
const ENTRY_CHARACTERS_MAX = 200; /* of an entry of a plain list */
const PHONE_DIGITS_MIN = 9;
const ANSWERS = { 不明: "unknown", わからない: "unknown", 分からない: "unknown", unknown: "unknown", 回答なし: "declined",
    declined: "declined" };

/* --- pointers (RFC 6901) ------------------------------------------------------------------------------------------ */

const stepsOf = (pointer) => pointer.split("/").slice(1).map((step) =>
    step.replaceAll("~1", "/").replaceAll("~0", "~"));
const isIndex = (step) => /^(?:0|[1-9]\d{0,3})$/.test(step);
const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);

/** "/device/0/os" → "/device/N/os" */
export const templateOf = (pointer) => pointer.split("/").map((step) => (isIndex(step) ? "N" : step)).join("/");

function memberOf(value, step) {
    if (Array.isArray(value))
        return isIndex(step) ? value[Number(step)] : undefined;
    return isObject(value) && Object.hasOwn(value, step) ? value[step] : undefined;
}

/** undefined where nothing stands */
export const valueAt = (hearing, pointer) => stepsOf(pointer).reduce(memberOf, hearing);

function setIn(value, [step, ...rest], made) {
    const next = rest.length === 0 ? made : setIn(memberOf(value, step), rest, made);
    return isIndex(step) ? setEntry(Array.isArray(value) ? value : [], Number(step), next)
        : { ...(isObject(value) ? value : {}), [step]: next };
}

function setEntry(list, index, entry) {
    const before = Array.from({ length: Math.max(list.length, index) }, (_, i) => list[i] ?? {});
    return [...before.slice(0, index), entry, ...before.slice(index + 1)];
}

/* A section goes with its last member; an entry of a list stays, it is a device of which nothing is known. */
function removeIn(value, [step, ...rest], isEntry = false) {
    const member = memberOf(value, step);
    if (member === undefined)
        return value;
    const next = rest.length === 0 ? undefined : removeIn(member, rest, Array.isArray(value));
    if (Array.isArray(value))
        return next === undefined ? value.filter((_, i) => i !== Number(step)) : setEntry(value, Number(step), next);
    const { [step]: gone, ...others } = value;
    const changed = next === undefined ? others : { ...value, [step]: next };
    return Object.keys(changed).length === 0 && !isEntry ? undefined : changed;
}

/**
 * A hearing in which `value` stands at `pointer`, with the sections and entries around it made; undefined takes it
 * away.
 */
export function withValue(hearing, pointer, value) {
    const steps = stepsOf(pointer);
    if (value !== undefined)
        return setIn(hearing ?? {}, steps, value);
    return removeIn(hearing ?? {}, steps) ?? {};
}

/* --- fields ------------------------------------------------------------------------------------------------------- */

export const isListTemplate = (field) => LISTS.includes(field.type);

/** Whether the order of the entries says something (priorities). */
export const isOrderedTemplate = (sheet, template) =>
    Boolean(sheet?.fields.some((field) => field.pointer === template && field.type === "choices"));

/** Of personal data or secrets: said to be so, or not known. */
export const leakIsPossible = (hearing) => ["yes", "unknown"].includes(valueAt(hearing, "/incident/information_leak"));

/* A list that needs entries was not asked while it has fewer. */
const wasAsked = (field, value) =>
    Array.isArray(value) ? value.length >= (field.min ?? 0) : value !== undefined && value !== null;

const listOf = (pointer) => (pointer.includes("/N/") ? pointer.slice(0, pointer.indexOf("/N/")) : null);
const entriesOf = (sheet, list) => sheet.fields.filter((field) => listOf(field.pointer) === list);

/* An empty list hides the fields of its entries: the list itself is then what is missing. */
const hidesStage = (sheet, field, stage) =>
    field.type === "list" && entriesOf(sheet, field.pointer).some((entry) => entry.stage === stage);

const STAGES = ["A", "B", "H"];

/* The stage as it stands for this hearing: A, B, H, or optional. */
function requiredOf(sheet, field, leak) {
    if (field.stage === "B_if_leak")
        return leak ? "B" : "optional";
    return STAGES.find((stage) => field.stage === stage || hidesStage(sheet, field, stage)) ?? "optional";
}

function sectionOf(sheet, pointer) {
    const found = sheet.sections.find((section) => pointer === section.pointer ||
        pointer.startsWith(`${section.pointer}/`));
    return found?.pointer ?? null;
}

function concrete(sheet, hearing, field, pointer, leak) {
    const value = valueAt(hearing, pointer);
    return { ...field, pointer, template: field.pointer, section: sectionOf(sheet, field.pointer),
        choices: field.choices ?? [], answers: field.answers ?? [], required: requiredOf(sheet, field, leak), value,
        answered: wasAsked(field, value) };
}

const lengthAt = (hearing, pointer) => {
    const list = valueAt(hearing, pointer);
    return Array.isArray(list) ? list.length : 0;
};

/**
 * The form: each field {pointer, template, section, ja, en, type, max, min, choices, answers, precision, stage,
 * required, value, answered}; behind a list the fields of each of its entries. `least`: entries to show of a list
 * though there are none, {"/device": 1}.
 */
export function fieldsOf(sheet, hearing, least = {}) {
    const leak = leakIsPossible(hearing);
    const at = (field, pointer) => concrete(sheet, hearing, field, pointer, leak);
    const entry = (list, index) =>
        entriesOf(sheet, list).map((field) => at(field, field.pointer.replace("/N/", `/${index}/`)));
    return sheet.fields.filter((field) => !listOf(field.pointer)).flatMap((field) => {
        const count = field.type === "list" ? Math.max(lengthAt(hearing, field.pointer), least[field.pointer] ?? 0) : 0;
        return [at(field, field.pointer), ...Array.from({ length: count }, (_, i) => entry(field.pointer, i)).flat()];
    });
}

function pointersOf(hearing, field) {
    const list = listOf(field.pointer);
    return list === null ? [field.pointer]
        : Array.from({ length: lengthAt(hearing, list) }, (_, i) => field.pointer.replace("/N/", `/${i}/`));
}

/**
 * Pointers not asked yet of exactly this stage (A, B, H), in the table's order; B takes in what is due if a leak is
 * possible.
 */
export function missing(sheet, hearing, stage) {
    const leak = stage === "B" && leakIsPossible(hearing);
    const isDue = (field) => field.stage === stage || (leak && field.stage === "B_if_leak") ||
        hidesStage(sheet, field, stage);
    return sheet.fields.filter(isDue).flatMap((field) =>
        pointersOf(hearing, field).filter((pointer) => !wasAsked(field, valueAt(hearing, pointer))));
}

/** The field behind a pointer, as fieldsOf has it; null where it is none of the sheet. */
export function fieldAt(sheet, hearing, pointer) {
    const field = sheet.fields.find((one) => one.pointer === templateOf(pointer));
    return field ? concrete(sheet, hearing, field, pointer, leakIsPossible(hearing)) : null;
}

/* Of a list with entries these count, each of their fields; else the list itself. */
const isCounted = (hearing) => (field) => field.type !== "list" || lengthAt(hearing, field.pointer) === 0;

/** [{section, ja, en, done, total}] in the form's order */
export function counts(sheet, hearing) {
    const fields = fieldsOf(sheet, hearing).filter(isCounted(hearing));
    return sheet.sections.map(({ pointer, ja, en }) => {
        const own = fields.filter((field) => field.section === pointer);
        return { section: pointer, ja, en, done: own.filter((field) => field.answered).length, total: own.length };
    });
}

/* --- is it a value: as the server checks it (hearing_check.c) ----------------------------------------------------- */

const characters = (text) => [...text].length;
const isBlank = (text) => /^[ \t\n\r\u3000]*$/.test(text);
/* eslint-disable-next-line no-control-regex */
const hasControl = (text) => /[\u0000-\u0008\u000b\u000c\u000e-\u001f]|\p{Surrogate}/u.test(text);
/** Full-width ASCII as half-width */
const narrow = (text) => text.replace(/[\uff01-\uff5e]/g, (c) => String.fromCharCode(c.charCodeAt(0) - 0xfee0));
const digitsOf = (text) => narrow(text).replace(/[^0-9]/g, "");

const LOCAL = /^[A-Za-z0-9.!#$%&'*+\-/=?^_`{|}~]{1,64}$/;
const LABEL = /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/;

function isEmail(text) {
    const address = narrow(text);
    const at = address.indexOf("@");
    const labels = address.slice(at + 1).split(".");
    return at > 0 && address.length <= 254 && LOCAL.test(address.slice(0, at)) && labels.length >= 2 &&
        labels.every((label) => LABEL.test(label));
}

const isIpv4 = (text) => /^(?:(?:0|[1-9]\d{0,2})(?:\.(?!$)|$)){4}$/.test(text) &&
    text.split(".").every((part) => Number(part) < 256);

const wordsOf = (text) => (text === "" ? [] : text.split(":"));

/* An IPv4 address may stand for the last two of the eight words. */
function isIpv6(text) {
    const halves = text.replace(/[^:]+$/, (last) => (isIpv4(last) ? "0:0" : last)).split("::");
    const words = halves.flatMap(wordsOf);
    return words.every((word) => /^[0-9A-Fa-f]{1,4}$/.test(word)) && (halves.length === 1 ? words.length === 8
        : halves.length === 2 && words.length <= 7);
}

const isAddress = (text) => isIpv4(text) || (text.includes(":") && isIpv6(text));
const isMac = (text) => /^[0-9A-Fa-f][0-9A-Fa-f:.-]*$/.test(text) && text.replace(/[^0-9A-Fa-f]/g, "").length === 12;

const TIME = /^(\d{4})-(\d{2})-(\d{2})[Tt ](\d{2}):(\d{2}):(\d{2})(?:[.,]\d{1,12})?(?:[Zz]|[+-](\d{2}):(\d{2}))$/;

function isTime(text) {
    const found = text.match(TIME);
    if (!found)
        return false;
    const [year, month, day, hour, minute, second, ahead = 0, and = 0] = found.slice(1).map((part) =>
        Number(part ?? 0));
    return year >= 1970 && month >= 1 && month <= 12 && day >= 1 &&
        day <= new Date(Date.UTC(year, month, 0)).getUTCDate() &&
        hour < 24 && minute < 60 && second <= 60 && ahead < 24 && and < 60;
}

function problemOfText(text, max) {
    if (isBlank(text))
        return "empty";
    if (characters(text) > max)
        return "too_long";
    return hasControl(text) ? "control" : null;
}

const formatted = (isRight) => (field, text) => (isRight(text) ? null : "format");
const isShortOfDigits = (field, text) => digitsOf(text).length < (field.min ?? PHONE_DIGITS_MIN);

const TEXT_CHECKS = {
    text: (field, text) => problemOfText(text, field.max),
    phone: (field, text) => problemOfText(text, field.max) ?? (isShortOfDigits(field, text) ? "format" : null),
    email: formatted(isEmail),
    time: formatted(isTime),
    mac: formatted(isMac),
    choice: (field, text) => (field.choices.includes(text) ? null : "choice"),
};
const ENTRY_CHECKS = {
    texts: (field, text) => problemOfText(text, ENTRY_CHARACTERS_MAX),
    addresses: formatted(isAddress),
    choices: TEXT_CHECKS.choice,
};

function problemOfEntries(field, list) {
    const check = ENTRY_CHECKS[field.type];
    if (!check)
        return field.type === "list" && list.every(isObject) ? null : "type";
    if (!list.every((entry) => typeof entry === "string"))
        return "type";
    const repeated = field.type === "choices" && new Set(list).size < list.length;
    return list.map((entry) => check(field, entry)).find(Boolean) ?? (repeated ? "duplicate" : null);
}

function problemOfNumber(field, value) {
    if (field.type !== "integer" || !Number.isInteger(value))
        return "type";
    return value < field.min || value > field.max ? "range" : null;
}

function problemOfString(field, value) {
    if ((field.answers ?? []).includes(value))
        return null;
    return TEXT_CHECKS[field.type] ? TEXT_CHECKS[field.type](field, value) : "type";
}

/** null, or the server's code: type, empty, too_long, too_many, format, choice, duplicate, range, control */
export function problemOf(field, value) {
    if (typeof value === "string")
        return problemOfString(field, value);
    if (typeof value === "number")
        return problemOfNumber(field, value);
    if (Array.isArray(value))
        return problemOfEntries(field, value) ?? (value.length > field.max ? "too_many" : null);
    return "type";
}

/* --- what typed text becomes -------------------------------------------------------------------------------------- */

const pieces = (text) => text.split(/[、,，;\s]+/).map((piece) => piece.trim()).filter(Boolean);
const SCALES = { 千: 1e3, 万: 1e4, 億: 1e8, k: 1e3, m: 1e6 };
const UNITS = "(?:人|名|件|秒|日|日間|s|sec|seconds|days?|persons?|people)?";
const INTEGER = new RegExp(`^(?:約|およそ|about )?([+-]?\\d[\\d,]*(?:\\.\\d+)?)\\s*(千|万|億|k|m)?\\s*${UNITS}$`);

function integerOf(text) {
    const found = text.normalize("NFKC").toLowerCase().replaceAll("−", "-").match(INTEGER);
    return found ? Math.round(Number(found[1].replaceAll(",", "")) * (SCALES[found[2]] ?? 1) * 100) / 100 : text;
}

function macOf(text) {
    const digits = text.normalize("NFKC").replace(/[\s:.-]/g, "").toUpperCase();
    return /^[0-9A-F]{12}$/.test(digits) ? digits.match(/../g).join(":") : text;
}

/* A choice by its own name or by what it is called in either language. */
function choiceOf(field, text) {
    const fold = (word) => word.normalize("NFKC").toLowerCase();
    const label = (field.labels ?? []).find(({ ja, en }) => [ja, en].some((name) => fold(name) === fold(text)));
    return label?.value ?? text;
}

const READ = {
    text: (field, text) => ({ value: text }),
    phone: (field, text) => ({ value: text }),
    email: (field, text) => ({ value: narrow(text).replace(/\s/g, "") }),
    choice: (field, text) => ({ value: choiceOf(field, text) }),
    choices: (field, text) => ({ value: pieces(text).map((piece) => choiceOf(field, piece)) }),
    texts: (field, text) => ({ value: pieces(text) }),
    addresses: (field, text) => ({ value: pieces(text.normalize("NFKC")) }),
    integer: (field, text) => ({ value: integerOf(text) }),
    mac: (field, text) => ({ value: macOf(text) }),
    time: (field, text, now) => timeOf(parseWhen(text, now)),
};

function timeOf(when) {
    if (!when)
        return { problem: "format" };
    const { from, to, precision, guess } = when;
    return { value: from, ...(to ? { to } : {}), precision, guess };
}

/**
 * {value} or {problem: code}; of a time also {to?, precision, guess}. Blank text is {value: undefined}: not asked. 「不明」
 * and 「回答なし」 are answers where the field takes them.
 */
export function normalise(field, text, now) {
    const said = String(text).replace(/\r\n?/g, "\n").trim();
    const answer = ANSWERS[said.toLowerCase()];
    if (isBlank(said))
        return { value: undefined };
    if (answer && (field.answers ?? []).includes(answer))
        return { value: answer };
    if (!READ[field.type])
        return { problem: "type" };
    const read = READ[field.type](field, said, now);
    const problem = read.problem ?? problemOf({ ...field, choices: field.choices ?? [] }, read.value);
    return problem ? { problem: problem === "type" ? "format" : problem } : read;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of contracts (CSV or JSON) with the columns and the rules of deploy/import-contracts. */
import { parseCsv } from "./csv.js";

export const COLUMNS = { customer_id: "契約番号", company: "会社名", phone: "電話番号", person: "担当者", email: "メールアドレス",
    services: "サービス", notes: "備考" };
export const LONGEST = { company: 200, phone: 60, person: 200, email: 254, notes: 4000 };
export const BYTES_MAX = 64 * 1024 * 1024;
const CUSTOMER = /^[A-Z0-9-]{1,20}$/;
const SERVICES_MAX = 100;
const SERVICE_MAX = 200;

const names = Object.keys(COLUMNS);
const byTitle = new Map(names.flatMap((name) => [[name, name], [COLUMNS[name], name]]));
const lengthOf = (text) => [...text].length;
const own = (row, name) => (Object.hasOwn(row, name) ? row[name] : undefined);

/** UTF-8 with or without its mark, else what Japanese Windows writes; null where it is neither. */
export function decoded(bytes) {
    for (const charset of ["utf-8", "shift_jis"]) {
        try {
            return new TextDecoder(charset, { fatal: true }).decode(bytes);
        } catch {
            continue;
        }
    }
    return null;
}

const isService = (value) => typeof value === "string" && value !== "" && lengthOf(value) <= SERVICE_MAX;

function wrongMember([name, value]) {
    if (!names.includes(name))
        return { member: name, key: "import.unknown_member" };
    if (name === "services")
        return Array.isArray(value) && value.length <= SERVICES_MAX && value.every(isService) ? null
            : { member: name, key: "import.services" };
    if (typeof value !== "string" || value === "")
        return { member: name, key: "import.text" };
    const longest = LONGEST[name];
    return longest && lengthOf(value) > longest ? { member: name, key: "import.long", values: { max: longest } } : null;
}

/** The first mistake as {member, key, values}, null for a sound contract: what the desk would say. */
export function wrongContract(row) {
    if (row === null || typeof row !== "object" || Array.isArray(row))
        return { member: "customer_id", key: "import.object" };
    const id = own(row, "customer_id");
    if (id !== undefined && (typeof id !== "string" || !CUSTOMER.test(id)))
        return { member: "customer_id", key: "import.customer_id" };
    const mistake = Object.entries(row).map(wrongMember).find(Boolean);
    if (mistake)
        return mistake;
    if (id === undefined)
        return { member: "customer_id", key: "import.customer_id" };
    return own(row, "company") === undefined ? { member: "company", key: "import.company" } : null;
}

/* --- reading ------------------------------------------------------------------------------------------------------ */

/* Names of the columns; null where a title is not known or stands twice, or what has to be there is not. */
function columnsOf(titles) {
    const found = titles.map((title) => byTitle.get(title));
    const sound = found.every(Boolean) && new Set(found).size === found.length;
    return sound && found.includes("customer_id") && found.includes("company") ? found : null;
}

function csvRow({ line, cells }, columns) {
    const filled = columns.map((name, at) => [name, (cells[at] ?? "").trim()]).filter(([, cell]) => cell);
    const row = Object.fromEntries(filled);
    if (row.services)
        row.services = row.services.split(/[;；]/).map((word) => word.trim()).filter(Boolean);
    const extra = cells.slice(columns.length).some(Boolean);
    return { line, row, problem: extra ? { member: null, key: "import.cells" } : null };
}

function csvRows(text) {
    const { rows, problem } = parseCsv(text);
    if (problem)
        return { problem };
    const columns = columnsOf((rows[0]?.cells ?? []).map((title) => title.trim()));
    if (!columns)
        return { problem: { key: "import.columns", line: 1 } };
    return { rows: rows.slice(1).filter(({ cells }) => cells.some((cell) => cell.trim())).map((one) => csvRow(one,
        columns)) };
}

function jsonRows(text) {
    try {
        const list = JSON.parse(text);
        return Array.isArray(list) ? { rows: list.map((row, at) => ({ line: at + 1, row, problem: null })) }
            : { problem: { key: "import.list", line: 1 } };
    } catch {
        return { problem: { key: "import.json", line: 1 } };
    }
}

/** {rows: [{line, row, problem}]} with every row's first mistake, or {problem: {key, line}} where it cannot be read. */
export function readContracts(text, kind) {
    const read = kind === "json" ? jsonRows(text) : csvRows(text);
    if (read.problem)
        return read;
    const first = new Map();
    for (const one of read.rows) {
        one.problem ??= wrongContract(one.row);
        const before = one.problem ? null : first.get(one.row.customer_id);
        if (before)
            one.problem = { member: "customer_id", key: "import.twice", values: { line: before } };
        else if (!one.problem)
            first.set(one.row.customer_id, one.line);
    }
    return read;
}

/** What PUT /v1/contracts/{customer_id} takes. */
export const bodyOf = ({ customer_id: _, ...body }) => body;

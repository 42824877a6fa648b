/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CSV (RFC 4180) read as strictly as deploy/import-contracts reads it, and written so that no spreadsheet takes a cell
 * for a formula.
 */

const FORMULA = /^[\s\u3000]*[=+\-@＝＋－＠]/;
const AFTER_QUOTE = [",", "\n", "\r", ""];

/** {rows: [{line, cells}]}, or {problem: {key, line}} where quotes do not match. `line` is where a row begins. */
export function parseCsv(text) {
    const rows = [];
    let [at, line] = [0, 1];
    while (at < text.length) {
        const begun = line;
        const cells = [];
        for (;;) {
            const cell = text[at] === '"' ? quoted(text, at) : plain(text, at);
            if (cell === null)
                return { problem: { key: "import.quotes", line: begun } };
            line += (text.slice(at, cell.end).match(/\r\n|\r|\n/g) ?? []).length;
            cells.push(cell.value);
            at = cell.end;
            if (text[at] !== ",")
                break;
            at++;
        }
        rows.push({ line: begun, cells });
        if (at < text.length) {
            at += text.startsWith("\r\n", at) ? 2 : 1;
            line++;
        }
    }
    return { rows };
}

function plain(text, begin) {
    let end = begin;
    while (end < text.length && text[end] !== "," && text[end] !== "\n" && text[end] !== "\r")
        end++;
    return { value: text.slice(begin, end), end };
}

function quoted(text, begin) {
    let value = "";
    for (let at = begin + 1; at < text.length; ) {
        const close = text.indexOf('"', at);
        if (close < 0)
            return null;
        value += text.slice(at, close);
        if (text[close + 1] !== '"')
            return AFTER_QUOTE.includes(text[close + 1] ?? "") ? { value, end: close + 1 } : null;
        value += '"';
        at = close + 2;
    }
    return null;
}

const cellOf = (value) => {
    const text = String(value ?? "");
    const safe = typeof value !== "number" && FORMULA.test(text) ? `'${text}` : text;
    return `"${safe.replaceAll('"', '""')}"`;
};

/** With the mark by which spreadsheets know UTF-8. */
export const writeCsv = (rows) => `\ufeff${rows.map((cells) => `${cells.map(cellOf).join(",")}\r\n`).join("")}`;

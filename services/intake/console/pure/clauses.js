/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A consent document, clause by clause, each quoted as it stands. A clause begins with its number and a wide space
 * (1-②　…, 3　…) and goes on to the next number, heading or empty line; what stands outside of clauses (title, preamble,
 * annex) has no id.
 */

const HEADING = /^(?:第[0-9０-９一二三四五六七八九十]+条|別紙|附則)(?:[\s\u3000].*)?$/;
const CLAUSE = /^(\d+(?:-(?:[\u2460-\u2473\u3251-\u325f]|\d+))?)[ \u3000]+(.*)$/;

const CIRCLED = [[1, 20, 0x2460], [21, 35, 0x3251]];

function circled(number) {
    const row = CIRCLED.find(([first, last]) => number >= first && number <= last);
    return row ? String.fromCharCode(row[2] + number - row[0]) : String(number);
}

/** "1-2" → "1-②"; what is written so already stays. */
export const idOf = (code) => String(code).replace(/^(\d+)-(\d+)$/, (_, article, number) =>
    `${article}-${circled(Number(number))}`);

function beginOf(line) {
    const clause = line.match(CLAUSE);
    return clause ? { id: clause[1], lines: [clause[2]] } : { id: null, lines: [line] };
}

/** [{id, heading, text}] in the document's order; id null outside of clauses. */
export function clausesOf(text) {
    const clauses = [];
    let heading = null;
    let open = null;
    for (const line of text.replace(/\r\n?/g, "\n").split("\n")) {
        if (line.trim() === "") {
            open = null;
        } else if (HEADING.test(line)) {
            heading = line;
            open = null;
        } else if (!open || CLAUSE.test(line)) {
            open = { heading, ...beginOf(line) };
            clauses.push(open);
        } else {
            open.lines.push(line);
        }
    }
    return clauses.map(({ id, heading: under, lines }) => ({ id, heading: under, text: lines.join("\n") }));
}

/** The clause that a code of the server names ("1-2", "4-12", "3"); null where the document has none. */
export function find(clauses, code) {
    const id = idOf(code);
    return clauses.find((clause) => clause.id !== null && idOf(clause.id) === id) ?? null;
}

/* What is read out for a scope: what is agreed to, and what bounds it. */
const READ_OUT = {
    desk: ["1-1", "1-5", "4-12"],
    provision: ["1-2", "1-7", "1-8"],
    report: ["3"],
    authorities: ["1-8"],
};

/**
 * What is read out for these scopes, a box each: [{id, heading, text, scopes}] in the document's order. A document that
 * is numbered otherwise is read out whole.
 */
export function passages(clauses, scopes) {
    const wanted = scopes.flatMap((scope) => (READ_OUT[scope] ?? []).map((code) =>
        ({ scope, clause: find(clauses, code) })));
    if (scopes.length === 0 || wanted.length === 0 || wanted.some(({ clause }) => !clause))
        return clauses.map((clause) => ({ ...clause, scopes: [...scopes] }));
    return clauses.filter((clause) => wanted.some((one) => one.clause === clause)).map((clause) =>
        ({ ...clause, scopes: wanted.filter((one) => one.clause === clause).map(({ scope }) => scope) }));
}

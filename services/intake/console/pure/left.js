/* SPDX-License-Identifier: Apache-2.0 */
/* What left the building, as GET /v1/overview lists it, one row a hand-over. */
import { writeCsv } from "./csv.js";

/** A file of what is shown: `titles` in a line, then `rows` of texts; no cell is a formula in a spreadsheet. */
export const leftCsv = (titles, rows) => writeCsv([titles, ...rows]);

/** Of 24 numbers by hour: bars {hour, count, share of the highest}, at least those of the hours `from` to `to`. */
export function hourBars(counts, from = 9, to = 17) {
    const used = counts.map((count, hour) => (count ? hour : -1)).filter((hour) => hour >= 0);
    const [first, last] = [Math.min(from, ...used), Math.max(to, ...used)];
    const highest = Math.max(1, ...counts);
    return counts.slice(first, last + 1).map((count, at) => ({ hour: first + at, count, share: count / highest }));
}

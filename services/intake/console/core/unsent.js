/* SPDX-License-Identifier: Apache-2.0 */
/* Files of cases that are not there yet, whatever screen is shown: [{operator, case, failed, open}]. */
import { signal } from "./signal.js";

export const unsent = signal([]);

/** Of this case and its operator: so many failed, and so many, with those, are not done. */
export function noteUnsent(operator, id, { failed, open }) {
    const others = unsent.get().filter((one) => one.operator !== operator || one.case !== id);
    unsent.set(open ? [...others, { operator, case: id, failed, open }] : others);
}

const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);

/** {failed, open} of everything that is `operator`'s, and the first case where something failed. */
export function unsentOf(operator) {
    const mine = unsent.get().filter((one) => one.operator === operator);
    return { failed: sum(mine.map(({ failed }) => failed)), open: sum(mine.map(({ open }) => open)),
        first: mine.find(({ failed }) => failed)?.case ?? null };
}

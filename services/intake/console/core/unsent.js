/* SPDX-License-Identifier: Apache-2.0 */
/* Cases with a file that was not sent, whatever screen is shown: [{operator, case, count}]. */
import { signal } from "./signal.js";

export const unsent = signal([]);

/** `count` files of this case wait for its operator; 0: none. */
export function noteUnsent(operator, id, count) {
    const others = unsent.get().filter((one) => one.operator !== operator || one.case !== id);
    unsent.set(count ? [...others, { operator, case: id, count }] : others);
}

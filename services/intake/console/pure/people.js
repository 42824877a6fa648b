/* SPDX-License-Identifier: Apache-2.0 */
/* People by name. */

/** The name of an operator; the id itself where nobody of that id works here any more. */
export const personOf = (desk, id) => desk?.people?.find((one) => one.id === id)?.name ?? id ?? null;

/** Who wrote what stands beside one's own: own (in another window) · named · someone (it cannot be told). */
export function whoseOf(by, me) {
    if (!by)
        return "someone";
    return by === me ? "own" : "named";
}

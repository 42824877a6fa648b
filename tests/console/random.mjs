/* SPDX-License-Identifier: Apache-2.0 */
/* Random that can be had again: TEST_SEED=… */

export const seed = Number(process.env.TEST_SEED ?? Math.floor(Math.random() * 2 ** 32)) >>> 0;

/** mulberry32: a function that returns numbers from 0 to 1, and below(n), of(list), chance(p) */
export function dice(number = seed) {
    let state = number;
    const roll = () => {
        state = (state + 0x6d2b79f5) | 0;
        let t = Math.imul(state ^ (state >>> 15), 1 | state);
        t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
        return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
    };
    const below = (n) => Math.floor(roll() * n);
    return Object.assign(roll, { below, of: (list) => list[below(list.length)], chance: (p) => roll() < p });
}

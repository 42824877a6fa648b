/* SPDX-License-Identifier: Apache-2.0 */
/* How large something is, in the one way that every screen says it. */

const UNITS = ["B", "kB", "MB", "GB"];

/** 820.9 kB; — where it is not known */
export function sizeText(bytes) {
    if (!Number.isFinite(bytes))
        return "—";
    let [size, unit] = [bytes, 0];
    while (Number(size.toFixed(1)) >= 1000 && unit < UNITS.length - 1)
        [size, unit] = [size / 1000, unit + 1];
    return `${unit === 0 || size >= 100 ? Math.round(size) : size.toFixed(1)} ${UNITS[unit]}`;
}

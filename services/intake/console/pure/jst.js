/* SPDX-License-Identifier: Apache-2.0 */
/* Times in fields of type datetime-local: always the desk's, whatever the machine's zone is. */

/** RFC 3339 with the desk's offset; null where the field holds no time. */
export function fromField(text) {
    const found = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2})(:\d{2})?/.exec(text ?? "");
    return found && !Number.isNaN(Date.parse(`${found[1]}Z`)) ? `${found[1]}${found[2] ?? ":00"}+09:00` : null;
}

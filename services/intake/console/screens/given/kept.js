/* SPDX-License-Identifier: Apache-2.0 */
/* A half-filled form of this tab, of this operator alone: it comes back after a reload or a change of language. */
import { me } from "../../core/app.js";
import * as api from "../../core/api.js";

const KEPT_MS = 2 * 3600 * 1000;

export function keptForm(name) {
    const key = () => `kakekomi.form.${me.get()?.id}.${name}`;
    return {
        load() {
            try {
                const kept = JSON.parse(sessionStorage.getItem(key()));
                return kept && api.now() - kept.at < KEPT_MS ? kept.form : null;
            } catch {
                return null;
            }
        },
        save(form) {
            try {
                sessionStorage.setItem(key(), JSON.stringify({ at: api.now(), form }));
            } catch {
                /* it holds for this screen then */
            }
        },
        drop() {
            try {
                sessionStorage.removeItem(key());
            } catch {
                /* nothing was kept */
            }
        },
    };
}

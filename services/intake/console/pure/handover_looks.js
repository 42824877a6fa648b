/* SPDX-License-Identifier: Apache-2.0 */
/* How the states of a hand-over look, wherever they are shown. */

/** [look, icon] of each state of a hand-over: no two have the same icon. */
export const LOOKS = {
    none: ["", "open"], held: ["warn", "stop"], preparing: ["act", "dot"], offered: ["act", "arrow"],
    overdue: ["bad", "clock"], accepted: ["good", "ok"], released: ["good", "lock"], reported: ["good", "file"],
    declined: ["bad", "cross"], cancelled: ["", "void"], recalled: ["warn", "back"], deleted: ["", "bin"],
};

/* SPDX-License-Identifier: Apache-2.0 */
/* What the search box asks, and what it shows of the answers. */

const CONTRACTS_MAX = 5;
const PHONE = /^[\d０-９+＋()（）\-－ー ]{4,}$/;
const AWAY = { offline: "search.away", unavailable: "search.away", session: "write.session" };

/** Contracts by telephone number or by name, as the text is one or the other. */
export const contractsPath = (text) => `/v1/contracts?${PHONE.test(text) ? "phone" : "q"}=${encodeURIComponent(text)}`;

/**
 * {found: [{kind: case|contract, one}], say, only}. say: the word of what else is to be known, above all that one of the
 * answers did not come; only: there is this one and nothing else.
 */
export function foundOf(cases, contracts) {
    const found = [...(cases.body?.cases ?? []).map((one) => ({ kind: "case", one })),
        ...(contracts.body?.contracts ?? []).slice(0, CONTRACTS_MAX).map((one) => ({ kind: "contract", one }))];
    const away = AWAY[cases.kind] ?? AWAY[contracts.kind] ?? null;
    const none = cases.body?.hint ? "search.check" : "search.none";
    return { found, say: away ?? (found.length ? null : none), only: !away && found.length === 1 };
}

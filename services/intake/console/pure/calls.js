/* SPDX-License-Identifier: Apache-2.0 */
/* Calls in progress: the desk's drafts and what only this browser has, each once. */

const timeOf = (text) => Date.parse(text ?? "") || null;
const isTyped = ({ mine, texts, notes } = {}) => [mine, texts, notes].some((part) => Object.keys(part ?? {}).length > 0);

const fromDraft = (draft, me, began) => ({ id: draft.id, where: "desk", mine: draft.owner === me, owner: draft.owner,
    address: `/calls/${draft.id}`, company: draft.company ?? "", since: began(draft.id) ?? timeOf(draft.created_at),
    updated: timeOf(draft.updated_at) ?? 0 });

const fromHere = (record, me, began) => ({ id: record.id, where: record.kind === "case" ? "unsent" : "here", mine: true,
    owner: me, address: record.kind === "case" ? `/cases/${record.id}/call` : `/calls/${record.id}`,
    company: String(record.typed?.mine?.contact?.company ?? ""), since: began(record.id), updated: record.keptAt ?? 0 });

/**
 * One's own first, the last written first. A record of this browser (core/store.js) counts where the desk has no draft
 * of it, and that of a case where something has not been sent. `began(id)`: when an id was made, or null.
 */
export function callsOf(drafts, records, me, began) {
    const ids = new Set(drafts.map(({ id }) => id));
    const counts = (record) => (record.kind === "case" ? record.unsent : !ids.has(record.id) && isTyped(record.typed));
    const all = [...drafts.map((draft) => fromDraft(draft, me, began)),
        ...records.filter(counts).map((record) => fromHere(record, me, began))];
    return all.sort((a, b) => Number(b.mine) - Number(a.mine) || b.updated - a.updated);
}

/** Of the records of this browser those that were being opened when they were kept, and have not become a case. */
export const waitingToOpen = (records) => records.filter(({ kind, opening }) => kind === "draft" && Boolean(opening));

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What has been typed, in this browser: one record a call, keyed by operator and call, so that nobody sees or sends what a
 * colleague typed at the same machine. Every input event is put here before anything else happens.
 */

const NAME = "kakekomi";
const KEPT_MS = 14 * 24 * 3600 * 1000;

let opening = null;

/* Connected once; anew after it failed, was closed by the browser, or made way for another version. */
function open() {
    opening ??= new Promise((resolve, reject) => {
        const request = indexedDB.open(NAME, 1);
        request.onupgradeneeded = () => request.result.createObjectStore("calls", { keyPath: ["operator", "id"] });
        request.onsuccess = () => resolve(watched(request.result));
        request.onerror = () => reject(request.error);
    }).catch((error) => {
        opening = null;
        throw error;
    });
    return opening;
}

function watched(database) {
    database.onclose = () => { opening = null; };
    database.onversionchange = () => {
        opening = null;
        database.close();
    };
    return database;
}

const ended = (transaction) => new Promise((resolve, reject) => {
    transaction.oncomplete = resolve;
    transaction.onabort = () => reject(transaction.error);
});

/* What `act` asked for, once it is really there: a full disk is found out only at the end. */
async function calls(mode, act) {
    const transaction = (await open()).transaction("calls", mode);
    const request = act(transaction.objectStore("calls"));
    await ended(transaction);
    return request.result;
}

/** Keeps a call's record {operator, id, …}; false where the browser could not. */
export async function keep(record) {
    try {
        await calls("readwrite", (store) => store.put({ ...record, keptAt: Date.now() }));
        return true;
    } catch {
        return false;
    }
}

export async function recall(operator, id) {
    try {
        return (await calls("readonly", (store) => store.get([operator, id]))) ?? null;
    } catch {
        return null;
    }
}

export async function forget(operator, id) {
    try {
        await calls("readwrite", (store) => store.delete([operator, id]));
    } catch {
        /* it stays and is dropped by age */
    }
}

/** Every call of this operator; those nobody wrote to for two weeks are dropped. */
export async function allOf(operator) {
    try {
        const range = IDBKeyRange.bound([operator], [operator, []]);
        const records = await calls("readonly", (store) => store.getAll(range));
        const fresh = records.filter((record) => Date.now() - record.keptAt < KEPT_MS);
        for (const old of records.filter((record) => !fresh.includes(record)))
            await forget(operator, old.id);
        return fresh;
    } catch {
        return [];
    }
}

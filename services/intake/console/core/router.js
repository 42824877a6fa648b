/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses and the screens that they name. */

const PLACES = [
    ["queue", /^\/$/],
    ["call", /^\/calls\/(?<draft>[A-Za-z0-9_-]{1,64})$/],
    ["case", /^\/cases\/(?<id>[^/]+)$/],
    ["call", /^\/cases\/(?<id>[^/]+)\/(?<column>call|consent|intention)$/],
    ["handover", /^\/cases\/(?<id>[^/]+)\/handover$/],
    ["print", /^\/cases\/(?<id>[^/]+)\/(?<what>sheet|summary)$/],
    ["today", /^\/today$/],
    ["admin", /^\/admin$/],
];

/** {screen, draft, id, column, what, query}; an address that is none is the queue's. */
export function placeOf(location) {
    for (const [screen, pattern] of PLACES) {
        const found = location.pathname.match(pattern);
        if (found)
            return { screen, ...found.groups, query: new URLSearchParams(location.search), hash: location.hash.slice(1) };
    }
    return { screen: "queue", query: new URLSearchParams(), hash: "" };
}

let arrive = () => {};
let ask = (leave) => leave();

/** told(): the address is another. before(leave): asked first where somebody goes to another one; calls leave() if so. */
export function onArrival(told, before) {
    arrive = told;
    ask = before;
    addEventListener("popstate", () => arrive());
    document.addEventListener("click", follow);
}

/* Links within the console change the screen, not the page. */
function follow(event) {
    const link = event.target.closest?.("a[href]");
    if (!link || event.defaultPrevented || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey)
        return;
    const url = new URL(link.href);
    if (url.origin !== location.origin || url.pathname.startsWith("/v1/") || link.target || link.hasAttribute("download"))
        return;
    event.preventDefault();
    go(url.pathname + url.search + url.hash);
}

export function go(address) {
    ask(() => {
        history.pushState(null, "", address);
        arrive();
    });
}

/** The address changes and the screen stays: a draft has become a case. */
export function rename(address) {
    history.replaceState(null, "", address);
}

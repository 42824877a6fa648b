/* SPDX-License-Identifier: Apache-2.0 */
/* The scopes of a consent: which are recorded by the method chosen, and which need another. */
import { h, icon, replace } from "../../core/dom.js";
import { t } from "../../core/language.js";
import { optionalScopes, scopesInForce, suffices } from "../../pure/consent.js";

function stateOf(scope, { document, form, given }) {
    const channels = document.channels[scope].map((channel) => t(`channel.${channel}`)).join(t("given.and"));
    if (!form.scopes.includes(scope))
        return given[scope] ? { kind: "good", icon: "check", words: t("consent.scope.given") }
            : { kind: "off", icon: "open", words: t("consent.scope.optional", { channels }) };
    if (form.channel && !suffices(document, scope, form.channel))
        return { kind: "warn", icon: "warning", words: t("consent.scope.lacking", { channels }) };
    return { kind: "good", icon: "check", words: t(form.channel ? "consent.scope.covered" : "consent.scope.required") };
}

/** wanted(): [scope]; put([scope]) where an optional one is ticked. */
export function scopeList({ document, wanted, put }) {
    const optional = optionalScopes(document);
    const tick = (scope, on) => put(document.scopes.filter((one) => (one === scope ? on : wanted().includes(one))));
    const states = Object.fromEntries(document.scopes.map((scope) => [scope, h("span", { class: "scope-state" })]));
    const rows = document.scopes.map((scope) => h("div", { class: "scope" }, optional.includes(scope)
        ? h("label", { class: "scope-name", for: `scope-${scope}` },
            h("input", { type: "checkbox", id: `scope-${scope}`, checked: wanted().includes(scope),
            on: { change: (event) => tick(scope, event.target.checked) } }), `${t(`scope.${scope}`)}`)
        : h("span", { class: "scope-name" }, t(`scope.${scope}`)), states[scope]));
    const element = h("div", { class: "given scopes", role: "group", "aria-label": t("consent.scopes") },
        h("p", { class: "label" }, t("consent.scopes")), rows);

    function show({ document: of, form, given }) {
        const standing = scopesInForce(given);
        for (const scope of of.scopes) {
            const state = stateOf(scope, { document: of, form, given: standing });
            states[scope].className = `scope-state ${state.kind}`;
            replace(states[scope], icon(state.icon), " ", state.words);
        }
    }
    return { element, show, focus: () => element.querySelector("input")?.focus() };
}

/* SPDX-License-Identifier: Apache-2.0 */
/* What happened, the newest first, by day. What comes while somebody reads is only announced, until they ask for it. */
import * as api from "../../core/api.js";
import { h, replace, setText } from "../../core/dom.js";
import { language, t } from "../../core/language.js";
import { dayText, fullTime, partsOf } from "../../core/times.js";
import { momentSays, newestFirst } from "../../pure/moments.js";
import { momentText } from "./moment_text.js";
import { datetimeOf, outside, title, whoOf } from "./parts.js";

const AT_ONCE = 40;
const PAUSE_MS = 400;
const AGAIN_MS = 5000;

const clock = (time) => {
    const at = partsOf(time);
    return at ? `${at.hour}:${at.minute}` : "";
};

function item(moment) {
    const said = momentSays(moment);
    const id = moment.key.replace(/[^A-Za-z0-9-]/g, "_");
    return h("li", { class: `moment ${moment.kind}`, "data-id": moment.key },
        h("p", {},
            h("time", { datetime: datetimeOf(moment.at), title: fullTime(moment.at, language.get()) }, clock(moment.at)),
            " ",
            h("b", { class: "outside" }, momentText(moment)),
        ),
        said.note ? h("div", { class: "moment-note" }, outside(said.note, `moment-${id}`)) : null,
        h("p", { class: "secondary" },
            whoOf(said.actor),
            moment.times > 1 ? t("case.moment.times", { count: moment.times }) : "",
            moment.id ? h("span", { class: "hash", title: moment.id }, ` ${moment.id.slice(-4)}`) : null,
        ),
    );
}

function byDay(moments) {
    const days = [];
    for (const moment of moments) {
        const day = dayText(moment.at, language.get());
        if (days.at(-1)?.day !== day)
            days.push({ day, moments: [] });
        days.at(-1).moments.push(moment);
    }
    return days;
}

/** timelinePart(ctx, chain) → {element, update(value), end()}; ctx.moments is set to what was read. */
export function timelinePart(ctx, chain) {
    let count = AT_ONCE;
    let known = new Set();
    let timer = null;
    let revision = null;
    let ended = false;
    const reads = h("input", { type: "checkbox", id: "timeline-reads", on: { change: () => show() } });
    const list = h("div", { class: "days" });
    const state = h("p", { class: "message" });
    const fresh = h("button", {
        type: "button",
        class: "link",
        id: "timeline-fresh",
        on: {
            click: () => {
                show();
                title_.focus();
            },
        },
    });
    const more = h("button", { type: "button", class: "button small", id: "timeline-more", on: { click: showMore } },
        t("more"),
    );
    const title_ = title("timeline");
    const element = h("aside", { class: "card timeline", "aria-labelledby": "title-timeline", tabindex: "0" },
        h("div", { class: "row" }, title_, chain.chip),
        chain.words,
        h("label", { class: "check", for: "timeline-reads" }, reads, t("case.timeline.reads")),
        h("div", { class: "fresh" }, fresh, state),
        list,
        more,
    );
    fresh.hidden = true;

    const all = () => newestFirst(ctx.moments.get(), { reads: reads.checked });

    function show() {
        const moments = all();
        known = new Set(moments.map(({ key }) => key));
        fresh.hidden = true;
        replace(
            list,
            byDay(moments.slice(0, count)).map(({ day, moments: ones }) => [
                h("h3", {}, day),
                h("ol", { class: "moments" }, ones.map(item)),
            ]),
        );
        more.hidden = moments.length <= count;
        more.textContent = t("case.timeline.more", { left: moments.length - count });
    }

    /* The focus goes to the first of those that come. */
    function showMore() {
        const before = list.querySelectorAll(".moment").length;
        count += AT_ONCE;
        show();
        const first = list.querySelectorAll(".moment")[before];
        first?.setAttribute("tabindex", "-1");
        first?.focus({ preventScroll: true });
    }

    function announce() {
        const news = all().filter(({ key }) => !known.has(key)).length;
        fresh.hidden = news === 0;
        setText(fresh, t("case.timeline.fresh", { count: news }));
    }

    /* What comes while it reads is read after it. */
    async function read() {
        timer = null;
        const answer = await api.get(`/v1/cases/${ctx.id}/timeline`);
        if (ended)
            return;
        if (answer.kind !== "ok") {
            setText(state, t(known.size ? "case.timeline.stale" : "loading"));
            timer ??= setTimeout(read, AGAIN_MS);
            return;
        }
        setText(state, "");
        const first = known.size === 0;
        ctx.moments.set(answer.body.timeline);
        if (first)
            show();
        else
            announce();
    }

    function update(value) {
        const { head, escalation, triage, notifications } = value;
        const seen = [head, escalation?.state, triage?.search, triage?.status, notifications.length].join(" ");
        if (seen === revision)
            return;
        timer ??= setTimeout(read, revision === null ? 0 : PAUSE_MS);
        revision = seen;
    }

    return {
        element,
        update,
        end: () => {
            ended = true;
            clearTimeout(timer);
        },
    };
}

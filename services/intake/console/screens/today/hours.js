/* SPDX-License-Identifier: Apache-2.0 */
/* Openings by hour, as bars with their numbers. */
import { h, replace, svg } from "../../core/dom.js";
import { t } from "../../core/language.js";
import { hourBars } from "../../pure/left.js";

const [STEP, BAR, HIGH, TOP, BELOW] = [36, 24, 110, 22, 24];

function bar({ hour, count, share }, at) {
    const height = Math.round(share * HIGH);
    const middle = at * STEP + STEP / 2;
    return [svg("rect", { class: "hour-bar", x: middle - BAR / 2, y: TOP + HIGH - height, width: BAR, height }),
        count ? svg("text", { x: middle, y: TOP + HIGH - height - 6, "text-anchor": "middle" }, String(count)) : null,
        svg("text", { class: "hour", x: middle, y: TOP + HIGH + 18, "text-anchor": "middle" },
            t("today.hours.hour", { hour }))];
}

export function hoursChart() {
    const place = h("div", { class: "hours-chart" });
    const element = h("section", { class: "card" }, h("h2", {}, t("today.hours")), place);
    let shown = null;

    function show(counts) {
        element.hidden = !counts;
        if (!counts || JSON.stringify(counts) === shown)
            return;
        shown = JSON.stringify(counts);
        const bars = hourBars(counts);
        const words = bars.filter(({ count }) => count).map(({ hour, count }) => t("today.hours.said",
            { hour, count })).join(t("queue.and"));
        const width = bars.length * STEP;
        replace(place, svg("svg", { role: "img", "aria-label": words || t("today.link.none"),
            viewBox: `0 0 ${width} ${TOP + HIGH + BELOW}`, width, height: TOP + HIGH + BELOW },
            svg("line", { class: "hour-ground", x1: 0, y1: TOP + HIGH, x2: width, y2: TOP + HIGH }), bars.map(bar)));
    }
    show(null);
    return { element, show };
}

/* SPDX-License-Identifier: Apache-2.0 */
/* A histogram {from, step_s, all: [], severe: []} as SVG: severe solid and red, the rest hatched, so that it reads without colour. */
import { svg } from "./dom.js";
import { t } from "./language.js";
import { partsOf, shortTime } from "./times.js";

const LABEL = 14;

function tick(time) {
    const at = partsOf(time);
    return at.hour === "00" && at.minute === "00" ? `${Number(at.month)}/${Number(at.day)}` : `${Number(at.month)}/${Number(at.day)} ${at.hour}:${at.minute}`;
}

/** `mark`: a time that gets a dashed line, with its words. */
export function bars({ from, step_s: stepS, all, severe }, { width, height, mark }) {
    const begin = Date.parse(from);
    const most = Math.max(1, ...all);
    const step = width / Math.max(1, all.length);
    const top = height - LABEL - 2;
    const tall = (count) => (count ? Math.max(2, (count / most) * (top - 2)) : 0);
    const columns = all.flatMap((count, index) => {
        if (!count)
            return [];
        const x = index * step + step * 0.15;
        const [whole, bad] = [tall(count), tall(severe[index])];
        const attributes = { x, width: Math.max(1, step * 0.7) };
        return [svg("rect", { ...attributes, y: top - whole, height: whole, fill: "url(#hatch)", class: "bar-other" }),
            bad ? svg("rect", { ...attributes, y: top - bad, height: bad, class: "bar-severe" }) : null];
    });
    const middle = begin + (all.length / 2) * stepS * 1000;
    const end = begin + all.length * stepS * 1000;
    const words = [[0, "start", begin], [width / 2, "middle", middle], [width, "end", end]].map(([x, anchor, time]) =>
        svg("text", { x, y: height - 2, "text-anchor": anchor, class: "bar-label" }, tick(time)));
    const at = mark ? ((Date.parse(mark.time) - begin) / (end - begin)) * width : -1;
    const marked = at >= 0 && at <= width ? [svg("line", { x1: at, x2: at, y1: 0, y2: top, class: "bar-mark" }),
        svg("text", { x: at > width - 120 ? at - 4 : at + 4, y: 12, "text-anchor": at > width - 120 ? "end" : "start", class: "bar-label" }, mark.words)] : [];
    const sum = (list) => list.reduce((total, count) => total + count, 0);
    return svg("svg", { class: "bars", viewBox: `0 0 ${width} ${height}`, role: "img", preserveAspectRatio: "none",
        "aria-label": t("bars.label", { from: shortTime(begin), to: shortTime(end), all: sum(all), severe: sum(severe) }) },
        svg("line", { x1: 0, x2: width, y1: top, y2: top, class: "bar-axis" }), columns, words, marked);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The whole extract in a list that holds only the rows that are seen; what they say comes from the worker. */
import { h, icon, replace, setText, visible } from "../../core/dom.js";
import { t } from "../../core/language.js";
import { clockTime, partsOf } from "../../core/times.js";
import { wordOr } from "./parts.js";

const ROW = 32; /* px, as style/case.css has it */
const AROUND = 12;
const ROWS_MAX = 60;
const FILTER_MS = 200;
const HEADS = ["time", "severity", "what", "device", "peer", "action", "product"];

export const dayAndClock = (time) => {
    const at = partsOf(time);
    return at ? `${Number(at.month)}/${Number(at.day)} ${clockTime(time)}` : t("none");
};

const SEVERITY_ICON = { critical: "warning", high: "stop", medium: "dot", low: "open" };

export const severityText = (severity) =>
    severity
        ? h("span", { class: `severity ${severity}` }, icon(SEVERITY_ICON[severity]), t(`severity.${severity}`))
        : t("none");

/** What the cells of a record say, in the order of the heads. */
export const cellsOf = (row) => [
    dayAndClock(row.time),
    severityText(row.severity),
    row.what ?? t("none"),
    row.device ?? t("none"),
    row.peer ?? t("none"),
    row.action ? wordOr(`case.action.${row.action}`, row.action) : t("none"),
    row.product ?? t("none"),
];

export const headWords = () => HEADS.map((head) => t(`case.record.${head}`));

function rowElement(row, current) {
    return h(
        "div",
        {
            class: row.index === current ? "record current" : "record",
            role: "row",
            id: `record-${row.index}`,
            "aria-rowindex": row.index + 2,
            "aria-selected": row.index === current ? "true" : "false",
        },
        cellsOf(row).map((cell, at) =>
            h(
                "div",
                {
                    class: `record-cell ${HEADS[at]} outside`,
                    role: "gridcell",
                    title: cell instanceof Node ? null : visible(cell),
                },
                cell,
            ),
        ),
    );
}

function recordDetail(record) {
    const { "event.original": original, ...others } = record;
    return [
        h("h4", {}, t("case.record.whole")),
        h("pre", { class: "outside original" }, original ?? ""),
        h("dl", { class: "facts record-facts" },
            Object.entries(others).map(([name, value]) => [
                h("dt", { class: "outside" }, name),
                h("dd", { class: "outside" }, String(value)),
            ]),
        ),
    ];
}

/** recordList(address, told) → {element, end(), focus()}; told({histogram, severe, count}) once everything is read. */
export function recordList(address, told) {
    const worker = new Worker(new URL("./extract_worker.js", import.meta.url), { type: "module" });
    const count = h("p", { class: "message", role: "status" });
    const input = h("input", {
        id: "records-filter",
        type: "search",
        maxlength: 200,
        autocomplete: "off",
        placeholder: t("case.filter.example"),
        on: { input: later },
    });
    const body = h("div", { class: "record-rows", role: "rowgroup" });
    const space = h("div", { class: "record-space" }, body);
    const detail = h("div", {
        class: "record-detail",
        id: "record-detail",
        tabindex: "0",
        role: "region",
        "aria-label": t("case.record.whole"),
    });
    const grid = h(
        "div",
        {
            class: "records",
            id: "records",
            role: "grid",
            tabindex: "0",
            "aria-label": t("case.records"),
            "aria-describedby": "records-how",
            on: { scroll: ask, keydown: press, click: choose },
        },
        h("div", { class: "record record-head", role: "row", "aria-rowindex": "1" },
            headWords().map((head) => h("div", { class: "record-cell", role: "columnheader" }, head)),
        ),
        space,
    );
    const element = h("div", { class: "records-box" },
        h("div", { class: "filter" }, h("label", { for: "records-filter" }, t("case.filter")), input, count),
        grid,
        h("p", { class: "secondary", id: "records-how" }, t("case.records.how")),
        detail,
    );
    let total = 0;
    let current = 0;
    let asked = 0;
    let timer = null;

    function later() {
        clearTimeout(timer);
        setText(count, t("search.asking"));
        timer = setTimeout(() => worker.postMessage({ type: "filter", text: input.value }), FILTER_MS);
    }

    const seen = () => Math.min(ROWS_MAX, Math.ceil((grid.clientHeight || 480) / ROW) + 2 * AROUND);

    function ask() {
        const from = Math.max(0, Math.floor(grid.scrollTop / ROW) - AROUND);
        worker.postMessage({ type: "rows", from, to: from + seen(), ask: ++asked });
    }

    function resize(next) {
        const filled = body.childElementCount >= seen() && next > total;
        total = next;
        current = Math.min(current, Math.max(0, total - 1));
        space.style.height = `${total * ROW}px`;
        grid.setAttribute("aria-rowcount", String(total + 1));
        if (!filled)
            ask();
    }

    function show(rows) {
        body.style.transform = `translateY(${(rows[0]?.index ?? 0) * ROW}px)`;
        replace(
            body,
            rows.map((row) => rowElement(row, current)),
        );
        if (document.getElementById(`record-${current}`))
            grid.setAttribute("aria-activedescendant", `record-${current}`);
    }

    function goTo(index) {
        current = Math.max(0, Math.min(total - 1, index));
        const head = ROW;
        const top = current * ROW;
        if (top < grid.scrollTop)
            grid.scrollTop = top;
        else if (top + head + ROW > grid.scrollTop + grid.clientHeight)
            grid.scrollTop = top + head + ROW - grid.clientHeight;
        ask();
        worker.postMessage({ type: "record", index: current });
    }

    function press(event) {
        const page = Math.floor(grid.clientHeight / ROW) - 2;
        const by = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -total, End: total }[event.key];
        if (by === undefined || event.altKey || event.ctrlKey || event.isComposing)
            return;
        event.preventDefault();
        goTo(current + by);
    }

    function choose(event) {
        const row = event.target.closest(".record[id]");
        if (row)
            goTo(Number(row.id.slice("record-".length)));
    }

    const takes = {
        progress({ count: read, done, histogram, severe }) {
            setText(
                count,
                t(done ? "case.records.all" : "case.records.reading", { count: read.toLocaleString("en-US") }),
            );
            resize(read);
            if (!done)
                return;
            told({ histogram, severe, count: read });
            if (input.value)
                later();
        },
        rows: ({ rows, ask: of }) => of === asked && show(rows),
        record: ({ index, record }) => index === current && replace(detail, recordDetail(record)),
        filtered({ count: found, text }) {
            setText(
                count,
                t(text.trim() ? "case.records.found" : "case.records.all", { count: found.toLocaleString("en-US") }),
            );
            grid.scrollTop = 0;
            current = 0;
            replace(detail);
            total = 0;
            replace(body);
            resize(found);
        },
        failed: () => setText(count, t("case.records.failed")),
    };

    worker.addEventListener("message", ({ data }) => takes[data.type]?.(data));
    worker.addEventListener("error", () => setText(count, t("case.records.failed")));
    setText(count, t("case.records.reading", { count: 0 }));
    worker.postMessage({ type: "load", address });
    return {
        element,
        end: () => {
            clearTimeout(timer);
            worker.terminate();
        },
        focus: () => input.focus(),
    };
}

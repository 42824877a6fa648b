/* SPDX-License-Identifier: Apache-2.0 */
/* Card 1 of the check: every item with its value, the files that were ticked, the extract; and what stays. */
import { h, icon, reconcile, replace } from "../../core/dom.js";
import { language, pick, t } from "../../core/language.js";
import { fullTime } from "../../core/times.js";
import { extractOf, fieldOf, groupsOf, keptBack } from "../../pure/handover.js";
import { valueAt } from "../../pure/sheet.js";
import { bytesText, itemText } from "./values.js";

export const changedChip = () => h("span", { class: "chip warn" }, icon("warning"), t("handover.changed_chip"));

function itemRow({ item, content, sheet, changed }) {
    const { text, source } = itemText(content.value.hearing, fieldOf(sheet, item.pointer), item.pointer);
    const value = h("dd", { class: "outside" }, text, source ? h("span", { class: "secondary" }, "　",
        t("handover.source", { source })) : null,
        changed.has(item.pointer) ? [" ", changedChip()] : null);
    return h("div", { class: "leaves", "data-pointer": item.pointer,
        "data-value": JSON.stringify(valueAt(content.value.hearing, item.pointer)) },
        h("dt", {}, pick({ ja: item.label, en: item.en })), value);
}

function groupTitle({ section, entry, items }) {
    const name = section ? pick(section) : t("handover.sheet");
    const title = entry === null ? name : t("handover.entry", { section: name, number: entry + 1 });
    return h("h3", {}, t("handover.items", { section: title, count: items.length }));
}

const hearingPart = (content, sheet, changed) => groupsOf(content.preview.items,
    sheet).map((group) => [groupTitle(group),
    h("dl", { class: "leaving" }, group.items.map((item) => itemRow({ item, content, sheet, changed })))]);

const row = (label, ...value) => h("div", { class: "leaves" }, h("dt", {}, label), h("dd", {}, value));
const hash = (text) => h("span", { class: "hash long" }, "sha256 ", text);

function noExtract({ value }) {
    const waived = value.waivers?.search?.reason;
    return h("p", { class: "small" }, waived ? t("handover.extract_waived", { reason: waived })
        : t("handover.extract_none"));
}

function extractRows({ id, records, from, to, sha256, bytes, sources }) {
    const lang = language.get();
    const searched = sources.map(({ source, records: count }) => `${source} ${count}`).join(t("handover.and"));
    return h("dl", { class: "leaving", "data-extraction": id, "data-sha256": sha256 },
        row(t("handover.records"),
            t("handover.records_text", { count: records, from: fullTime(from, lang), to: fullTime(to, lang) })),
        searched ? row(t("handover.sources"), h("span", { class: "outside" }, searched)) : null,
        row(t("handover.size"), bytes === null ? "" : [bytesText(bytes), "　"], sha256 ? hash(sha256) : ""));
}

function extractPart(content, changed) {
    const extract = extractOf(content);
    const title = h("h3", {}, t("handover.extract"), changed.has("extract") ? [" ", changedChip()] : null);
    if (!extract)
        return [title, noExtract(content)];
    return [title, extract.unknown ? h("p", { class: "bad" }, icon("stop"), " ", t("handover.extract_unknown"))
        : extractRows(extract)];
}

function staysPart(content, sheet, notes) {
    const { preview, value } = content;
    const unticked = preview.files.filter(({ upload }) => !content.files.includes(upload)).length;
    const logs = (value.uploads ?? []).filter(({ of }) => of === "logs").length;
    const list = [notes === null ? t("handover.notes_any") : t("handover.notes", { count: notes }),
        t("handover.drafts"),
        unticked ? t("handover.unticked", { count: unticked }) : null,
            logs ? t("handover.uploaded_logs", { count: logs }) : null,
        ...keptBack(value.hearing, sheet).map(pick), t("handover.others")].filter(Boolean);
    return h("div", { class: "stays" }, h("p", {}, icon("lock"), " ", h("b", {}, t("handover.not_sent"))),
        h("p", {}, list.join(t("handover.and"))));
}

/** fixed: the files are those of a request; else ticked here by tick(upload, on). */
export function whatCard({ sheet, notes, fixed, tick }) {
    const hearing = h("div");
    const files = h("ul", { class: "leaving-files" });
    const rest = h("div");
    const element = h("div", {}, hearing, h("h3", {}, t("handover.files")), files, rest);

    const fileText = (file) => h("span", { class: "file-text" }, h("span", { class: "outside" }, file.name), " ",
        h("span", { class: "secondary" }, bytesText(file.size)), " ", hash(file.sha256));

    function fileRow(file) {
        const attributes = { class: "leaving-file", "data-upload": file.upload, "data-sha256": file.sha256 };
        return fixed ? h("li", attributes, icon("file"), fileText(file))
            : h("li", attributes, h("label", { class: "file-label", for: `file-${file.upload}` },
            h("input", { type: "checkbox", id: `file-${file.upload}`,
                on: { change: (event) => tick(file.upload, event.target.checked) } }), fileText(file)));
    }

    function tickBox(row, on) {
        const box = row.querySelector("input");
        if (box)
            box.checked = on;
    }

    function show(content, changed) {
        const shown = fixed ? content.preview.files.filter(({ upload }) => content.files.includes(upload))
            : content.preview.files;
        replace(hearing, hearingPart(content, sheet, changed));
        reconcile(files, shown.length ? shown : [{ upload: "none" }], ({ upload }) => upload,
            (file) => (file.upload === "none" ? h("li", { class: "secondary" }, t("handover.files_none"))
                : fileRow(file)),
            (row, { upload }) => tickBox(row, content.files.includes(upload)));
        replace(rest, extractPart(content, changed), staysPart(content, sheet, notes()));
    }
    return { element, show };
}

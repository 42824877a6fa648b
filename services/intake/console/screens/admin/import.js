/* SPDX-License-Identifier: Apache-2.0 */
/* A list of contracts: read and checked in the browser, then recorded one by one; it can be stopped and continued. */
import { h, icon, replace, setText } from "../../core/dom.js";
import { t } from "../../core/language.js";
import { BYTES_MAX, COLUMNS, decoded, readContracts } from "../../pure/contracts.js";
import { part } from "./part.js";
import { recordAll } from "./import_run.js";

const PROBLEMS_MAX = 100;
const PREVIEW_MAX = 10;

async function readFile(file) {
    const kind = file.name.toLowerCase().match(/\.(csv|json)$/)?.[1];
    if (!kind)
        return { problem: { key: "import.kind" } };
    if (file.size > BYTES_MAX)
        return { problem: { key: "import.large" } };
    const text = decoded(new Uint8Array(await file.arrayBuffer()));
    return text === null ? { problem: { key: "import.charset" } } : readContracts(text, kind);
}

const columnText = (member) => (member && member in COLUMNS ? t(`contract.${member}`) : member ?? "");

function problemTable(problems) {
    const row = ({ line, problem }) => h("tr", {}, h("th", { scope: "row" }, String(line)),
        h("td", { class: "outside" }, columnText(problem.member)),
        h("td", {}, t(problem.key, problem.values), problem.said ? h("span", { class: "secondary outside" },
            ` ${problem.said}`) : null));
    return [h("table", { class: "plain problems-table", "aria-labelledby": "problems-title" },
        h("caption", { id: "problems-title" }, t("import.problems")),
        h("thead", {}, h("tr", {}, ["line", "column", "why"].map((name) => h("th",
            { scope: "col", class: `col-${name}` },
            t(`import.${name}`))))),
        h("tbody", {}, problems.slice(0, PROBLEMS_MAX).map(row))),
    problems.length > PROBLEMS_MAX ? h("p", { class: "secondary" }, t("import.more_problems",
        { count: problems.length - PROBLEMS_MAX })) : null];
}

function previewTable(rows) {
    const names = Object.keys(COLUMNS).filter((name) => rows.some(({ row }) => row[name] !== undefined));
    const cell = (value) => {
        const text = Array.isArray(value) ? value.join("; ") : value ?? "";
        return h("td", {}, h("span", { class: "clamp outside", title: text }, text));
    };
    return h("table", { class: "plain preview-table", "aria-labelledby": "preview-title" },
        h("caption", { id: "preview-title" }, t("import.preview", { count: Math.min(rows.length, PREVIEW_MAX) })),
        h("thead", {}, h("tr", {}, names.map((name) => h("th", { scope: "col" }, t(`contract.${name}`))))),
        h("tbody", {}, rows.slice(0, PREVIEW_MAX).map(({ row }) => h("tr", {}, names.map((name) => cell(row[name]))))));
}

export function importPart() {
    const input = h("input", { type: "file", id: "import-file", class: "sr-only", accept: ".csv,.json",
        "aria-describedby": "import-note", on: { change: take } });
    const note = h("p", { id: "import-note", class: "secondary" }, t("import.note"), h("br"), t("import.columns_are"),
        " ",
        h("span", { class: "outside" }, Object.entries(COLUMNS).map(([name, title]) => `${name} ${title}`).join("・")));
    const fileName = h("span", { class: "outside cut" }, t("import.no_file"));
    const said = h("p", { role: "status", class: "import-said" });
    const bar = h("progress", { "aria-label": t("import.progress"), max: 1, value: 0, hidden: true });
    const button = h("button", { type: "button", class: "button main", id: "import-act", hidden: true,
        on: { click: act } });
    const problems = h("div", {});
    const preview = h("div", {});
    const shown = part("import", note, h("div", { class: "file-row" }, input,
        h("label", { for: "import-file", class: "button" }, icon("file"), t("import.file")), fileName), said, bar,
        h("p", {}, button), problems, preview);
    let [left, all, done, wrong, run, stopped] = [[], 0, 0, [], null, false];

    function label(words, values) {
        button.hidden = !words;
        setText(button, words ? t(words, values) : "");
    }

    async function take() {
        const [file] = input.files;
        run?.stop();
        setText(fileName, file?.name ?? t("import.no_file"));
        fileName.title = fileName.textContent;
        [left, all, done, wrong, run, stopped] = [[], 0, 0, [], null, false];
        replace(problems);
        replace(preview);
        bar.hidden = true;
        label(null);
        if (!file)
            return setText(said, "");
        const read = await readFile(file);
        if (read.problem)
            return setText(said, t(read.problem.key, { line: read.problem.line }));
        begin(read.rows);
    }

    function begin(rows) {
        left = rows.filter(({ problem }) => !problem);
        wrong = rows.filter(({ problem }) => problem);
        all = left.length;
        setText(said, `${t("import.read", { sound: all, wrong: wrong.length })}${all ? ""
            : ` ${t("import.nothing")}`}`);
        replace(problems, wrong.length ? problemTable(wrong) : null);
        replace(preview, all ? previewTable(left) : null);
        label(all ? "import.begin" : null, { count: all });
    }

    function act() {
        if (run)
            return halt();
        stopped = false;
        bar.hidden = false;
        label("import.stop");
        const mine = recordAll(left, told);
        run = mine;
        mine.ended.then((why) => { if (run === mine) finish(why); });
    }

    function halt() {
        stopped = true;
        run.stop();
    }

    /* After every row: its mistake, or none; or that the desk does not answer. */
    function told({ one, problem, waiting }) {
        if (!waiting) {
            left = left.filter((row) => row !== one);
            if (problem)
                wrong = [...wrong, { ...one, problem }];
            else
                done++;
        }
        bar.value = all ? (all - left.length) / all : 1;
        setText(said, t(waiting ? "import.waiting" : "import.at", { done, all }));
    }

    function finish(why) {
        run = null;
        const open = left.length > 0;
        setText(said, why ? t(why) : open && stopped ? t("import.stopped", { done, all })
            : t("import.done", { done, wrong: wrong.length }));
        replace(problems, wrong.length ? problemTable(wrong) : null);
        label(open ? "import.again" : null, { count: left.length });
        if (!open)
            input.focus();
    }
    return { element: shown.element, end: () => run?.stop(), running: () => (run ? "import.running" : null) };
}

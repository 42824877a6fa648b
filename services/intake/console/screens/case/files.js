/* SPDX-License-Identifier: Apache-2.0 */
/* Logs and files of the customer: what is there, and more of them by button or by dropping; and notes of the desk. */
import { writer } from "../../core/case.js";
import { h, icon } from "../../core/dom.js";
import { t } from "../../core/language.js";
import { formSlot } from "./form.js";
import { block, button, card, chip, fullAt, heading, outside, shortAt, sizeText,
    table, whoOf, wordOr } from "./parts.js";
import { sendingLines } from "./sending.js";

const KINDS = ["utm", "firewall", "proxy", "ids", "antivirus", "edr", "other"];
const NOTES_SHOWN = 10;

function stateOf(upload, triage) {
    const said = triage?.uploads?.[upload.upload];
    if (upload.of === "file")
        return chip("", "file", t("case.files.file"));
    return said
        ? chip(
              said.status === "stored" ? "good" : "warn",
              said.status === "stored" ? "ok" : "warning",
              wordOr(`case.files.${said.status}`, said.status),
          )
        : chip("act", "clock", t("case.files.reading"));
}

function readText(upload, triage) {
    const said = triage?.uploads?.[upload.upload];
    return said
        ? t("case.files.read", {
              records: (said.records ?? 0).toLocaleString("en-US"),
              unparsed: said.unparsed ?? 0,
              charset: said.charset ?? "—",
          })
        : "";
}

const row = (upload, triage) =>
    h("tr", {},
        h("td", {}, shortAt(upload.at)),
        h("th", { scope: "row" }, outside(upload.name, `file-${upload.upload}`)),
        h("td", {}, upload.kind ? wordOr(`case.log.${upload.kind}`, upload.kind) : t("none")),
        h("td", {}, sizeText(upload.size)),
        h("td", {}, stateOf(upload, triage), h("div", { class: "secondary" }, readText(upload, triage))),
        h("td", {}, h("span", { class: "hash", title: upload.sha256 }, `${upload.sha256.slice(0, 8)}…`)),
    );

function picker(id, words, take) {
    const input = h("input", {
        type: "file",
        id,
        class: "sr-only",
        multiple: true,
        tabindex: "-1",
        "aria-hidden": "true",
        on: {
            change: () => {
                take([...input.files]);
                input.value = "";
            },
        },
    });
    return [button(`${id}-open`, [icon("down"), words], () => input.click()), input];
}

export function filesSection(ctx) {
    const kind = h("select", { id: "log-kind" },
        h("option", { value: "" }, t("case.files.kind.unsaid")),
        KINDS.map((one) => h("option", { value: one }, t(`case.log.${one}`))),
    );
    const list = block(
        {},
        (value) => [value.uploads, value.triage?.uploads],
        (value) =>
            value.uploads.length
                ? table(
                      t("case.files"),
                      ["at", "name", "kind", "size", "state", "hash"].map((head) => t(`case.files.${head}`)),
                      [...value.uploads].reverse().map((one) => row(one, value.triage)),
                  )
                : h("p", { class: "secondary" }, t("case.files.none")),
    );
    const sending = sendingLines(ctx); /* also where nothing more can be added: what was not sent is told */
    const kindOf = (of) => (of === "logs" ? kind.value : "");
    const take = (of, files) => files.forEach((file) => sending.add({ of, file, kind: kindOf(of) }));

    const over = (event) => {
        event.preventDefault();
        drop.classList.add("over");
    };
    const drop = h(
        "div",
        {
            class: "drop",
            on: {
                dragover: over,
                dragleave: () => drop.classList.remove("over"),
                drop: (event) => {
                    event.preventDefault();
                    drop.classList.remove("over");
                    take("logs", [...event.dataTransfer.files]);
                },
            },
        },
        h("div", { class: "row" },
            h("label", { for: "log-kind" }, t("case.files.kind")),
            kind,
            picker("log-file", t("case.files.add_logs"), (files) => take("logs", files)),
            picker("any-file", t("case.files.add_file"), (files) => take("files", files)),
            h("span", { class: "secondary" }, t("case.files.drop")),
        ),
    );
    const notes = notesPart(ctx);
    const element = card("files", heading("files", null), list.element, drop, sending.element, notes.element);

    function update(value) {
        list.update(value);
        drop.hidden = !ctx.maySay() || value.status === "closed";
        notes.update(value);
    }

    return { id: "files", element, update, forms: [notes.form], note: notes.begin };
}

const notesOf = (moments) => moments.filter(({ kind, what }) => kind === "event" && what === "note.added").reverse();

function notesPart(ctx) {
    const write = writer("POST", `/v1/cases/${ctx.id}/notes`);
    const form = formSlot(ctx, "files-note", () => ({
        title: t("case.note"),
        note: t("case.note.note"),
        words: t("case.note.do"),
        write,
        fields: [{ name: "text", label: t("case.note.text"), kind: "area", required: true }],
    }));
    const list = block(
        {},
        () => notesOf(ctx.moments.get()),
        () => {
            const notes = notesOf(ctx.moments.get());
            return notes.length
                ? h("ul", { class: "notes" },
                      notes
                          .slice(0, NOTES_SHOWN)
                          .map(({ id, at, data }) =>
                              h("li", {},
                                  h("div", {}, outside(data.text, `note-${id}`)),
                                  h("span", { class: "secondary" }, fullAt(at), " ", whoOf(data.actor)),
                              ),
                          ),
                  )
                : h("p", { class: "secondary" }, t("case.notes.none"));
        },
    );
    const add = button("note-add", [t("case.note"), h("kbd", {}, "Alt+M")], () => form.begin(""));
    const element = h("div", {},
        h("div", { class: "case-heading" },
            h("h3", {}, t("case.notes")),
            h("span", { class: "secondary" }, t("case.note.stays")),
            h("div", { class: "case-aside" }, add),
        ),
        form.element,
        list.element,
    );
    return {
        element,
        form,
        begin: () => {
            form.begin("");
            return true;
        },
        update(value) {
            if (!form.holdsFocus()) /* what a colleague notes meanwhile moves nothing under the hands */
                list.update();
            add.hidden = !ctx.maySay() || value.status === "closed";
        },
    };
}

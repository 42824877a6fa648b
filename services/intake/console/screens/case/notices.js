/* SPDX-License-Identifier: Apache-2.0 */
/* What was told to whom and what became of it; and what falls due by itself. */
import { h } from "../../core/dom.js";
import { pick, t } from "../../core/language.js";
import { block, card, chip, heading, outside, shortAt, table, wordOr } from "./parts.js";

const SHOWN = 12;
const TONE = {
    sent: ["good", "check"],
    shown: ["good", "eye"],
    failed: ["bad", "warning"],
    dropped: ["", "cross"],
    waiting: ["warn", "clock"],
    planned: ["", "due"],
};

const timeOf = (notice) => notice.sent_at ?? notice.failed_at ?? notice.next_at ?? notice.planned_at;

const more = (notice) =>
    [
        notice.in_doubt ? t("case.notice.in_doubt", { count: notice.in_doubt }) : null,
        notice.put_off ? t("case.notice.put_off", { count: notice.put_off }) : null,
        notice.late ? t("case.notice.late") : null,
        notice.attempts > 1 ? t("case.notice.attempts", { count: notice.attempts }) : null,
    ]
        .filter(Boolean)
        .join("・");

const toText = (to) =>
    to?.startsWith("subscriber:")
        ? t("case.to.subscriber", { name: to.slice(11) })
        : wordOr(`case.notice.to.${to}`, to ?? "");

const noticeRow = (notice) =>
    h("tr", {},
        h("td", {}, shortAt(timeOf(notice))),
        h("td", {},
            h("span", { class: "outside" }, toText(notice.to)),
            `（${wordOr(`case.notice.by.${notice.channel}`, notice.channel)}）`,
        ),
        h("td", {}, wordOr(`case.rule.${notice.rule}`, notice.rule)),
        h("td", {},
            chip(...(TONE[notice.status] ?? ["", "open"]), wordOr(`case.notice.${notice.status}`, notice.status)),
            notice.why ? h("div", {}, outside(notice.why, `notice-${notice.id}`)) : null,
            more(notice) ? h("div", { class: "secondary" }, more(notice)) : null,
        ),
    );

const clockRow = (clock) =>
    h("tr", {},
        h("td", {}, shortAt(clock.due_at)),
        h("td", {},
            clock.fired_at ? chip("warn", "clock", t("case.clock.fired")) : chip("", "due", t("case.clock.armed")),
            clock.passed_over ? h("span", { class: "secondary" }, " ", t("case.clock.passed_over")) : null,
        ),
        h("td", {},
            pick(clock),
            clock.basis
                ? h("div", { class: "secondary" },
                      t(`case.clock.${clock.basis}`),
                      " ",
                      pick({ ja: clock.source_ja, en: clock.source_en }),
                  )
                : null,
        ),
    );

const stepItem = (step) =>
    h("li", {},
        chip(
            step.done ? "" : "warn",
            step.done ? "check" : "warning",
            t(step.done ? "case.step_noted" : "case.step_open"),
        ),
        " ",
        pick(step),
        " ",
        h("span", { class: "secondary" }, shortAt(step.since)),
    );

export function noticesSection(ctx) {
    let all = false;
    const newest = (value) => [...value.notifications].sort((a, b) => (timeOf(b) ?? "").localeCompare(timeOf(a) ?? ""));
    const todo = block(
        {},
        (value) => value.next_steps ?? [],
        (value) =>
            value.next_steps?.length
                ? [h("h3", {}, t("case.todo")), h("ul", { class: "stack" }, value.next_steps.map(stepItem))]
                : [],
    );
    const clocks = block(
        {},
        (value) => value.clocks ?? [],
        (value) => [
            h("h3", {}, t("case.clocks")),
            value.clocks?.length
                ? table(
                      t("case.clocks"),
                      ["due", "state", "why"].map((head) => t(`case.clock.${head}`)),
                      [...value.clocks].sort((a, b) => a.due_at.localeCompare(b.due_at)).map(clockRow),
                  )
                : h("p", { class: "secondary" }, t("case.clocks.none")),
        ],
    );
    const notices = block(
        {},
        (value) => [all, value.notifications],
        (value) => [
            h("h3", {}, t("case.notices")),
            value.notifications.length
                ? table(
                      t("case.notices"),
                      ["when", "whom", "what", "outcome"].map((head) => t(`case.notice.${head}`)),
                      newest(value)
                          .slice(0, all ? 200 : SHOWN)
                          .map(noticeRow),
                  )
                : h("p", { class: "secondary" }, t("case.notices.none")),
            !all && value.notifications.length > SHOWN
                ? h(
                      "button",
                      {
                          type: "button",
                          class: "link",
                          id: "notices-all",
                          on: {
                              click: () => {
                                  all = true;
                                  ctx.update();
                              },
                          },
                      },
                      t("more"),
                  )
                : null,
        ],
    );
    const parts = [todo, notices, clocks];
    const element = card(
        "notices",
        heading("notices", null),
        parts.map((part) => part.element),
    );
    return { id: "notices", element, update: (value) => parts.forEach((part) => part.update(value)), forms: [] };
}

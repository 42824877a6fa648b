/* SPDX-License-Identifier: Apache-2.0 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { isIP } from "node:net";
import test from "node:test";
import { fileURLToPath } from "node:url";
import { counts, fieldAt, fieldsOf, missing, normalise, problemOf, templateOf, valueAt, withValue }
    from "../../services/intake/console/pure/sheet.js";
import { dice, seed } from "./random.mjs";

const NOW = Date.parse("2026-11-25T14:22:00+09:00");
const ANSWERS = ["unknown", "declined"];

const field = (pointer, type, stage, more = {}) => ({ pointer, ja: `「${pointer}」`, en: pointer, type, stage, max: 200,
    ...(stage === "A" ? {} : { answers: ANSWERS }), ...more });

/* A sheet of a few fields of every kind; the desk's own is compared below. */
const SHEET = {
    sections: [{ pointer: "/contact", ja: "窓口", en: "Contact" }, { pointer: "/incident", ja: "概要", en: "Incident" },
        { pointer: "/device", ja: "機器", en: "Devices" }, { pointer: "/logs", ja: "ログ", en: "Logs" }],
    fields: [
        field("/contact/company", "text", "A"), field("/contact/phone", "phone", "A", { max: 100, min: 9 }),
        field("/contact/email", "email", "B", { max: 254 }),
        field("/incident/priorities", "choices", "B", { max: 3, min: 1, choices: ["root_cause", "information_leak", "other"] }),
        field("/incident/information_leak", "choice", "B", { choices: ["yes", "no", "unknown"], labels: [{ value: "yes", ja: "あり", en: "Yes" },
            { value: "no", ja: "なし", en: "No" }, { value: "unknown", ja: "不明", en: "Unknown" }] }),
        field("/incident/known_at", "time", "B_if_leak", { precision: ["minute", "hour", "day"] }),
        field("/device", "list", "optional", { max: 100, min: 1 }),
        field("/device/N/usage", "choice", "B", { choices: ["personal", "shared"] }),
        field("/device/N/addresses", "addresses", "optional", { max: 16 }),
        field("/device/N/mac", "mac", "optional", { max: 17 }),
        field("/device/N/disk_encrypted", "choice", "H", { choices: ["yes", "no"] }),
        field("/device/N/clock_error_s", "integer", "optional", { max: 100000, min: -100000 }),
        field("/logs", "list", "H", { max: 20, min: 1 }), field("/logs/N/kind", "choice", "optional", { choices: ["utm", "proxy"] }),
    ],
};

test("what stands where, and a hearing in which something else stands there", () => {
    const hearing = { contact: { company: "株式会社サンプル商店" }, device: [{ os: "Windows 11" }, { os: "macOS" }], logs: "unknown" };
    const before = JSON.stringify(hearing);
    assert.equal(valueAt(hearing, "/device/1/os"), "macOS");
    assert.equal(valueAt(hearing, "/device/2/os"), undefined);
    assert.equal(valueAt(hearing, "/logs/0/kind"), undefined);
    assert.equal(valueAt(hearing, "/contact/toString"), undefined);
    assert.deepEqual(withValue(hearing, "/device/1/os", "Linux").device, [{ os: "Windows 11" }, { os: "Linux" }]);
    assert.deepEqual(withValue({}, "/device/1/os", "Linux"), { device: [{}, { os: "Linux" }] });
    assert.deepEqual(withValue(hearing, "/logs/0/kind", "utm").logs, [{ kind: "utm" }]);
    assert.deepEqual(withValue(undefined, "/contact/person", "山田"), { contact: { person: "山田" } });
    assert.deepEqual(withValue(hearing, "/contact/company", undefined), { device: hearing.device, logs: "unknown" });
    assert.deepEqual(withValue(hearing, "/device/0/os", undefined).device, [{}, { os: "macOS" }]);
    assert.deepEqual(withValue(hearing, "/device/0", undefined).device, [{ os: "macOS" }]);
    assert.deepEqual(withValue(hearing, "/device/0", {}).device, [{}, { os: "macOS" }]);
    assert.deepEqual(withValue(hearing, "/nothing/here", undefined), hearing);
    assert.deepEqual(withValue({ contact: { company: "x" } }, "/contact/company", undefined), {});
    assert.equal(JSON.stringify(hearing), before);
    assert.equal(templateOf("/device/0/os"), "/device/N/os");
});

test("the form in its order, lists as long as they are", () => {
    const hearing = { device: [{ usage: "shared" }, {}], incident: { information_leak: "unknown" } };
    const fields = fieldsOf(SHEET, hearing);
    assert.deepEqual(fields.map((one) => one.pointer), ["/contact/company", "/contact/phone", "/contact/email", "/incident/priorities",
        "/incident/information_leak", "/incident/known_at", "/device", "/device/0/usage", "/device/0/addresses", "/device/0/mac",
        "/device/0/disk_encrypted", "/device/0/clock_error_s", "/device/1/usage", "/device/1/addresses", "/device/1/mac",
        "/device/1/disk_encrypted", "/device/1/clock_error_s", "/logs"]);
    const usage = fields.find((one) => one.pointer === "/device/0/usage");
    assert.deepEqual([usage.template, usage.section, usage.required, usage.value, usage.answered],
        ["/device/N/usage", "/device", "B", "shared", true]);
    assert.equal(fieldsOf(SHEET, {}, { "/device": 1 }).filter((one) => one.pointer.startsWith("/device/0/")).length, 5);
    assert.equal(fieldsOf(SHEET, { device: "unknown" }).some((one) => one.pointer.startsWith("/device/")), false);
    assert.equal(fieldAt(SHEET, hearing, "/device/1/usage").answered, false);
    assert.equal(fieldAt(SHEET, hearing, "/nothing"), null);
});

test("the stage as it stands for this hearing", () => {
    const required = (hearing, pointer) => fieldsOf(SHEET, hearing).find((one) => one.pointer === pointer).required;
    assert.equal(required({}, "/incident/known_at"), "optional");
    assert.equal(required({ incident: { information_leak: "no" } }, "/incident/known_at"), "optional");
    assert.equal(required({ incident: { information_leak: "declined" } }, "/incident/known_at"), "optional");
    assert.equal(required({ incident: { information_leak: "yes" } }, "/incident/known_at"), "B");
    assert.equal(required({}, "/device"), "B");
    assert.equal(required({}, "/logs"), "H");
    assert.equal(required({}, "/contact/phone"), "A");
});

test("what is still to be asked, and how much is done", () => {
    const leak = { incident: { information_leak: "yes", priorities: [] }, device: [{}, { usage: "unknown", disk_encrypted: null }] };
    assert.deepEqual(missing(SHEET, {}, "A"), ["/contact/company", "/contact/phone"]);
    assert.deepEqual(missing(SHEET, leak, "B"),
        ["/contact/email", "/incident/priorities", "/incident/known_at", "/device/0/usage"]);
    assert.deepEqual(missing(SHEET, leak, "H"), ["/device/0/disk_encrypted", "/device/1/disk_encrypted", "/logs"]);
    assert.deepEqual(missing(SHEET, { device: [], logs: [] }, "H"), ["/device", "/logs"]);
    assert.deepEqual(missing(SHEET, { device: "unknown", logs: "declined" }, "H"), []);
    assert.deepEqual(counts(SHEET, leak).map(({ done, total }) => `${done}/${total}`), ["0/3", "1/3", "1/10", "0/1"]);
    assert.deepEqual(counts(SHEET, { device: "unknown" }).map(({ done, total }) => `${done}/${total}`), ["0/3", "0/3", "1/1", "0/1"]);
});

const of = (pointer) => fieldAt(SHEET, {}, pointer);
const TYPED = [
    ["/contact/company", "　株式会社サンプル商店 \n", { value: "株式会社サンプル商店" }], ["/contact/company", " 　", { value: undefined }],
    ["/contact/company", "不明", { value: "不明" }], ["/contact/company", "x".repeat(201), { problem: "too_long" }],
    ["/contact/company", "𠮷".repeat(200), { value: "𠮷".repeat(200) }], ["/contact/company", "a\u001b[31m", { problem: "control" }],
    ["/contact/company", "a\ud800", { problem: "control" }], ["/contact/company", "二行\r\nの会社", { value: "二行\nの会社" }],
    ["/contact/phone", "０３－００００－１２３４", { value: "０３－００００－１２３４" }], ["/contact/phone", "0300", { problem: "format" }],
    ["/contact/email", "ｔａｒｏ＠ｅｘａｍｐｌｅ．ｊｐ", { value: "taro@example.jp" }], ["/contact/email", "taro@localhost", { problem: "format" }],
    ["/contact/email", "taro..x.@example.jp", { value: "taro..x.@example.jp" }], ["/contact/email", "不明", { value: "unknown" }],
    ["/contact/email", "回答なし", { value: "declined" }], ["/contact/email", "a@-x.jp", { problem: "format" }],
    ["/incident/priorities", "root_cause、other", { value: ["root_cause", "other"] }], ["/incident/priorities", "other other", { problem: "duplicate" }],
    ["/incident/priorities", "speed", { problem: "choice" }], ["/incident/information_leak", "yes", { value: "yes" }],
    ["/incident/information_leak", "あり", { value: "yes" }], ["/incident/information_leak", "ＮＯ", { value: "no" }],
    ["/incident/information_leak", "不明", { value: "unknown" }], ["/incident/information_leak", "maybe", { problem: "choice" }],
    ["/incident/known_at", "きのう15時", { value: "2026-11-24T15:00:00+09:00", precision: "hour", guess: false }],
    ["/incident/known_at", "昨日の昼", { value: "2026-11-24T12:00:00+09:00", to: "2026-11-24T14:00:00+09:00", precision: "hour", guess: true }],
    ["/incident/known_at", "いつか", { problem: "format" }],
    ["/device/0/addresses", "192.168.10.5、10.0.0.1, 2001:db8::1\n１９２．０．２．１", { value: ["192.168.10.5", "10.0.0.1", "2001:db8::1", "192.0.2.1"] }],
    ["/device/0/addresses", "192.168.10.256", { problem: "format" }],
    ["/device/0/addresses", Array.from({ length: 17 }, (_, i) => `10.0.0.${i}`).join(" "), { problem: "too_many" }],
    ["/device/0/mac", "００-11-22-aa-bb-cc", { value: "00:11:22:AA:BB:CC" }], ["/device/0/mac", "0011.22aa.bbcc", { value: "00:11:22:AA:BB:CC" }],
    ["/device/0/mac", "00-11-22", { problem: "format" }], ["/device/0/clock_error_s", "－１２０秒", { value: -120 }],
    ["/device/0/clock_error_s", "約1,500", { value: 1500 }], ["/device/0/clock_error_s", "1.5万", { value: 15000 }],
    ["/device/0/clock_error_s", "1.5", { problem: "format" }], ["/device/0/clock_error_s", "50万", { problem: "range" }],
    ["/device/0/clock_error_s", "数秒", { problem: "format" }], ["/device", "PC", { problem: "type" }],
];

test("what typed text becomes", () => {
    for (const [pointer, text, expected] of TYPED)
        assert.deepEqual(normalise(of(pointer), text, NOW), expected, `${pointer} ${text}`);
});

test(`addresses as the system reads them, seed ${seed}`, () => {
    const roll = dice();
    const part = () => roll.of(["0", "1", "255", "256", "01", "", "ffff", "10000", "::", ":", ".", "db8", "1.2.3.4", "g"]);
    const address = of("/device/0/addresses");
    for (const text of ["::", "::1", "1::", "::1.2.3.4", "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:7::", "::2:3:4:5:6:7:8",
        "1::2::3", ":1", "1:", "1.2.3.4.", ".1.2.3.4", "1.2.3", "fe80::1%1", ...Array.from({ length: 3000 }, () =>
            Array.from({ length: 1 + roll.below(9) }, part).join(roll.of([":", ".", ""])))]) {
        if (text.trim() !== "")
            assert.equal(problemOf(address, [text]) === null, isIP(text) > 0 && !text.includes("%"), text);
    }
});

/* --- beside the desk's own code -------------------------------------------------------------------------------------- */

const tool = process.env.DESK_TABLES ?? fileURLToPath(new URL("../../var/build-gcc/tests/desk_tables", import.meta.url));
const skip = existsSync(tool) ? false : `tests/prepare has not built ${tool}`;
const desk = (words, lines) => execFileSync(tool, words, { input: lines.map((line) => `${JSON.stringify(line)}\n`).join(""),
    encoding: "utf8", maxBuffer: 2 ** 26 }).split("\n").slice(0, -1);
const deskSheet = () => JSON.parse(execFileSync(tool, ["sheet"], { encoding: "utf8" }));

const VALUES = {
    text: ["山田", "x", " ", "", "a\u0007", "x".repeat(5000), "二行\nの", "𠮷".repeat(200)],
    phone: ["03-0000-0142", "０３（００００）０１４２", "110", "+81 3 0000 0142"],
    email: ["a@example.jp", "ａ＠example.jp", "a@b", "@example.jp", "a b@example.jp", `${"a".repeat(65)}@example.jp`, "a@b..jp"],
    time: ["2026-11-24T15:00:00+09:00", "2026-11-24 15:00:00Z", "2026-02-29T15:00:00Z", "2026-11-24T15:00", "2026-11-24T24:00:00Z",
        "2026-11-24T15:00:60.123456Z", "2026-11-24t15:00:00z", "1969-12-31T15:00:00Z"],
    choices: [["root_cause"], ["other", "other"], ["x"], []], texts: [["氏名", "住所"], [" "], ["x".repeat(201)], [], Array(33).fill("x")],
    addresses: [["192.168.0.1", "::1"], ["x"], ["01.1.1.1"], ["1:2:3:4:5:6:7:8:9"], [], Array(17).fill("::1")],
    mac: ["00:11:22:aa:bb:cc", "001122AABBCC", "00-11", "-00112233AABB", "00:11:22:AA:BB:CG"], integer: [0, 5, -1, 36501, 1e11, "5"], list: [[{}], [], ["x"]],
};

const candidates = (one) => [...(one.type === "choice" ? [...one.choices, "x", ""] : VALUES[one.type]), "unknown", "declined", 7, ["x"], true];

function opening(pointer, value) {
    const body = { contact: { company: "社", phone: "03-0000-0142" }, incident: { summary: "概要" } };
    return withValue(body, pointer.replace("/N/", "/0/"), value);
}

test("the same values are refused for the same reason as by the desk", { skip }, () => {
    const rows = deskSheet().fields.flatMap((one) => candidates(one).map((value) => ({ one, value })));
    const said = desk(["check"], rows.map(({ one, value }) => opening(one.pointer, value)));
    rows.forEach(({ one, value }, i) => {
        const problem = problemOf({ ...one, choices: one.choices ?? [] }, value);
        const codes = said[i] === "ok" ? [null] : said[i].split(",").map((error) => error.split(" ")[0]);
        assert.ok(codes.includes(problem), `${one.pointer} ${JSON.stringify(value).slice(0, 80)}: ${problem}, the desk: ${said[i]}`);
    });
});

function randomHearing(sheet, roll) {
    let hearing = {};
    for (const one of sheet.fields)
        for (const index of one.pointer.includes("/N/") ? [0, 1, 2] : [0])
            if (roll.chance(0.5))
                hearing = withValue(hearing, one.pointer.replace("/N/", `/${index}/`), roll.of(["unknown", "declined", "山田", null, [], ["x"], 5, [{}, {}]]));
    if (roll.chance(0.7))
        hearing = withValue(hearing, "/incident/information_leak", roll.of(["yes", "no", "unknown", "declined"]));
    return hearing;
}

test(`the same is missing as at the desk, seed ${seed}`, { skip }, () => {
    const roll = dice();
    const sheet = deskSheet();
    const hearings = [{}, { device: [] }, { device: [{}] }, { device: "unknown" }, ...Array.from({ length: 500 }, () => randomHearing(sheet, roll))];
    for (const stage of ["A", "B", "H"]) {
        const said = desk(["missing", stage], hearings);
        hearings.forEach((hearing, i) => assert.equal(missing(sheet, hearing, stage).join(" "), said[i], `${stage} ${JSON.stringify(hearing)}`));
    }
});

test("each field of the desk's sheet has a section, and each section a count", { skip }, () => {
    const sheet = deskSheet();
    assert.equal(fieldsOf(sheet, {}).every((one) => one.section !== null), true);
    assert.equal(counts(sheet, {}).every(({ done, total }) => done === 0 && total > 0), true);
});

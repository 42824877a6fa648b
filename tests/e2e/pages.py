# SPDX-License-Identifier: Apache-2.0
"""What is asked of every page of the console: that axe finds nothing, that its text can be read whole, that nothing from outside is
anything but text on it; and the Nu Html Checker."""
import json
import pathlib
import re
import subprocess

import axe_playwright_python

from desk import ROOT

AXE = (pathlib.Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()
FONT_PX_MIN = 14
# What hides text or turns it about; on a page it is a sign of its own, never the character itself.
UNSEEN = re.compile("[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]")
# Asked in one go, because each question lays the page out.
LOOK = r"""() => {
    const said = (element) => `${element.tagName.toLowerCase()}.${element.getAttribute("class") ?? ""}: ${element.textContent.trim().slice(0, 60)}`;
    const seen = (element) => element.checkVisibility({ visibilityProperty: true, opacityProperty: true }) && !element.closest(".sr-only, noscript");
    const all = [...document.body.querySelectorAll("*")].filter(seen);
    const ownText = (element) => [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    const named = (element) => element.closest("[title]")?.title.trim() || element.closest("a, button, input, select")?.getAttribute("aria-label");
    const px = (element) => parseFloat(getComputedStyle(element).fontSize) *
        (element instanceof SVGElement ? Math.abs(element.getScreenCTM?.()?.a ?? 1) : 1);
    const styleOf = new Map(all.map((element) => [element, getComputedStyle(element)]));
    const cuts = (element) => {
        const style = styleOf.get(element);
        const across = ["hidden", "clip"].includes(style.overflowX) && element.scrollWidth > element.clientWidth + 1;
        const down = ["hidden", "clip"].includes(style.overflowY) && element.scrollHeight > element.clientHeight + 4;
        return element.clientWidth > 1 && (across || down);
    };
    const holds = (element, kinds) => {
        for (let one = element; one && one !== document.body; one = one.parentElement)
            if (kinds.includes(getComputedStyle(one).overflowX))
                return true;
        return false;
    };
    const outOf = (element) => {
        const { right, left, width } = element.getBoundingClientRect();
        return width > 0 && (right > innerWidth + 1 || left < -1) && !holds(element, ["auto", "scroll", "hidden", "clip"]);
    };
    const wide = ["html", "body", "#app", "header", ".bar", ".line", "main", ".page", ".paper", "dialog[open]"]
        .flatMap((selector) => [...document.querySelectorAll(selector)]).filter((element) => element.scrollWidth > element.clientWidth + 1);
    const attributes = [...document.querySelectorAll("[title], [aria-label], [placeholder]")]
        .flatMap((element) => ["title", "aria-label", "placeholder"].map((name) => element.getAttribute(name)).filter(Boolean));
    const foreign = "img, iframe, object, embed, video, audio, base, style, form[action], meta[http-equiv], [onload], [onerror], [onclick], [style*='url']";
    return {
        small: all.filter((element) => ownText(element) && px(element) < 13.99).map((element) => `${px(element)} px ${said(element)}`),
        cut: all.filter((element) => !["INPUT", "TEXTAREA", "SELECT", "OPTION", "BODY", "HTML"].includes(element.tagName) &&
            !(element instanceof SVGElement) && element.id !== "app" && cuts(element) && element.textContent.trim() && !named(element)).map(said),
        wide: [...wide.map((element) => `${said(element)} ${element.scrollWidth} > ${element.clientWidth}`),
            ...all.filter((element) => ownText(element) && outOf(element)).map((element) => `out of the window: ${said(element)}`)],
        foreign: [...document.querySelectorAll(foreign)].map((element) => element.outerHTML.slice(0, 120)),
        scripts: document.scripts.length,
        text: document.body.innerText, title: document.title, attributes,
        icons: [...document.querySelectorAll("table, ul, ol, dl")].filter(seen).map((list) => [...list.querySelectorAll(".chip")]
            .filter((chip) => seen(chip) && chip.closest("table, ul, ol, dl") === list)
            .map((chip) => [chip.querySelector("use")?.getAttribute("href") ?? null, chip.textContent.trim()])),
    };
}"""
# A chip that names a kind, and no state: every type of an incident has the same.
NO_STATE = {"#icon-dot"}


def look(page):
    return page.evaluate(LOOK)


def wrong_on(page, seen=None):
    """What is wrong with the layout of a page, as sentences; none where nothing is."""
    seen = seen or look(page)
    found = [f"{kind}: {one}" for kind in ("small", "cut", "wide", "foreign") for one in seen[kind][:4]]
    found += [f"{seen['scripts']} scripts"] * (seen["scripts"] != 1)
    found += [f"unseen character in: {text[:80]!r}" for text in [seen["text"], seen["title"], *seen["attributes"]] if UNSEEN.search(text)]
    for chips in seen["icons"]:
        words = {}
        for icon, text in chips:
            word = re.sub(r"[\d:/.,\s]+", "", text)
            if icon is None or not word:
                found.append(f"a state without an icon or a word: {icon} {text!r}")
            elif icon not in NO_STATE and words.setdefault(icon, word) != word:
                found.append(f"{icon} is {words[icon]!r} and {word!r} in one list")
    return found


def violations(page):
    """Of axe-core, injected as text: the page's policy lets no other script in."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE + "\n;undefined")
    ran = page.evaluate("async () => (await axe.run(document, { resultTypes: ['violations'], elementRef: false })).violations"
                        ".map(({ id, nodes }) => [id, nodes.slice(0, 3).map(({ target, html }) => `${target.join(' ')} ${html.slice(0, 120)}`)])")
    return [f"axe {rule}: {'; '.join(where)}" for rule, where in ran]


def checker(*arguments):
    """What the Nu Html Checker says of files; nothing is filtered."""
    ran = subprocess.run(["java", "-Xmx256m", "-cp", f"{ROOT}/var/validator/*", "nu.validator.client.SimpleCommandLineValidator",
                          "--stdout", "--format", "json", "--exit-zero-always", *map(str, arguments)],
                         capture_output=True, text=True, timeout=300)
    assert ran.returncode == 0, ran.stderr[-2000:]
    return [f"{pathlib.Path(one.get('url', '')).name}:{one.get('lastLine')} {one['type']}: {one['message']} {one.get('extract', '')[:120]}"
            for one in json.loads(ran.stdout)["messages"]]

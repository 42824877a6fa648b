/* SPDX-License-Identifier: Apache-2.0 */
/* Every part of the console's words, also those that come with one screen only. */
import { readFileSync, readdirSync } from "node:fs";

const FOLDER = new URL("../../services/intake/console/pure/words/", import.meta.url);
const names = readdirSync(FOLDER);
const taken = new Set(names.flatMap((name) => [...readFileSync(new URL(name, FOLDER), "utf8").matchAll(/from "\.\/([^"]+)"/g)]
    .map(([, from]) => from)));
const modules = await Promise.all(names.filter((name) => !taken.has(name)).map((name) => import(new URL(name, FOLDER))));

/** {name of the part: {key: [ja, en]}} */
export const parts = Object.assign({}, ...modules);
export const words = Object.assign({}, ...Object.values(parts));

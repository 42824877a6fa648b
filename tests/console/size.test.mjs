/* SPDX-License-Identifier: Apache-2.0 */
import assert from "node:assert/strict";
import test from "node:test";
import { sizeText } from "../../services/intake/console/pure/size.js";

test("a size has one unit everywhere", () => {
    for (const [bytes, text] of [
        [0, "0 B"],
        [999, "999 B"],
        [1000, "1.0 kB"],
        [1024, "1.0 kB"],
        [82090, "82.1 kB"],
        [820900, "821 kB"],
        [999999, "1.0 MB"],
        [1048576, "1.0 MB"],
        [2e9, "2.0 GB"],
        [5e12, "5000 GB"],
    ])
        assert.equal(sizeText(bytes), text);
});

test("what is not known is no size of nothing", () => {
    for (const bytes of [undefined, null, NaN])
        assert.equal(sizeText(bytes), "—");
});

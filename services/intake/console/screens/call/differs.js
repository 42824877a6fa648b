/* SPDX-License-Identifier: Apache-2.0 */
/* Two values for one item: whose the other one is. */
import { now } from "../../core/api.js";
import { me } from "../../core/app.js";
import { t } from "../../core/language.js";
import { nameOf } from "../../core/people.js";
import { shortTime } from "../../core/times.js";
import { whoseOf } from "../../pure/people.js";

const say = (words, { by, at }) => t(`differs.${words}.${whoseOf(by, me.get()?.id)}`, { who: nameOf(by) ?? "", time: shortTime(at, now()) });

export const differsMessage = (conflict) => say("from", conflict);
export const theirsHeading = (conflict) => say("theirs", conflict);
export const keepTheirs = (conflict) => say("keep", conflict);

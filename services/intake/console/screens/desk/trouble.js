/* SPDX-License-Identifier: Apache-2.0 */
/* What is missing on the screens of the desk. */
import { connection } from "../../core/app.js";

export { troubleStep } from "../../core/trouble.js";

const LIVE = ["session", "intake", "redis", "stream"];

/** Whether what is shown cannot be kept up to date at the moment. */
export const isCutOff = () => LIVE.some((part) => connection.get()[part]);

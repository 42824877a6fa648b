/* SPDX-License-Identifier: Apache-2.0 */
/* What the line says on any screen while something is missing; null where all is well. */
import { troubleOf } from "../pure/trouble.js";
import * as api from "./api.js";
import { connection } from "./app.js";

export const troubleStep = (screen) => troubleOf({ screen, connection: connection.get(), now: api.now() });

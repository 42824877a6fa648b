/* SPDX-License-Identifier: Apache-2.0 */
/* Who works at the desk, by name. */
import { personOf } from "../pure/people.js";
import { tables } from "./app.js";

export const nameOf = (id) => personOf(tables.desk, id);

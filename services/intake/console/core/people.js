/* SPDX-License-Identifier: Apache-2.0 */
/* Who works at the desk, by name. */
import { tables } from "./app.js";

/** The name of an operator; the id itself where nobody of that id works here any more. */
export const nameOf = (id) => tables.desk?.people?.find((one) => one.id === id)?.name ?? id ?? null;

/* SPDX-License-Identifier: Apache-2.0 */
/* Where the console begins. */
document.documentElement.dataset.page = location.pathname;

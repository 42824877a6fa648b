/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256 (FIPS 180-4) for browsers that keep crypto.subtle back: they do on plain http from another host. */

const BLOCK = 64;
const fraction = (root) => Math.floor((root - Math.floor(root)) * 2 ** 32) | 0;

function firstPrimes(count) {
    const primes = [];
    for (let n = 2; primes.length < count; n++)
        if (primes.every((prime) => n % prime !== 0))
            primes.push(n);
    return primes;
}

/* The fractional parts of the cube and square roots of the first primes: exact in the 53 bits of a number. */
const ROUNDS = firstPrimes(64).map((prime) => fraction(Math.cbrt(prime)));
const BEGIN = firstPrimes(8).map((prime) => fraction(Math.sqrt(prime)));

const rotate = (word, bits) => (word >>> bits) | (word << (32 - bits));

/* The message, a one bit, zeros, and its length in bits as 64 bits. */
function padded(bytes) {
    const length = Math.ceil((bytes.length + 9) / BLOCK) * BLOCK;
    const whole = new Uint8Array(length);
    const view = new DataView(whole.buffer);
    whole.set(bytes);
    whole[bytes.length] = 0x80;
    view.setUint32(length - 8, Math.floor(bytes.length / 2 ** 29));
    view.setUint32(length - 4, (bytes.length << 3) >>> 0);
    return view;
}

function schedule(view, at, words) {
    for (let i = 0; i < 16; i++)
        words[i] = view.getInt32(at + 4 * i);
    for (let i = 16; i < 64; i++) {
        const early = words[i - 15];
        const late = words[i - 2];
        const s0 = rotate(early, 7) ^ rotate(early, 18) ^ (early >>> 3);
        const s1 = rotate(late, 17) ^ rotate(late, 19) ^ (late >>> 10);
        words[i] = (words[i - 16] + s0 + words[i - 7] + s1) | 0;
    }
}

function compress(state, words) {
    let [a, b, c, d, e, f, g, h] = state;
    for (let i = 0; i < 64; i++) {
        const s1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
        const t1 = (h + s1 + ((e & f) ^ (~e & g)) + ROUNDS[i] + words[i]) | 0;
        const s0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22);
        const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
        [h, g, f, e, d, c, b, a] = [g, f, e, (d + t1) | 0, c, b, a, (t1 + t2) | 0];
    }
    [a, b, c, d, e, f, g, h].forEach((word, i) => { state[i] = (state[i] + word) | 0; });
}

/** The 32 bytes of the hash. */
export function sha256(bytes) {
    const view = padded(bytes);
    const state = Int32Array.from(BEGIN);
    const words = new Int32Array(64);
    for (let at = 0; at < view.byteLength; at += BLOCK) {
        schedule(view, at, words);
        compress(state, words);
    }
    const hash = new DataView(new ArrayBuffer(32));
    state.forEach((word, i) => hash.setInt32(4 * i, word));
    return new Uint8Array(hash.buffer);
}

/** hasher(crypto.subtle): the browser's own where it is there, else the one above; both async. */
export function hasher(subtle) {
    return subtle ? async (bytes) => new Uint8Array(await subtle.digest("SHA-256", bytes))
        : async (bytes) => sha256(bytes);
}

export const hexOf = (bytes) => [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");

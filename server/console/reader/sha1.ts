const BLOCK_BYTES = 64;

/**
 * SHA-1, as RFC 3174 describes it. Browsers offer theirs over HTTPS alone, and most servers at home have none. The key of a
 * scrambled font is made of it, which is no secret.
 */
export function sha1(bytes: Uint8Array): Uint8Array {
  const padded = new Uint8Array(Math.ceil((bytes.length + 9) / BLOCK_BYTES) * BLOCK_BYTES);
  padded.set(bytes);
  padded[bytes.length] = 0x80;
  const view = new DataView(padded.buffer);
  view.setUint32(padded.length - 4, bytes.length * 8);
  const state = new Uint32Array([0x67_45_23_01, 0xef_cd_ab_89, 0x98_ba_dc_fe, 0x10_32_54_76, 0xc3_d2_e1_f0]);
  const words = new Uint32Array(80);
  for (let at = 0; at < padded.length; at += BLOCK_BYTES) {
    for (let index = 0; index < 80; index += 1) {
      words[index] =
        index < 16
          ? view.getUint32(at + index * 4)
          : rotated(of(index - 3) ^ of(index - 8) ^ of(index - 14) ^ of(index - 16), 1);
    }
    let [a = 0, b = 0, c = 0, d = 0, e = 0] = state;
    for (let index = 0; index < 80; index += 1) {
      const [mixed, constant] = round(index, b, c, d);
      const next = (rotated(a, 5) + mixed + e + constant + of(index)) | 0;
      [e, d, c, b, a] = [d, c, rotated(b, 30), a, next];
    }
    for (const [index, value] of [a, b, c, d, e].entries()) state[index] = (state[index] ?? 0) + value;
  }
  const digest = new DataView(new ArrayBuffer(20));
  for (const [index, word] of state.entries()) digest.setUint32(index * 4, word);
  return new Uint8Array(digest.buffer);

  function of(index: number): number {
    return words[index] ?? 0;
  }
}

function round(index: number, b: number, c: number, d: number): readonly [mixed: number, constant: number] {
  if (index < 20) return [(b & c) | (~b & d), 0x5a_82_79_99];
  if (index < 40) return [b ^ c ^ d, 0x6e_d9_eb_a1];
  if (index < 60) return [(b & c) | (b & d) | (c & d), 0x8f_1b_bc_dc];
  return [b ^ c ^ d, 0xca_62_c1_d6];
}

function rotated(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}

/** Stands for "not known". */
export const NO_STATE_MARK = 0;

/**
 * Inode and time of last change (ctime) of a file in one number of 52 bits, which a double holds exactly: both are only
 * ever compared, and one number costs a catalogue half of what two cost. No program can set a ctime back, and a file that
 * took the place of another has another inode, so the mark shows changes that keep size and time of modification. Of two
 * changed files, one in four thousand billion has the mark that it had.
 *
 * Stored in databases: another formula would make every file look changed.
 */
export function stateMark(inodeLow: number, inodeHigh: number, changedS: number, changedNs: number): number {
  const low = mixed(0x811c9dc5, inodeLow, inodeHigh, changedS, changedNs);
  const high = mixed(0x2545f491, changedNs, changedS, inodeHigh, inodeLow) & 0xfffff;
  return high * 2 ** 32 + low || 1;
}

/** The mark of a file by what `stat` of Node.js says with large numbers. */
export function stateMarkOfStats({
  ino,
  ctimeNs,
}: {
  readonly ino: bigint;
  readonly ctimeNs: bigint;
}): number {
  return stateMark(
    Number(BigInt.asUintN(32, ino)),
    Number(BigInt.asUintN(32, ino >> 32n)),
    Number(BigInt.asUintN(32, ctimeNs / 1_000_000_000n)),
    Number(ctimeNs % 1_000_000_000n),
  );
}

/** As FNV-1a, but over words of 32 bits, with the high bits brought down. */
function mixed(seed: number, one: number, two: number, three: number, four: number): number {
  let hash = step(seed, one);
  hash = step(hash, two);
  hash = step(hash, three);
  return step(hash, four) >>> 0;
}

function step(hash: number, word: number): number {
  const multiplied = Math.imul(hash ^ word, 0x01000193);
  return multiplied ^ (multiplied >>> 15);
}

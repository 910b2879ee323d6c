/**
 * A QR code as ISO/IEC 18004 defines it, of bytes and with the error correction M, which survives damage of 15 %. The package
 * `uqr` makes the same ones, which the tests compare, in three times the space.
 */
export interface QrModules {
  /** Modules in a row, and rows. */
  readonly side: number;
  /** Row by row: 1 is dark, 0 is light. */
  readonly cells: Uint8Array;
}

/** For each version, the smallest first: codewords of error correction in a block, and blocks. */
const CHECK_CODEWORDS = [
  10, 16, 26, 18, 24, 16, 18, 22, 22, 26, 30, 22, 22, 24, 24, 28, 28, 26, 26, 26, 26, 28, 28, 28, 28, 28, 28,
  28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28,
];
const BLOCKS = [
  1, 1, 1, 2, 2, 4, 4, 4, 5, 5, 5, 8, 9, 9, 10, 10, 11, 13, 14, 16, 17, 17, 18, 20, 21, 23, 25, 26, 28, 29,
  31, 33, 35, 37, 38, 40, 43, 45, 47, 49,
];
/** The cell of a module that holds data. */
const FREE = 2;

/** The patterns of which one is laid over the data, so that no large area has one colour. */
const MASKS: readonly ((x: number, y: number) => boolean)[] = [
  (x, y) => (x + y) % 2 === 0,
  (_, y) => y % 2 === 0,
  (x) => x % 3 === 0,
  (x, y) => (x + y) % 3 === 0,
  (x, y) => ((x / 3) | 0) % 2 === ((y / 2) | 0) % 2,
  (x, y) => (x * y) % 6 === 0,
  (x, y) => (((x * y) % 2) + ((x * y) % 3)) % 2 === 0,
  (x, y) => (((x + y) % 2) + ((x * y) % 3)) % 2 === 0,
];

/** @throws RangeError for more than 2,331 bytes of UTF-8 */
export function qrModules(text: string): QrModules {
  const bytes = new TextEncoder().encode(text);
  for (const [index, checkCodewords] of CHECK_CODEWORDS.entries()) {
    const version = index + 1;
    const blocks = BLOCKS[index] ?? 1;
    const pattern = fixedModules(version);
    const free = pattern.cells.reduce((sum, cell) => sum + (cell === FREE ? 1 : 0), 0);
    const data = dataCodewords(bytes, version, (free >> 3) - checkCodewords * blocks);
    if (data !== undefined) return masked(pattern, interleaved(data, blocks, checkCodewords));
  }
  throw new RangeError('The text is too long for a QR code.');
}

/** Mode, length, bytes and filling; `undefined`: they do not fit into so many codewords. */
function dataCodewords(bytes: Uint8Array, version: number, room: number): readonly number[] | undefined {
  const binary = (value: number, digits: number): string => value.toString(2).padStart(digits, '0');
  const bits = `0100${binary(bytes.length, version < 10 ? 8 : 16)}${Array.from(bytes, (byte) => binary(byte, 8)).join('')}`;
  if (bits.length > room * 8) return undefined;
  const ended = bits.padEnd(Math.min(room * 8, bits.length + 4), '0');
  const codewords = ended.match(/.{1,8}/g)?.map((word) => Number.parseInt(word.padEnd(8, '0'), 2)) ?? [];
  for (let filled = 0; codewords.length < room; filled += 1) codewords.push(filled % 2 === 0 ? 0xec : 0x11);
  return codewords;
}

/** Powers of 2 in the field of 256 elements, twice, so that a product needs no remainder. */
const POWERS: number[] = [];
const LOGARITHMS: number[] = [];
for (let power = 1, exponent = 0; exponent < 255; exponent += 1) {
  POWERS[exponent] = power;
  POWERS[exponent + 255] = power;
  LOGARITHMS[power] = exponent;
  power = (power << 1) ^ (power > 127 ? 0x11d : 0);
}

function product(left: number, right: number): number {
  if (left === 0 || right === 0) return 0;
  return POWERS[(LOGARITHMS[left] ?? 0) + (LOGARITHMS[right] ?? 0)] ?? 0;
}

/** The data in blocks with their Reed-Solomon codes, of each block a codeword in turn. */
function interleaved(data: readonly number[], blocks: number, checkCodewords: number): readonly number[] {
  // The product of all (x - 2^i), without its first coefficient, which is 1.
  let divisor: number[] = [];
  for (let root = 0; root < checkCodewords; root += 1) {
    const factor = POWERS[root] ?? 0;
    divisor = [...divisor, 0].map(
      (each, at) => each ^ product(at === 0 ? 1 : (divisor[at - 1] ?? 0), factor),
    );
  }
  const size = Math.floor(data.length / blocks);
  // The last ones have a codeword more.
  const short = blocks - (data.length % blocks);
  const parts = Array.from({ length: blocks }, (_, block) => {
    const start = block * size + Math.max(0, block - short);
    return data.slice(start, start + size + (block < short ? 0 : 1));
  });
  const checks = parts.map((part) => {
    let rest = divisor.map(() => 0);
    for (const codeword of part) {
      const lead = codeword ^ (rest[0] ?? 0);
      rest = divisor.map((each, at) => (rest[at + 1] ?? 0) ^ product(each, lead));
    }
    return rest;
  });
  return [parts, checks].flatMap((rows) =>
    Array.from({ length: rows.at(-1)?.length ?? 0 }, (_, at) => rows.flatMap((row) => row[at] ?? [])).flat(),
  );
}

/** What every code of a version has; the places of the format are light, all others free. */
function fixedModules(version: number): QrModules {
  const side = 17 + 4 * version;
  const cells = new Uint8Array(side * side).fill(FREE);
  /** Squares within squares. @param light the distances from the middle that are light */
  const square = (middleX: number, middleY: number, reach: number, light: readonly number[]): void => {
    for (let y = Math.max(0, middleY - reach); y <= Math.min(side - 1, middleY + reach); y += 1) {
      for (let x = Math.max(0, middleX - reach); x <= Math.min(side - 1, middleX + reach); x += 1) {
        const distance = Math.max(Math.abs(x - middleX), Math.abs(y - middleY));
        cells[y * side + x] = light.includes(distance) ? 0 : 1;
      }
    }
  };
  for (let at = 0; at < side; at += 1) cells[6 * side + at] = cells[at * side + 6] = (at + 1) % 2;
  const far = side - 7;
  const stops = version === 1 ? [] : alignments(version, far);
  for (const x of stops) {
    for (const y of stops) {
      // Three corners have the large squares.
      if ([x, y].includes(6) && (x === y || [x, y].includes(far))) continue;
      square(x, y, 2, [1]);
    }
  }
  for (const [x, y] of [
    [3, 3],
    [side - 4, 3],
    [3, side - 4],
  ] as const)
    square(x, y, 4, [2, 4]);
  for (const places of formatPlaces(side)) for (const place of places) cells[place] = 0;
  cells[(side - 8) * side + 8] = 1;
  if (version >= 7) {
    const bits = withCheck(version, 12, 0x1f25);
    for (let bit = 0; bit < 18; bit += 1) {
      const [near, wide] = [Math.floor(bit / 3), side - 11 + (bit % 3)];
      cells[near * side + wide] = cells[wide * side + near] = (bits >> bit) & 1;
    }
  }
  return { side, cells };
}

/** Columns and rows whose crossings have a small square. */
function alignments(version: number, last: number): readonly number[] {
  const gaps = Math.floor(version / 7) + 1;
  const step = version === 32 ? 26 : Math.ceil((last - 6) / gaps / 2) * 2;
  return [6, ...Array.from({ length: gaps }, (_, gap) => last - step * gap).toReversed()];
}

/** The two places of each bit of the format. */
function formatPlaces(side: number): readonly (readonly [number, number])[] {
  return Array.from({ length: 15 }, (_, bit) => {
    const near = bit < 6 ? bit : bit + 1;
    return [
      bit < 8 ? near * side + 8 : 8 * side + (bit === 8 ? 7 : 14 - bit),
      bit < 8 ? 8 * side + side - 1 - bit : (side - 15 + bit) * side + 8,
    ];
  });
}

/** A number, followed by its remainder of a division of polynomials. */
function withCheck(value: number, digits: number, divisor: number): number {
  let rest = value << digits;
  for (let at = 5; at >= 0; at -= 1) if ((rest >> (at + digits)) & 1) rest ^= divisor << at;
  return (value << digits) | rest;
}

/** Lays the codewords into the free modules, below the mask that leaves the fewest squares of one colour. */
function masked({ side, cells: fixed }: QrModules, codewords: readonly number[]): QrModules {
  const plain = fixed.slice();
  let bit = 0;
  for (let right = side - 1; right > 0; right -= 2) {
    if (right === 6) right = 5; // that column holds no data
    const isUpward = ((right + 1) & 2) === 0;
    for (let step = 0; step < side; step += 1) {
      for (const x of [right, right - 1]) {
        const at = (isUpward ? side - 1 - step : step) * side + x;
        if (fixed[at] !== FREE) continue;
        plain[at] = ((codewords[bit >> 3] ?? 0) >> (7 - (bit & 7))) & 1;
        bit += 1;
      }
    }
  }
  let best = plain;
  let fewest = Infinity;
  for (const [mask, isTurned] of MASKS.entries()) {
    const cells = plain.map((cell, at) =>
      fixed[at] === FREE && isTurned(at % side, Math.floor(at / side)) ? 1 - cell : cell,
    );
    // The level M is 0.
    const format = withCheck(mask, 10, 0x537) ^ 0x5412;
    for (const [index, places] of formatPlaces(side).entries()) {
      for (const place of places) cells[place] = (format >> index) & 1;
    }
    const squares = cells.reduce(
      (sum, cell, at) =>
        (at + 1) % side !== 0 &&
        cell === cells[at + 1] &&
        cell === cells[at + side] &&
        cell === cells[at + side + 1]
          ? sum + 1
          : sum,
      0,
    );
    if (squares >= fewest) continue;
    fewest = squares;
    best = cells;
  }
  return { side, cells: best };
}

/**
 * Prints the AssemblyScript source of MD5's compression function, unrolled for 4, 8, 12 and 16 messages at once. The
 * build writes the output to assembly/rounds.generated.ts and compiles it together with the hand-written files.
 *
 * MD5 is a chain of 64 steps, each of which needs the result of the previous one: about 350 cycles for a block,
 * however wide the vector is. Two to four independent vectors use the time that one vector spends waiting. The 64
 * steps of four vectors are 256 similar lines, which is why they are generated. A loop over groups of four steps is
 * short enough to write by hand, and 8 to 12 % slower.
 */

const STEPS = 64;
const LANES_PER_VECTOR = 4;
const BYTES_PER_VECTOR = 16;
const WORDS_PER_BLOCK = 16;
/** With four vectors there are more values than x86-64 has registers (16). It is still faster: see md5-lanes.ts. */
const MAX_VECTORS = 4;

/** RFC 1321, 3.4: the left rotations of each round, repeating every four steps. */
const ROTATIONS = [
  [7, 12, 17, 22],
  [5, 9, 14, 20],
  [4, 11, 16, 23],
  [6, 10, 15, 21],
] as const;

/** RFC 1321, 3.4: step i of a round adds the word of the block with the index (multiplier × i + offset) mod 16. */
const WORD_ORDERS = [
  [1, 0],
  [5, 1],
  [3, 5],
  [7, 0],
] as const;

const STATE_WORDS = ['a', 'b', 'c', 'd'] as const;

/** The variables that a step uses as a, b, c and d. They rotate after every step. */
function stateNames(step: number, vector: number): readonly [string, string, string, string] {
  const name = (position: number) => `${STATE_WORDS.at((position - step) % 4)}${vector}`;
  return [name(0), name(1), name(2), name(3)];
}

/** The constants of RFC 1321, those of round four reduced by 1: see `stepI` in assembly/steps.ts. */
function sineTable(): string {
  const sines = Array.from({ length: STEPS }, (_, step) => {
    const sine = Math.floor(Math.abs(Math.sin(step + 1)) * 2 ** 32);
    return `0x${(step < 48 ? sine : sine - 1).toString(16).padStart(8, '0')}`;
  });
  return `const SINES: usize = memory.data<u32>([${sines.join(', ')}]);`;
}

/**
 * Transposes sixteen words of four messages: a vector loaded holds words of one message, a vector stored holds one
 * word of four.
 */
function* transposedLoads(vectors: number): Generator<string> {
  for (let first = 0; first < WORDS_PER_BLOCK; first += 4) {
    for (let vector = 0; vector < vectors; vector++) {
      for (let lane = 0; lane < LANES_PER_VECTOR; lane++) {
        const start = `load<usize>(STARTS, ${4 * (vector * LANES_PER_VECTOR + lane)})`;
        yield `m${lane} = v128.load(${start} + offset, ${4 * first});`;
      }
      yield 'low01 = v128.shuffle<u32>(m0, m1, 0, 4, 1, 5);';
      yield 'low23 = v128.shuffle<u32>(m2, m3, 0, 4, 1, 5);';
      yield 'high01 = v128.shuffle<u32>(m0, m1, 2, 6, 3, 7);';
      yield 'high23 = v128.shuffle<u32>(m2, m3, 2, 6, 3, 7);';
      const at = (word: number) => wordOffset(first + word, vector, vectors);
      yield `v128.store(WORDS, v128.shuffle<u64>(low01, low23, 0, 2), ${at(0)});`;
      yield `v128.store(WORDS, v128.shuffle<u64>(low01, low23, 1, 3), ${at(1)});`;
      yield `v128.store(WORDS, v128.shuffle<u64>(high01, high23, 0, 2), ${at(2)});`;
      yield `v128.store(WORDS, v128.shuffle<u64>(high01, high23, 1, 3), ${at(3)});`;
    }
  }
}

function wordOffset(word: number, vector: number, vectors: number): number {
  return (word * vectors + vector) * BYTES_PER_VECTOR;
}

function* steps(vectors: number): Generator<string> {
  for (let step = 0; step < STEPS; step++) {
    const round = Math.floor(step / 16);
    const [multiplier, offset] = WORD_ORDERS[round] ?? [0, 0];
    const word = (multiplier * step + offset) % WORDS_PER_BLOCK;
    const rotation = ROTATIONS[round]?.[step % 4];
    yield `sine = v128.load_splat<u32>(SINES, ${4 * step});`;
    for (let vector = 0; vector < vectors; vector++) {
      const [a, b, c, d] = stateNames(step, vector);
      const term = `i32x4.add(v128.load(WORDS, ${wordOffset(word, vector, vectors)}), sine)`;
      if (round === 0) yield `${a} = stepF(${a}, ${b}, ${c}, ${d}, ${term}, ${rotation});`;
      if (round === 1) yield `${a} = stepG(${a}, ${b}, ${c}, ${d}, ${term}, ${rotation});`;
      if (round === 2) {
        // b ^ c of an even step equals c ^ d of the odd step after it, which saves one XOR in four.
        const isEven = step % 2 === 0;
        if (isEven) yield `pair${vector} = v128.xor(${b}, ${c});`;
        yield `${a} = stepH(${a}, ${b}, ${isEven ? d : b}, pair${vector}, ${term}, ${rotation});`;
      }
      if (round === 3) yield `${a} = stepI(${a}, ${b}, ${c}, ${d}, ${term}, ${rotation});`;
    }
    if (step % 4 === 3) yield* pins(step, vectors);
  }
}

/**
 * Stores whose values are never read; they only fix the order of the instructions. V8's older compiler (Node 20 and
 * 22) orders arithmetic freely between memory accesses. It would put all 64 steps of the first vector before those of
 * the second, too far apart for the processor to overlap them: 2.4 GB/s in place of 3.6 with two vectors. A store
 * after every fourth step prevents that. A store after every step is no faster, and with newer compilers the stores
 * cost nothing.
 */
function* pins(step: number, vectors: number): Generator<string> {
  if (vectors === 1) return;
  for (let vector = 0; vector < vectors; vector++) {
    yield `v128.store(PINS, ${stateNames(step, vector)[0]}, ${BYTES_PER_VECTOR * vector});`;
  }
}

function* compressFunction(vectors: number): Generator<string> {
  const all = Array.from({ length: vectors }, (_, vector) =>
    STATE_WORDS.map((name) => `${name}${vector}`),
  ).flat();
  yield `/** Advances ${vectors * LANES_PER_VECTOR} messages by the blocks from byte \`offset\` to byte \`end\` of each. */`;
  yield `export function compress${vectors * LANES_PER_VECTOR}(offset: usize, end: usize): void {`;
  yield 'let m0: v128, m1: v128, m2: v128, m3: v128, low01: v128, low23: v128, high01: v128, high23: v128;';
  yield `let sine: v128, ${Array.from({ length: vectors }, (_, vector) => `pair${vector}: v128`).join(', ')};`;
  yield* all.map((name, index) => `let ${name} = v128.load(STATE, ${BYTES_PER_VECTOR * index});`);
  yield 'for (; offset < end; offset += 64) {';
  yield* transposedLoads(vectors);
  yield* steps(vectors);
  yield* all.map(
    (name, index) => `${name} = i32x4.add(${name}, v128.load(STATE, ${BYTES_PER_VECTOR * index}));`,
  );
  yield* all.map((name, index) => `v128.store(STATE, ${name}, ${BYTES_PER_VECTOR * index});`);
  yield '}';
  yield '}';
}

function* rounds(): Generator<string> {
  yield '// Written by unroll-rounds.ts in the build; change that file.';
  yield "import { PINS, STARTS, STATE, WORDS } from './layout';";
  yield "import { stepF, stepG, stepH, stepI } from './steps';";
  yield sineTable();
  for (let vectors = 1; vectors <= MAX_VECTORS; vectors++) yield* compressFunction(vectors);
}

process.stdout.write(`${[...rounds()].join('\n')}\n`);

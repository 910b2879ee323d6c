import { BookError } from '../book-error.js';

const BIT_MODEL_BITS = 11;
const MOVE_BITS = 5;
const HALF = 1 << (BIT_MODEL_BITS - 1);
const TOP = 2 ** 24;
const STATES = 12;
const LENGTH_STATES = 4;
const END_POSITION_MODEL = 14;
const FULL_DISTANCES = 1 << (END_POSITION_MODEL >> 1);
const ALIGN_BITS = 4;
const MIN_MATCH = 2;
const MAX_POSITION_STATES = 16;

/**
 * Decompresses a stream of LZMA, as the LZMA specification of 7-Zip (public domain) describes it. Written here because the
 * packages for it are native, unmaintained, or hold whole archivers; it takes a second for some 20 MB.
 *
 * @param properties five bytes: the numbers of bits for literals and positions, and the size of the dictionary.
 * @param sizeBytes of the result.
 * @throws BookError `damaged`
 */
export function decodeLzma(input: Buffer, properties: Buffer, sizeBytes: number): Buffer {
  return new LzmaDecoder(input, properties, sizeBytes).run();
}

function badLzma(): BookError {
  return new BookError('damaged', 'a part of the archive cannot be decompressed');
}

type Probabilities = Uint16Array;

function probabilities(count: number): Probabilities {
  return new Uint16Array(count).fill(HALF);
}

class LengthDecoder {
  readonly choices = probabilities(2);
  readonly low = Array.from({ length: MAX_POSITION_STATES }, () => probabilities(8));
  readonly middle = Array.from({ length: MAX_POSITION_STATES }, () => probabilities(8));
  readonly high = probabilities(256);
}

class LzmaDecoder {
  readonly #input: Buffer;
  readonly #output: Buffer;
  #at = 5;
  #range = 0xffffffff;
  #code: number;
  readonly #literalContextBits: number;
  readonly #literalPositionMask: number;
  readonly #positionMask: number;
  readonly #literals: Probabilities;
  readonly #isMatch = probabilities(STATES << 4);
  readonly #isRepeated = probabilities(STATES);
  readonly #isRepeated0 = probabilities(STATES);
  readonly #isRepeated1 = probabilities(STATES);
  readonly #isRepeated2 = probabilities(STATES);
  readonly #isShort = probabilities(STATES << 4);
  readonly #slots = Array.from({ length: LENGTH_STATES }, () => probabilities(64));
  readonly #distances = probabilities(1 + FULL_DISTANCES - END_POSITION_MODEL);
  readonly #align = probabilities(1 << ALIGN_BITS);
  readonly #length = new LengthDecoder();
  readonly #repeatedLength = new LengthDecoder();

  constructor(input: Buffer, properties: Buffer, sizeBytes: number) {
    const first = properties[0] ?? 225;
    if (first >= 225 || input.length < 5 || input[0] !== 0) throw badLzma();
    this.#input = input;
    this.#output = Buffer.alloc(sizeBytes);
    this.#code = input.readUInt32BE(1);
    this.#literalContextBits = first % 9;
    const rest = Math.floor(first / 9);
    const literalPositionBits = rest % 5;
    this.#literalPositionMask = (1 << literalPositionBits) - 1;
    this.#positionMask = (1 << Math.floor(rest / 5)) - 1;
    this.#literals = probabilities(0x300 << (this.#literalContextBits + literalPositionBits));
  }

  run(): Buffer {
    const output = this.#output;
    let [rep0, rep1, rep2, rep3] = [0, 0, 0, 0];
    let state = 0;
    let at = 0;
    while (at < output.length) {
      const positionState = at & this.#positionMask;
      if (this.#bit(this.#isMatch, (state << 4) + positionState) === 0) {
        output[at] = this.#literal(state, at, rep0);
        at += 1;
        state = state < 4 ? 0 : state < 10 ? state - 3 : state - 6;
        continue;
      }
      let length: number;
      if (this.#bit(this.#isRepeated, state) === 0) {
        [rep3, rep2, rep1] = [rep2, rep1, rep0];
        length = this.#lengthOf(this.#length, positionState);
        state = state < 7 ? 7 : 10;
        rep0 = this.#distance(length);
      } else {
        let isShort = false;
        if (this.#bit(this.#isRepeated0, state) === 0) {
          isShort = this.#bit(this.#isShort, (state << 4) + positionState) === 0;
        } else if (this.#bit(this.#isRepeated1, state) === 0) {
          [rep0, rep1] = [rep1, rep0];
        } else if (this.#bit(this.#isRepeated2, state) === 0) {
          [rep0, rep1, rep2] = [rep2, rep0, rep1];
        } else {
          [rep0, rep1, rep2, rep3] = [rep3, rep0, rep1, rep2];
        }
        length = isShort ? 1 - MIN_MATCH : this.#lengthOf(this.#repeatedLength, positionState);
        state = isShort ? (state < 7 ? 9 : 11) : state < 7 ? 8 : 11;
      }
      length += MIN_MATCH;
      if (rep0 >= at || at + length > output.length) throw badLzma();
      for (; length > 0; length -= 1) {
        output[at] = output[at - rep0 - 1] ?? 0;
        at += 1;
      }
    }
    return output;
  }

  #bit(models: Probabilities, index: number): 0 | 1 {
    const model = models[index] ?? HALF;
    const bound = (this.#range >>> BIT_MODEL_BITS) * model;
    let bit: 0 | 1 = 0;
    if (this.#code < bound) {
      models[index] = model + (((1 << BIT_MODEL_BITS) - model) >> MOVE_BITS);
      this.#range = bound;
    } else {
      models[index] = model - (model >> MOVE_BITS);
      this.#code -= bound;
      this.#range -= bound;
      bit = 1;
    }
    this.#normalize();
    return bit;
  }

  #normalize(): void {
    if (this.#range >= TOP) return;
    const next = this.#input[this.#at];
    if (next === undefined) throw badLzma();
    this.#at += 1;
    this.#range = (this.#range << 8) >>> 0;
    this.#code = ((this.#code << 8) | next) >>> 0;
  }

  #literal(state: number, at: number, rep0: number): number {
    const before = at === 0 ? 0 : (this.#output[at - 1] ?? 0);
    const context =
      ((at & this.#literalPositionMask) << this.#literalContextBits) +
      (before >> (8 - this.#literalContextBits));
    const base = 0x300 * context;
    let symbol = 1;
    if (state >= 7) {
      if (rep0 >= at) throw badLzma();
      let matched = this.#output[at - rep0 - 1] ?? 0;
      do {
        const matchBit = (matched >> 7) & 1;
        matched <<= 1;
        const bit = this.#bit(this.#literals, base + ((1 + matchBit) << 8) + symbol);
        symbol = (symbol << 1) | bit;
        if (matchBit !== bit) break;
      } while (symbol < 0x100);
    }
    while (symbol < 0x100) symbol = (symbol << 1) | this.#bit(this.#literals, base + symbol);
    return symbol & 0xff;
  }

  #tree(models: Probabilities, bits: number): number {
    let symbol = 1;
    for (let count = 0; count < bits; count += 1) symbol = (symbol << 1) | this.#bit(models, symbol);
    return symbol - (1 << bits);
  }

  #reverseTree(models: Probabilities, offset: number, bits: number): number {
    let symbol = 1;
    let value = 0;
    for (let count = 0; count < bits; count += 1) {
      const bit = this.#bit(models, offset + symbol);
      symbol = (symbol << 1) | bit;
      value |= bit << count;
    }
    return value;
  }

  #direct(bits: number): number {
    let value = 0;
    for (let count = 0; count < bits; count += 1) {
      this.#range >>>= 1;
      const bit = this.#code >= this.#range ? 1 : 0;
      if (bit === 1) this.#code -= this.#range;
      this.#normalize();
      value = value * 2 + bit;
    }
    return value;
  }

  #lengthOf(decoder: LengthDecoder, positionState: number): number {
    const { choices, low, middle, high } = decoder;
    if (this.#bit(choices, 0) === 0) return this.#tree(low[positionState] ?? high, 3);
    if (this.#bit(choices, 1) === 0) return 8 + this.#tree(middle[positionState] ?? high, 3);
    return 16 + this.#tree(high, 8);
  }

  #distance(length: number): number {
    const slot = this.#tree(this.#slots[Math.min(length, LENGTH_STATES - 1)] ?? this.#align, 6);
    if (slot < 4) return slot;
    const directBits = (slot >> 1) - 1;
    const base = (2 | (slot & 1)) * 2 ** directBits;
    if (slot < END_POSITION_MODEL) return base + this.#reverseTree(this.#distances, base - slot, directBits);
    const high = this.#direct(directBits - ALIGN_BITS) * 2 ** ALIGN_BITS;
    return base + high + this.#reverseTree(this.#align, 0, ALIGN_BITS);
  }
}

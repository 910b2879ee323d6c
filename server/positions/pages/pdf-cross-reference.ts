import { inflateSync } from 'node:zlib';
import { BookError } from '../book-error.js';
import type { FileReader } from '../epub/file-reader.js';
import { parsePdfValue, skipBlank, type PdfValue } from './pdf-object.js';

/** Where an object stands: at an offset of the file, or in a stream of objects. */
export type PdfObjectPlace =
  | { readonly kind: 'offset'; readonly offset: number }
  | { readonly kind: 'in-stream'; readonly stream: number; readonly index: number };

/** One section of the cross-reference table, and the dictionary that ends it. */
export interface CrossReference {
  readonly trailer: ReadonlyMap<string, PdfValue>;
  placeOf(object: number): PdfObjectPlace | undefined;
}

/** A dictionary and what comes before it; dictionaries of catalogues and page trees have some kilobytes. */
const OBJECT_BYTES = 64 * 1024;
/** A section of a million objects; each takes 20 bytes. */
const MAX_TABLE_BYTES = 24 * 1024 * 1024;
const MAX_STREAM_BYTES = 16 * 1024 * 1024;
const ENTRY_BYTES = 20;

/**
 * Reads the section of the cross-reference at an offset: the classic table, or the stream of PDF 1.5.
 * @throws BookError `damaged`, `unsupported`, `too-large`.
 */
export function readCrossReference(file: FileReader, offset: number): CrossReference {
  const text = readText(file, offset, OBJECT_BYTES);
  const start = skipBlank(text, 0);
  return text.startsWith('xref', start)
    ? readTable(file, offset, start + 4)
    : readStreamSection(file, offset);
}

/** The text of an indirect object from `<number> <generation> obj` on, and the offset of its value. */
export function readObject(
  file: FileReader,
  offset: number,
): { readonly text: string; readonly valueAt: number } {
  const text = readText(file, offset, OBJECT_BYTES);
  const header = /^[\0\t\n\f\r ]*\d+[\0\t\n\f\r ]+\d+[\0\t\n\f\r ]+obj/.exec(text);
  if (header === null) throw new BookError('damaged', 'an object is not where the file says');
  return { text, valueAt: header[0].length };
}

/** The content of a stream object, decompressed. */
export function readStream(
  file: FileReader,
  offset: number,
  lengthOf: (value: PdfValue | undefined) => number | undefined,
): { readonly dictionary: ReadonlyMap<string, PdfValue>; readonly content: Buffer } {
  const { text, valueAt } = readObject(file, offset);
  const parsed = parsePdfValue(text, valueAt);
  if (parsed?.value.kind !== 'dictionary') throw new BookError('damaged', 'a stream without a dictionary');
  const dictionary = parsed.value.entries;
  const marker = /stream\r?\n/y;
  marker.lastIndex = skipBlank(text, parsed.end);
  if (!marker.test(text)) throw new BookError('damaged', 'a stream without content');
  const length = lengthOf(dictionary.get('Length'));
  if (length === undefined || length < 0) throw new BookError('damaged', 'a stream without a length');
  if (length > MAX_STREAM_BYTES) throw new BookError('too-large', 'a stream of objects is too large');
  const raw = file.read(offset + marker.lastIndex, length);
  return { dictionary, content: decode(raw, dictionary) };
}

export function numberIn(value: PdfValue | undefined): number | undefined {
  return value?.kind === 'number' ? value.value : undefined;
}

function readText(file: FileReader, offset: number, length: number): string {
  const { sizeBytes } = file.identity;
  if (!Number.isInteger(offset) || offset < 0 || offset >= sizeBytes) {
    throw new BookError('damaged', 'the file points past its end');
  }
  return file.read(offset, Math.min(length, sizeBytes - offset)).toString('latin1');
}

function readTable(file: FileReader, offset: number, from: number): CrossReference {
  const sections: { first: number; count: number; at: number }[] = [];
  let at = offset + from;
  let tableBytes = 0;
  for (;;) {
    const text = readText(file, at, 256);
    const head = /^[\0\t\n\f\r ]*(\d{1,10})[ \t]+(\d{1,10})[ \t]*\r?\n?/.exec(text);
    if (head === null) break;
    const count = Number(head[2]);
    sections.push({ first: Number(head[1]), count, at: at + head[0].length });
    tableBytes += count * ENTRY_BYTES + 20;
    if (tableBytes > MAX_TABLE_BYTES) throw new BookError('too-large', 'too many objects');
    at += head[0].length + count * ENTRY_BYTES;
  }
  const text = readText(file, at, OBJECT_BYTES);
  const marker = /^[\0\t\n\f\r ]*trailer/.exec(text);
  const trailer = marker === null ? undefined : parsePdfValue(text, marker[0].length);
  if (trailer?.value.kind !== 'dictionary')
    throw new BookError('damaged', 'a cross-reference without a trailer');
  return {
    trailer: trailer.value.entries,
    placeOf(object) {
      const section = sections.find(({ first, count }) => object >= first && object < first + count);
      if (section === undefined) return undefined;
      const entry = readText(file, section.at + (object - section.first) * ENTRY_BYTES, ENTRY_BYTES);
      const inUse = /^(\d{10}) \d{5} n/.exec(entry);
      return inUse === null ? undefined : { kind: 'offset', offset: Number(inUse[1]) };
    },
  };
}

function readStreamSection(file: FileReader, offset: number): CrossReference {
  const { dictionary, content } = readStream(file, offset, numberIn);
  const widths = numbersIn(dictionary.get('W'));
  const [typeWidth = 0, secondWidth = 0, thirdWidth = 0] = widths;
  const rowBytes = typeWidth + secondWidth + thirdWidth;
  if (widths.length < 3 || rowBytes === 0 || rowBytes > 24) {
    throw new BookError('damaged', 'a cross-reference without widths');
  }
  const ranges = numbersIn(dictionary.get('Index'));
  const index = ranges.length > 0 ? ranges : [0, numberIn(dictionary.get('Size')) ?? 0];
  return {
    trailer: dictionary,
    placeOf(object) {
      let row = 0;
      for (let range = 0; range + 1 < index.length; range += 2) {
        const first = index[range] ?? 0;
        const count = index[range + 1] ?? 0;
        if (object >= first && object < first + count) {
          row += object - first;
          const at = row * rowBytes;
          if (at + rowBytes > content.length) return undefined;
          const type = typeWidth === 0 ? 1 : readInteger(content, at, typeWidth);
          const second = readInteger(content, at + typeWidth, secondWidth);
          const third = readInteger(content, at + typeWidth + secondWidth, thirdWidth);
          if (type === 1) return { kind: 'offset', offset: second };
          return type === 2 ? { kind: 'in-stream', stream: second, index: third } : undefined;
        }
        row += count;
      }
      return undefined;
    },
  };
}

function readInteger(content: Buffer, at: number, width: number): number {
  let value = 0;
  for (let byte = 0; byte < width; byte += 1) value = value * 256 + (content[at + byte] ?? 0);
  return value;
}

function numbersIn(value: PdfValue | undefined): number[] {
  if (value?.kind !== 'array') return [];
  return value.items.flatMap((item) => (item.kind === 'number' ? [item.value] : []));
}

function decode(raw: Buffer, dictionary: ReadonlyMap<string, PdfValue>): Buffer {
  const filter = firstOf(dictionary.get('Filter'));
  if (filter === undefined) return raw;
  if (filter.kind !== 'name' || filter.value !== 'FlateDecode') {
    throw new BookError('unsupported', 'a compression of objects that is not read');
  }
  let content: Buffer;
  try {
    content = inflateSync(raw, { maxOutputLength: MAX_STREAM_BYTES });
  } catch (cause) {
    throw new BookError('damaged', 'a stream of objects cannot be decompressed', { cause });
  }
  const parameters = firstOf(dictionary.get('DecodeParms'));
  if (parameters?.kind !== 'dictionary') return content;
  const predictor = numberIn(parameters.entries.get('Predictor')) ?? 1;
  if (predictor === 1) return content;
  if (predictor < 10) throw new BookError('unsupported', 'a predictor that is not read');
  return undoPredictor(content, numberIn(parameters.entries.get('Columns')) ?? 1);
}

function firstOf(value: PdfValue | undefined): PdfValue | undefined {
  return value?.kind === 'array' ? value.items[0] : value;
}

/** PNG's filters with one byte a pixel, as cross-reference streams use them. */
function undoPredictor(content: Buffer, columns: number): Buffer {
  if (!Number.isInteger(columns) || columns < 1 || columns > 64) {
    throw new BookError('damaged', 'a predictor without columns');
  }
  const rows = Math.floor(content.length / (columns + 1));
  const result = Buffer.alloc(rows * columns);
  for (let row = 0; row < rows; row += 1) {
    const type = content[row * (columns + 1)] ?? 0;
    for (let column = 0; column < columns; column += 1) {
      const at = row * columns + column;
      const left = column === 0 ? 0 : (result[at - 1] ?? 0);
      const up = row === 0 ? 0 : (result[at - columns] ?? 0);
      const upLeft = row === 0 || column === 0 ? 0 : (result[at - columns - 1] ?? 0);
      const value = content[row * (columns + 1) + 1 + column] ?? 0;
      result[at] = value + prediction(type, left, up, upLeft);
    }
  }
  return result;
}

function prediction(type: number, left: number, up: number, upLeft: number): number {
  switch (type) {
    case 1:
      return left;
    case 2:
      return up;
    case 3:
      return (left + up) >> 1;
    case 4: {
      const estimate = left + up - upLeft;
      const toLeft = Math.abs(estimate - left);
      const toUp = Math.abs(estimate - up);
      const toUpLeft = Math.abs(estimate - upLeft);
      if (toLeft <= toUp && toLeft <= toUpLeft) return left;
      return toUp <= toUpLeft ? up : upLeft;
    }
    default:
      return 0;
  }
}

import { BookError } from '../book-error.js';
import type { FileReader } from '../epub/file-reader.js';
import {
  numberIn,
  readCrossReference,
  readObject,
  readStream,
  type CrossReference,
  type PdfObjectPlace,
} from './pdf-cross-reference.js';
import { parsePdfValue, type PdfValue } from './pdf-object.js';

/** `startxref` stands in the last kilobyte; some tools append more. */
const TAIL_BYTES = 2048;
/** Every save appends a section; also ends a circle of them. */
const MAX_SECTIONS = 64;
/** References that lead to references. */
const MAX_HOPS = 8;

/**
 * Number of pages of a PDF by its page tree's own count: end of the file, cross-reference, catalogue, root of the
 * page tree. Some kilobytes are read of any file. Nothing is searched or repaired: a file whose cross-reference is
 * wrong gives an error, not a guess.
 *
 * @throws BookError `damaged`, `truncated`, `encrypted` (objects in encrypted streams), `unsupported`, `too-large`.
 */
export function countPdfPages(file: FileReader): number {
  const { sizeBytes } = file.identity;
  const tailBytes = Math.min(TAIL_BYTES, sizeBytes);
  const tail = file.read(sizeBytes - tailBytes, tailBytes).toString('latin1');
  const start = /^[\s\S]*startxref[\0\t\n\f\r ]+(\d{1,15})/.exec(tail)?.[1];
  if (start === undefined) throw new BookError('truncated', 'the PDF file is cut off');
  const pdf = new PdfFile(file, Number(start));
  const catalogue = pdf.resolve(pdf.trailerValue('Root'));
  const pages = pdf.resolve(dictionaryEntry(catalogue, 'Pages'));
  const count = pdf.resolve(dictionaryEntry(pages, 'Count'));
  if (count.kind !== 'number' || !Number.isInteger(count.value) || count.value < 1) {
    throw new BookError('damaged', 'the PDF file does not tell its pages');
  }
  return count.value;
}

function dictionaryEntry(value: PdfValue, name: string): PdfValue | undefined {
  return value.kind === 'dictionary' ? value.entries.get(name) : undefined;
}

class PdfFile {
  readonly #file: FileReader;
  /** The newest first: what it says wins. */
  readonly #sections: CrossReference[] = [];

  constructor(file: FileReader, start: number) {
    this.#file = file;
    const pending = [start];
    for (let offset = pending.shift(); offset !== undefined; offset = pending.shift()) {
      if (this.#sections.length === MAX_SECTIONS) break;
      const section = readCrossReference(file, offset);
      this.#sections.push(section);
      // A hybrid file has a stream beside its table, which goes before older sections.
      for (const name of ['XRefStm', 'Prev']) {
        const next = numberIn(section.trailer.get(name));
        if (next !== undefined) pending.push(next);
      }
    }
  }

  trailerValue(name: string): PdfValue | undefined {
    for (const { trailer } of this.#sections) {
      const value = trailer.get(name);
      if (value !== undefined) return value;
    }
    return undefined;
  }

  /** The value itself, or the one that its reference leads to. */
  resolve(value: PdfValue | undefined): PdfValue {
    let current = value;
    for (let hop = 0; current?.kind === 'reference' && hop < MAX_HOPS; hop += 1) {
      current = this.#read(current.object);
    }
    if (current === undefined || current.kind === 'reference') {
      throw new BookError('damaged', 'the PDF file lacks an object');
    }
    return current;
  }

  #read(object: number): PdfValue | undefined {
    const place = this.#placeOf(object);
    if (place === undefined) return undefined;
    if (place.kind === 'in-stream') return this.#readFromStream(place, object);
    const { text, valueAt } = readObject(this.#file, place.offset);
    return parsePdfValue(text, valueAt)?.value;
  }

  #placeOf(object: number): PdfObjectPlace | undefined {
    for (const section of this.#sections) {
      const place = section.placeOf(object);
      if (place !== undefined) return place;
    }
    return undefined;
  }

  #readFromStream(
    { stream }: Extract<PdfObjectPlace, { kind: 'in-stream' }>,
    object: number,
  ): PdfValue | undefined {
    if (this.trailerValue('Encrypt') !== undefined)
      throw new BookError('encrypted', 'the PDF file is encrypted');
    const place = this.#placeOf(stream);
    if (place?.kind !== 'offset') return undefined;
    const { dictionary, content } = readStream(this.#file, place.offset, (value) => this.#lengthOf(value));
    const count = numberIn(dictionary.get('N')) ?? 0;
    const first = numberIn(dictionary.get('First')) ?? 0;
    const text = content.toString('latin1');
    const pairs = text.slice(0, first).trim().split(/\s+/);
    for (let index = 0; index < count && index * 2 + 1 < pairs.length; index += 1) {
      if (Number(pairs[index * 2]) !== object) continue;
      return parsePdfValue(text, first + Number(pairs[index * 2 + 1]))?.value;
    }
    return undefined;
  }

  /** The length of a stream may be an object of its own, which is in no stream. */
  #lengthOf(value: PdfValue | undefined): number | undefined {
    if (value?.kind !== 'reference') return numberIn(value);
    const place = this.#placeOf(value.object);
    if (place?.kind !== 'offset') return undefined;
    const { text, valueAt } = readObject(this.#file, place.offset);
    return numberIn(parsePdfValue(text, valueAt)?.value);
  }
}

import { afterEach, describe, expect, it } from 'vitest';
import { TranslationThread } from '../../../server/compose/translation-thread.js';
import { makeBookFolder, makeEpub, xhtml } from '../../support/epub.js';

const worker = new URL('./unruly-translation-worker.js', import.meta.url);
/** Threads start slowly while other tests are running. */
const TIMEOUT_MS = 4000;
const ANSWERED = { state: 'answered', outcomes: [{ state: 'format-unsupported' }] };

describe('the translating thread', () => {
  let thread: TranslationThread;
  afterEach(() => thread.close());

  const ask = (book: string) =>
    thread.translate({ path: Buffer.from(book), format: 'epub', queries: [{ kind: 'cfi', cfi: 'x' }] });

  it('answers every query of a request, also those that cannot be translated', async () => {
    thread = new TranslationThread({ timeoutMs: 30_000 });
    const folder = makeBookFolder();
    const book = folder.write(makeEpub({ chapters: [{ content: xhtml('<p>some text</p>') }] }));
    const answer = await thread.translate({
      path: Buffer.from(book),
      format: 'epub',
      queries: [
        { kind: 'cfi', cfi: 'epubcfi(/6/2!/4/2/1:5)' },
        { kind: 'position', position: 'nonsense' },
        { kind: 'locator', locator: { href: 'OPS/text/1.xhtml', text: { highlight: 'text' } } },
      ],
    });
    folder.remove();
    expect(answer).toMatchObject({
      state: 'answered',
      outcomes: [
        { state: 'translated', textAfter: 'text' },
        { state: 'untranslatable', reason: 'unknown-form' },
        { state: 'translated', textAfter: 'text' },
      ],
    });
  });

  it.each([
    ['endless', 'too-slow'],
    ['huge', 'crashed'],
    ['mistaken', 'crashed'],
  ])('is replaced after a book that is %s, and only its request fails', async (book, state) => {
    // Filling 256 MB takes a while.
    const timeoutMs = book === 'huge' ? 60_000 : TIMEOUT_MS;
    thread = new TranslationThread({ worker, timeoutMs });
    expect(await ask('good')).toEqual(ANSWERED);
    expect(await ask(book)).toEqual({ state });
    expect(await ask('good')).toEqual(ANSWERED);
  });

  it('accepts only as many requests as it can answer in time', async () => {
    thread = new TranslationThread({ worker, timeoutMs: TIMEOUT_MS });
    const first = ask('endless');
    const others = Array.from({ length: 64 }, () => ask('good'));
    expect(thread.waiting).toBe(64);
    expect(await ask('good')).toEqual({ state: 'busy' });
    expect(thread.waiting).toBe(64);
    // A request is given up while there would still be time to answer it.
    const states = new Set((await Promise.all(others)).map(({ state }) => state));
    expect([...states]).toEqual(['busy']);
    expect(thread.waiting).toBe(0);
    expect(await first).toEqual({ state: 'too-slow' });
    expect(await ask('good')).toEqual(ANSWERED);
  });

  it('answers every waiting request when it is closed', async () => {
    thread = new TranslationThread({ worker });
    const asked = [ask('endless'), ask('good')];
    await thread.close();
    expect(await Promise.all(asked)).toEqual([{ state: 'busy' }, { state: 'busy' }]);
    expect(await ask('good')).toEqual({ state: 'busy' });
  });
});

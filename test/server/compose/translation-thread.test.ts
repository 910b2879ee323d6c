import { afterEach, describe, expect, it } from 'vitest';
import { userId } from '../../../server/domain/ids.js';
import { TranslationThread } from '../../../server/compose/translation-thread.js';
import { makeBookFolder, makeEpub, xhtml } from '../../support/epub.js';

const worker = new URL('./unruly-translation-worker.js', import.meta.url);
/** Threads start slowly while other tests are running. */
const TIMEOUT_MS = 4000;
const ANNA = userId(1);
const BEN = userId(2);
const ANSWERED = { state: 'answered', outcomes: [{ state: 'format-unsupported' }] };

describe('the translating thread', () => {
  let thread: TranslationThread;
  afterEach(() => thread.close());

  const ask = (book: string, user = ANNA) =>
    thread.translate({ path: Buffer.from(book), format: 'epub', queries: [{ kind: 'cfi', cfi: 'x' }] }, user);

  it('answers every query of a request, also those that cannot be translated', async () => {
    thread = new TranslationThread({ timeoutMs: 30_000 });
    const folder = makeBookFolder();
    const book = folder.write(makeEpub({ chapters: [{ content: xhtml('<p>some text</p>') }] }));
    const answer = await thread.translate(
      {
        path: Buffer.from(book),
        format: 'epub',
        queries: [
          { kind: 'cfi', cfi: 'epubcfi(/6/2!/4/2/1:5)' },
          { kind: 'position', position: 'nonsense' },
          { kind: 'locator', locator: { href: 'OPS/text/1.xhtml', text: { highlight: 'text' } } },
        ],
      },
      undefined,
    );
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

  it('answers others while a user asks for nothing but books that take all the time', async () => {
    thread = new TranslationThread({ worker, timeoutMs: TIMEOUT_MS });
    const endless = Array.from({ length: 64 }, () => ask('endless'));
    for (let time = 0; time < 3; time += 1) {
      expect(await ask('good', BEN)).toEqual(ANSWERED);
      endless.push(ask('endless'), ask('endless'));
    }
    const states = new Set((await Promise.all(endless)).map(({ state }) => state));
    expect([...states].toSorted()).toEqual(['busy', 'too-slow']);
  });

  it('takes the request of the user who used it least', async () => {
    thread = new TranslationThread({ worker, timeoutMs: TIMEOUT_MS });
    await ask('endless');
    const order: string[] = [];
    const note = async (name: string, user = ANNA): Promise<void> => {
      await ask('good', user);
      order.push(name);
    };
    await Promise.all([note('running'), note('Anna'), note('Anna'), note('Ben', BEN)]);
    expect(order).toEqual(['running', 'Ben', 'Anna', 'Anna']);
  });

  it('has room for a user while others have filled it', async () => {
    thread = new TranslationThread({ worker, timeoutMs: 60_000 });
    const running = ask('endless');
    const waiting = Array.from({ length: 64 }, () => ask('good'));
    const bens = Array.from({ length: 10 }, () => ask('good', BEN));
    expect(thread.waiting).toBe(64);
    // The newest ten of hers have made room.
    expect(await Promise.all(waiting.slice(54))).toEqual(waiting.slice(54).map(() => ({ state: 'busy' })));
    // Nobody gets more than a user who has as many.
    bens.push(...Array.from({ length: 60 }, () => ask('good', BEN)));
    expect(thread.waiting).toBe(64);
    const waits = Promise.resolve('waits');
    expect(await Promise.race([bens[31], waits])).toBe('waits');
    expect(await Promise.race([bens[32], waits])).toEqual({ state: 'busy' });
    await thread.close();
    await Promise.all([running, ...waiting, ...bens]);
  });

  it('answers every waiting request when it is closed', async () => {
    thread = new TranslationThread({ worker });
    const asked = [ask('endless'), ask('good')];
    await thread.close();
    expect(await Promise.all(asked)).toEqual([{ state: 'busy' }, { state: 'busy' }]);
    expect(await ask('good')).toEqual({ state: 'busy' });
  });
});

import * as fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { createTranslator } from '../../../server/positions/translation/translator.js';
import { arbitraryBody, arbitraryLongBody } from './arbitrary-document.js';
import { makeBookFolder } from '../../support/epub.js';
import { chapterUnderTest } from '../../support/one-chapter.js';
import {
  cfiPaths,
  followPath,
  keptBody,
  keptPaths,
  serialise,
  type Atom,
  type KeptElement,
  type ReferenceNode,
} from './reference-document.js';

const ROOT = '/body/DocFragment[1]/body';
const CFI_ROOT = 'epubcfi(/6/2!';
const folder = makeBookFolder();
afterAll(() => folder.remove());

const translator = createTranslator({ cacheBytes: 1024 * 1024 });

/** Confidences of characters that crengine keeps: without them a translator that is never sure would pass. */
const counts = { exact: 0, lower: 0 };

describe('every position of a generated chapter', () => {
  it('goes from a CFI to the x-pointer of the same character and back', async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryBody, (nodes) => checkAll(nodes, 1)),
      { numRuns: 300 },
    );
    expect(counts.exact).toBeGreaterThan(1000);
    expect(counts.exact).toBeGreaterThan(20 * counts.lower);
  });

  it('also in texts that crengine cuts', async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryLongBody, (nodes) => checkAll(nodes, 97)),
      { numRuns: 25 },
    );
  });
});

/** Checks every `step`-th character, and those on both sides of each x-pointer's text. */
async function checkAll(nodes: readonly ReferenceNode[], step: number): Promise<void> {
  const chapter = chapterUnderTest(folder, serialise(nodes), 1, translator);
  const body = keptBody(nodes);
  const xpointers = keptPaths(body);
  const hidden = hiddenAtoms(body);
  let index = 0;
  for (const [atom, path] of cfiPaths(nodes)) {
    index += 1;
    const xpointer = xpointers.get(atom);
    if (index % step !== 0 && !(xpointer?.endsWith('.0') ?? false)) continue;
    const cfi = `${CFI_ROOT}${path})`;
    const back = await chapter.back(cfi);
    // Every pointer that is returned resolves.
    const target = followPath(body, back.xpointer.slice(ROOT.length));
    if (back.xpointer !== '/body/DocFragment[1].0') expect([back.xpointer, target]).not.toContain(undefined);
    if (xpointer !== undefined) {
      const forward = await chapter.forward(`${ROOT}${xpointer}`);
      if (forward.cfiConfidence === 'exact') expect(forward.cfi).toBe(cfi);
    }
    if (atom.kind === 'space' || xpointer === undefined || hidden.has(atom)) continue;
    if (back.xpointerConfidence === 'exact') {
      expect(back.xpointer).toBe(`${ROOT}${xpointer}`);
      expect(target).toBe(atom);
      counts.exact += 1;
    } else {
      counts.lower += 1;
      expect(['element', 'fragment']).toContain(back.xpointerConfidence);
    }
  }
}

function hiddenAtoms(element: KeptElement): Set<Atom> {
  const atoms = new Set<Atom>();
  for (const child of element.children) {
    if (child.kind === 'element') for (const atom of hiddenAtoms(child)) atoms.add(atom);
    else if (child.isHidden) for (const { atom } of child.characters) atoms.add(atom);
  }
  return atoms;
}

import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { createEngine, type WalkOptions } from '../../../engine/index.js';
import { IgnorePatterns } from '../../../engine/walk/ignore-patterns.js';
import { bookFolder } from '../../support/book-folder.js';
import { walked } from '../collected.js';

describe('a walk with patterns', async () => {
  const folder = await bookFolder(
    Object.fromEntries(
      [
        'a.pdf',
        'a.epub',
        'caf\u00e9/b.epub',
        'keep.pdf',
        'old/2019/c.epub',
        'old/2020/c.epub',
        'x/old/d.epub',
      ].map((path) => [path, path]),
    ),
  );
  const engine = createEngine({ jobs: 2 });
  afterAll(() => engine.close());

  async function found(options: Partial<WalkOptions>): Promise<[paths: readonly string[], folders: number]> {
    let skipped = 0;
    const onSkipped: WalkOptions['onSkipped'] = ({ folders }) => {
      skipped += folders;
    };
    const entries = await walked(engine, folder.path, { ...options, onSkipped });
    return [entries.map(({ path }) => Buffer.from(path, 'latin1').toString()), skipped];
  }

  it('leaves out files and folders as Git does, and does not look into those folders', async () => {
    expect(await found({ ignore: ['# a comment', '*.pdf', '!keep.pdf', '/old/2019/', 'caf\u00e9'] })).toEqual(
      [['a.epub', 'keep.pdf', 'old/2020/c.epub', 'x/old/d.epub'], 2],
    );
    expect(await found({ ignore: ['old', '*.PDF'] })).toEqual([
      ['a.epub', 'a.pdf', 'caf\u00e9/b.epub', 'keep.pdf'],
      2,
    ]);
  });

  it('reads more of them from a file in the root, which wins', async () => {
    const file = join(folder.path, '.dogearignore');
    const options = { ignore: ['*.pdf'], ignoreFile: '.dogearignore' };
    writeFileSync(file, '\ufeffold\r\n!keep.pdf\r\n');
    expect(await found(options)).toEqual([['a.epub', 'caf\u00e9/b.epub', 'keep.pdf'], 2]);
    rmSync(file);
    expect((await found(options))[0]).toHaveLength(5);
  });

  it('fails where that file cannot be read or is too large: it would find what is to be left out', async () => {
    const file = join(folder.path, '.dogearignore');
    const options = { ignoreFile: '.dogearignore' };
    const unreadable = (errno: string): object => ({
      code: 'root-unreadable',
      message: `the file .dogearignore cannot be read (${errno})`,
    });
    mkdirSync(file);
    await expect(found(options)).rejects.toMatchObject(unreadable('not-regular'));
    rmSync(file, { recursive: true });
    writeFileSync(file, 'a\n'.repeat(33_000));
    await expect(found(options)).rejects.toMatchObject(unreadable('EFBIG'));
    rmSync(file);
  });

  it('refuses patterns that would hold it for seconds with one deep path, and names the line', async () => {
    const file = join(folder.path, '.dogearignore');
    for (const slow of ['**/a*/**/d', 'x/**/a*/***/d/', '!**/a/**/b/**', '\\#/**/**/b']) {
      await expect(found({ ignore: [slow] })).rejects.toThrow('one `**` at most before its end');
      writeFileSync(file, `# **/a/**/b\n**/old/**\r\n${slow}\n`);
      await expect(found({ ignoreFile: '.dogearignore' })).rejects.toMatchObject({
        code: 'root-unreadable',
        message: expect.stringContaining('line 3 of the file .dogearignore') as string,
      });
    }
    rmSync(file);
    expect(
      (await found({ ignore: ['**/old/**', 'x/**/d.epub/', 'caf\u00e9/**/', '**a**b**/*'] }))[0],
    ).toEqual(['a.epub', 'a.pdf', 'caf\u00e9/b.epub', 'keep.pdf']);
  });

  it('answers the same for more paths than it remembers', () => {
    const patterns = new IgnorePatterns('*.pdf\n!1.pdf');
    for (let round = 0; round < 5000; round += 1) {
      expect([patterns.has(`a/${round % 7}.pdf`), patterns.has(`${round}.epub`)]).toEqual([
        round % 7 !== 1,
        false,
      ]);
    }
  });
});

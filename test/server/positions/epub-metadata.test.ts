import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readEpubMetadata } from '../../../server/positions/epub/metadata.js';
import { epubFiles, type EpubOptions, makeEpub } from '../../support/epub.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { makeZip } from '../../support/zip.js';

const CHAPTERS = [{ content: '<html><body><p>a</p></body></html>' }];

async function readBytes(bytes: Buffer) {
  const path = join((await temporaryFolder()).path, 'book.epub');
  writeFileSync(path, bytes);
  const { size, mtimeNs } = statSync(path, { bigint: true });
  return readEpubMetadata(Buffer.from(path), { sizeBytes: Number(size), modifiedNs: mtimeNs });
}

function read(metadata: string, more: Partial<EpubOptions> = {}) {
  return readBytes(makeEpub({ chapters: CHAPTERS, metadata, ...more }));
}

describe('the metadata of an EPUB', () => {
  it('of version 2, as Calibre writes it', async () => {
    const found = await read(
      `<dc:title>Emma &amp;
         Harriet</dc:title>
       <dc:creator opf:role="aut" opf:file-as="Austen, Jane">Jane Austen</dc:creator>
       <dc:creator opf:role="aut">A. Friend</dc:creator>
       <dc:creator opf:role="ill">An Illustrator</dc:creator>
       <dc:identifier opf:scheme="ISBN">978-3</dc:identifier>
       <dc:identifier id="own">urn:uuid:1</dc:identifier>
       <dc:language>en-GB</dc:language>
       <meta name="calibre:series" content="Highbury"/>
       <meta name="calibre:series_index" content="2.5"/>`,
      { packageAttributes: ' unique-identifier="own"' },
    );
    expect(found).toMatchObject({
      title: 'Emma & Harriet',
      authors: ['Jane Austen', 'A. Friend'],
      identifier: 'urn:uuid:1',
      language: 'en-GB',
      series: 'Highbury',
      seriesIndex: 2.5,
    });
  });

  it('of version 3, where other elements refine the title, the roles and the series', async () => {
    const found = await read(
      `<dc:title id="t1">A subtitle</dc:title><dc:title id="t2">The title</dc:title>
       <meta refines="#t1" property="title-type">subtitle</meta>
       <meta refines="#t2" property="title-type">main</meta>
       <dc:creator id="c1">The Translator</dc:creator><meta refines="#c1" property="role">trl</meta>
       <dc:creator id="c2">The Author</dc:creator>
       <meta property="belongs-to-collection" id="s1">A set</meta>
       <meta refines="#s1" property="collection-type">set</meta>
       <meta property="belongs-to-collection" id="s2">A series</meta>
       <meta refines="#s2" property="collection-type">series</meta>
       <meta refines="#s2" property="group-position">7</meta>`,
    );
    expect(found).toMatchObject({
      title: 'The title',
      authors: ['The Author'],
      series: 'A series',
      seriesIndex: 7,
    });
  });

  it('has a digest of the identifier and the spine', async () => {
    const { structureMd5 } = await read('<dc:identifier>x</dc:identifier>');
    const wanted = createHash('md5').update('x\ntext/1.xhtml').digest('hex');
    expect(structureMd5?.toString('hex')).toBe(wanted);
    expect((await read('')).structureMd5).toBeUndefined();
  });

  it('is not waited for where a pipe has taken the place of the file', async () => {
    const path = join((await temporaryFolder()).path, 'book.epub');
    execFileSync('mkfifo', [path]);
    const state = { sizeBytes: 0, modifiedNs: 0n };
    await expect(readEpubMetadata(Buffer.from(path), state)).rejects.toMatchObject({ code: 'unreadable' });
  });

  it('is read of a spine that names a reference of many kilobytes again and again', async () => {
    const files = epubFiles({ chapters: CHAPTERS, metadata: '<dc:identifier>x</dc:identifier>' });
    const spine = '<itemref idref="long"/>'.repeat(20_000);
    const item = `<item id="long" href="${'a'.repeat(30_000)}"/>`;
    const found = await readBytes(
      makeZip(
        files.map((file) =>
          file.name === 'OPS/book.opf'
            ? {
                ...file,
                content: String(file.content)
                  .replace('</manifest>', `${item}</manifest>`)
                  .replace('</spine>', `${spine}</spine>`),
              }
            : file,
        ),
      ),
    );
    const wanted = createHash('md5').update('x\ntext/1.xhtml').digest('hex');
    expect(found.structureMd5?.toString('hex')).toBe(wanted);
  });

  it('is cut where it is long, and has no control characters', async () => {
    const creators = '<dc:creator>x</dc:creator>'.repeat(100);
    const found = await read(`<dc:title>a\u0007\tb${'😀'.repeat(1000)}</dc:title>${creators}`);
    expect(found.title).toMatch(/^a b😀+\uFFFD?$/u);
    expect(found.title?.length).toBeLessThanOrEqual(500);
    expect(found.authors).toHaveLength(20);
  });

  it.each([
    ['not-a-zip', Buffer.from('no book')],
    ['not-an-epub', makeZip([{ name: 'a', content: 'b' }])],
    [
      'too-large',
      makeZip(
        epubFiles({ chapters: CHAPTERS }).map((file) =>
          file.name.toString().endsWith('.opf') ? { ...file, content: ' '.repeat(9 * 1024 * 1024) } : file,
        ),
      ),
    ],
  ])('is refused as %s', async (code, bytes) => {
    await expect(readBytes(bytes)).rejects.toMatchObject({ code });
  });

  it('of an archive with many elements is read in bounded work', async () => {
    const metas = Array.from(
      { length: 50_000 },
      (_, i) => `<meta refines="#${String(i * 7919)}" property="b">c</meta>`,
    );
    const found = await read(`<dc:title>a</dc:title>${metas.join('')}<dc:creator>too late</dc:creator>`);
    expect(found).toMatchObject({ title: 'a', authors: [] });
  });
});

import { ReaderError, readerErrorOf } from './reader-error.js';
import type { RemoteFile } from './remote-file.js';
import { TarArchive } from './tar-archive.js';
import { ZipArchive } from './zip-archive.js';

/** The pages of a comic, in the order of KOReader. */
export interface PicturePages {
  readonly count: number;
  /** Whether its own description says that it is read so. */
  readonly isRightToLeft: boolean;
  /**
   * @param index from 0
   * @throws ReaderError
   */
  load(index: number, signal: AbortSignal): Promise<Blob>;
}

/** Of a scan in colours for printing; larger ones take a browser's memory. */
const MOST_PAGE_BYTES = 64 * 1024 * 1024;
/** The description that programs for comics write into archives. */
const DESCRIPTION_NAME = /(?:^|\/)ComicInfo\.xml$/i;
const MOST_DESCRIPTION_BYTES = 1024 * 1024;
/** What MuPDF takes for pages: server/positions/pages/comic-pages.ts. */
const IMAGE_NAME = /\.(?:bmp|gif|hdp|j2k|jp2|jpe?g|jpx|jxr|pam|pbm|pgm|pkm|png|pnm|ppm|tiff?|wdp|webp)$/i;

/**
 * @param onFound how many files were found until now: the list of a TAR is read from one file to the next
 * @throws ReaderError
 */
export async function openPicturePages(
  file: RemoteFile,
  kind: 'zip' | 'tar',
  onFound: (files: number) => void,
): Promise<PicturePages> {
  const archive = kind === 'zip' ? await ZipArchive.open(file) : await TarArchive.open(file, onFound);
  const names = [...archive.entries.keys()].filter((name) => IMAGE_NAME.test(name)).toSorted(comparePages);
  if (names.length === 0) throw new ReaderError('broken', 'The archive has no pictures.');
  return {
    count: names.length,
    isRightToLeft: await isRightToLeft(archive),
    load: async (index, signal) => {
      const name = names[index] ?? '';
      const bytes = await archive.read(name, MOST_PAGE_BYTES, signal);
      const type = bytes === undefined ? undefined : imageType(bytes);
      if (bytes === undefined || type === undefined) {
        throw new ReaderError('broken', `${name} is no picture that browsers show.`);
      }
      return new Blob([bytes], { type });
    },
  };
}

async function isRightToLeft(archive: ZipArchive | TarArchive): Promise<boolean> {
  const name = [...archive.entries.keys()].find((each) => DESCRIPTION_NAME.test(each));
  if (name === undefined) return false;
  try {
    const bytes = await archive.read(name, MOST_DESCRIPTION_BYTES);
    return /<Manga>\s*YesAndRightToLeft\s*</i.test(new TextDecoder().decode(bytes));
  } catch (error) {
    // A comic can be read without its description.
    if (readerErrorOf(error).failure === 'offline') throw error;
    return false;
  }
}

/** By the whole path, numbers by their value and ASCII letters regardless of case: RULES.md R14. */
function comparePages(left: string, right: string): number {
  const lefts = parts(left);
  const rights = parts(right);
  for (const [index, a] of lefts.entries()) {
    const b = rights[index];
    if (b === undefined) return 1;
    const areNumbers = /^\d/.test(a) && /^\d/.test(b);
    const order = areNumbers ? Number(a) - Number(b) : a < b ? -1 : a > b ? 1 : 0;
    if (order !== 0) return order;
  }
  return lefts.length - rights.length;
}

function parts(name: string): readonly string[] {
  return name.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase()).match(/\d+|\D/g) ?? [];
}

const SIGNATURES: readonly (readonly [type: string, at: number, bytes: string])[] = [
  ['image/jpeg', 0, '\u00ff\u00d8\u00ff'],
  ['image/png', 0, '\u0089PNG'],
  ['image/gif', 0, 'GIF8'],
  ['image/webp', 8, 'WEBP'],
  ['image/avif', 4, 'ftypavi'],
];

/** By its first bytes, whatever its name says. SVG is none of them, because it may hold more than a picture. */
function imageType(bytes: Uint8Array): string | undefined {
  const head = String.fromCharCode(...bytes.subarray(0, 16));
  return SIGNATURES.find(([, at, signature]) => head.startsWith(signature, at))?.[0];
}

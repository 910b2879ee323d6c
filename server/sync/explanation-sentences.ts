import type { Successor, SuccessorReason } from '../book/suggest-successors.js';
import type { BookExplanation } from './explain-book.js';
import type { DocumentExplanation, ExplainedBook, WhyBook } from './explain-document.js';

const WHY: Readonly<Record<WhyBook, string>> = {
  'partial-md5': 'It is the partial MD5 of',
  'filename-md5': 'It is the MD5 of the file name of',
  'former-partial-md5': 'It was the partial MD5, before its file changed, of',
  'former-filename-md5': 'It was the MD5 of the file name, before it was renamed, of',
  'name-form': 'It is the MD5 of another form of the file name, as devices or other programs write it, of',
  'own-link': 'It is linked for the user to',
  'link-for-everybody': 'It is linked for everybody to',
};

/** An explanation for people, one sentence after the other. */
export function explanationSentences(explanation: DocumentExplanation): readonly string[] {
  const { isDigest, isKnown, books, isAmbiguous, successors, others, progress, refused } = explanation;
  return [
    isDigest
      ? 'It has the form of a digest: of the content of a file, or of its name.'
      : 'It is no digest, so only a link can lead it to a book.',
    ...books.flatMap(bookSentences),
    ...successors.map(successorSentence),
    ...(isKnown
      ? []
      : [
          'No library that the user may see has a book for it, so pushes of it are refused, unless the server stores unknown documents.',
        ]),
    ...(isAmbiguous
      ? ['Its books differ in content, so it stands for none of them: it has progress of its own.']
      : []),
    ...(others.length === 0 ? [] : [`It shares its progress with ${others.join(', ')}.`]),
    ...(progress === undefined
      ? ['No push of it is stored.']
      : [`The last push that was stored came from ${progress.device.name} at ${timeOf(progress.pushedMs)}.`]),
    ...(refused === undefined
      ? []
      : [
          `Pushes that found no book: ${String(refused.pushes)}, the last from ${refused.device.name} at ${timeOf(refused.lastSeenMs)}.`,
        ]),
  ];
}

function bookSentences({ book, why }: ExplainedBook): readonly string[] {
  const name = `the book ${String(book.id)}, ${book.path.toString('utf8')}, in the library "${book.libraryName}"`;
  const missing =
    book.missingSinceSeconds === undefined
      ? ''
      : ' Its file is missing since the last scan; it is found all the same.';
  return why.map((each) => `${WHY[each]} ${name}.${missing}`);
}

const WHY_SUCCESSOR: Readonly<Record<SuccessorReason, string>> = {
  'same-structure': 'identifier and parts are the same',
  'same-title-and-author': 'title and author are the same',
  'same-file-name': 'the file name is the same',
  'same-title': 'the title is the same',
  'similar-file-name': 'the file name is similar',
  'same-folder': 'folder, format and nearly the size are the same',
};

function successorSentence({ book, reason }: Successor): string {
  return `The missing book may have become the book ${String(book.id)}, ${book.path.toString('utf8')}: ${WHY_SUCCESSOR[reason]}. Whoever manages libraries can join them.`;
}

/** An explanation of a book for people, one sentence after the other. */
export function bookExplanationSentences(explanation: BookExplanation): readonly string[] {
  const { details, isForEverybody, isVisible, links, successors, reading } = explanation;
  const { book, library, readiness, formerDigests, nameForms } = details;
  const found = (digest: Buffer | undefined, how: string): readonly string[] =>
    digest === undefined ? [] : [`It is found by ${digest.toString('hex')}, ${how}.`];
  return [
    `It is ${book.path.toString('utf8')} in the library "${library.name}".`,
    ...(readiness.ready ? [] : [NOT_READY[readiness.reason]]),
    ...successors.map(successorSentence),
    ...found(book.partialMd5, 'the partial MD5 of its file'),
    ...found(book.filenameMd5, 'the MD5 of its file name'),
    ...formerDigests.flatMap(({ digest, kind, replacedSeconds }) =>
      found(
        digest,
        `${kind === 'partial' ? 'the partial MD5 of its file' : 'the MD5 of its file name'} until ${timeOf(replacedSeconds * 1000)}`,
      ),
    ),
    ...nameForms.flatMap(({ digest, kind }) =>
      found(
        digest,
        `the MD5 of its file name in the form "${kind}", unless another book has that name or it is linked to another`,
      ),
    ),
    ...links.map(
      ({ document, linkedFor }) =>
        `${document} is linked to it ${linkedFor === 'everybody' ? 'for everybody' : 'for the user'}.`,
    ),
    isForEverybody
      ? 'Every user may see it.'
      : `Only the readers of its library may see it; the user is ${isVisible ? '' : 'not '}one of them.`,
    ...(reading === undefined
      ? ['No push of the user for it is stored.']
      : [
          `The last push of the user came from ${reading.record.device.name} at ${timeOf(reading.record.pushedMs)}, under ${reading.record.document}.`,
        ]),
  ];
}

const NOT_READY = {
  missing: 'The last complete scan did not find its file; its digests find it all the same.',
  'hash-failed': 'Its file as it is now could not be hashed, so a device that has it is not recognised.',
  'hashes-off': 'Its library makes no hashes, so devices do not find it.',
  'not-hashed': 'Its file was not hashed yet; a scan does that.',
} as const;

function timeOf(ms: number): string {
  return new Date(ms).toISOString();
}

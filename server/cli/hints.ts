import type { DogearError, DogearErrorCode } from '../domain/dogear-error.js';

/** What the operator can type next. Use cases do not know the command line, so their messages cannot say it. */
const HINTS: Partial<Record<DogearErrorCode, string>> = {
  'user-not-found': '"dogear user list" lists the users, "dogear user add" adds one.',
  'api-key-not-found': '"dogear key list" lists the API keys of a user.',
  'device-not-found': '"dogear device list" lists the devices of a user.',
  'book-not-found': '"dogear book find" finds books by words, with their ids.',
  'document-has-book': '"dogear why" says of which one.',
  'document-linked': '"dogear why" says to which one.',
  'document-link-not-found': '"dogear why" says to which book it is linked, and for whom.',
  'library-not-found': '"dogear library add" adds a library.',
  'root-is-link': '"dogear library set NAME --root FOLDER" tells Dogear where the books are now.',
  'root-empty': '"dogear library remove" removes a library.',
};

/** The message of an error that a use case threw, and the hint for its code where there is one. */
export function messageWithHint({ code, message }: DogearError): string {
  const hint = HINTS[code];
  return hint === undefined ? message : `${message} ${hint}`;
}

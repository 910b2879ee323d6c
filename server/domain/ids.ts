/**
 * Ids of the database's rows, branded so that the id of one kind of row cannot be passed for another. Only the functions
 * below make them. They throw a RangeError for a number that is no positive safe integer.
 */
declare const brand: unique symbol;
type Id<Name extends string> = number & { readonly [brand]: Name };

export type LibraryId = Id<'library'>;
export type BookId = Id<'book'>;
export type ScanId = Id<'scan'>;
export type UserId = Id<'user'>;
export type ApiKeyId = Id<'api-key'>;
export type SessionId = Id<'session'>;

export function libraryId(value: number): LibraryId {
  return asId(value);
}

export function bookId(value: number): BookId {
  return asId(value);
}

export function scanId(value: number): ScanId {
  return asId(value);
}

export function userId(value: number): UserId {
  return asId(value);
}

export function apiKeyId(value: number): ApiKeyId {
  return asId(value);
}

export function sessionId(value: number): SessionId {
  return asId(value);
}

function asId<Name extends string>(value: number): Id<Name> {
  if (!Number.isSafeInteger(value) || value < 1) throw new RangeError(`${String(value)} is no row's id`);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the one place where an id is made
  return value as Id<Name>;
}

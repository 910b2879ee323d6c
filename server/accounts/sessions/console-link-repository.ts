import type { ConsoleLinkKindColumn } from '../../database/schema.js';
import type { Store } from '../../database/store.js';
import type { UserId } from '../../domain/ids.js';

/** `setup`: whoever opens the link becomes the owner. `sign-in`: it signs in one user. */
export type ConsoleLinkKind = ConsoleLinkKindColumn;

export interface NewConsoleLink {
  readonly secretSha256: Buffer;
  readonly kind: ConsoleLinkKind;
  /** `undefined` for the kind `setup`. */
  readonly userId: UserId | undefined;
  readonly expiresSeconds: number;
}

export async function insertConsoleLink({ db }: Store, link: NewConsoleLink): Promise<void> {
  await db
    .insertInto('console_link')
    .values({
      secret_sha256: link.secretSha256,
      kind: link.kind,
      user_id: link.userId ?? null,
      expires_s: link.expiresSeconds,
    })
    .execute();
}

export interface FoundConsoleLink {
  readonly id: number;
  readonly userId: UserId | undefined;
}

/** @returns `undefined` for a link that does not exist, is of another kind, or has expired */
export async function findConsoleLink(
  { db }: Store,
  secretSha256: Buffer,
  kind: ConsoleLinkKind,
): Promise<FoundConsoleLink | undefined> {
  const row = await db
    .selectFrom('console_link')
    .select(['id', 'user_id'])
    .where('secret_sha256', '=', secretSha256)
    .where('kind', '=', kind)
    .where('expires_s', '>', nowSeconds())
    .executeTakeFirst();
  return row === undefined ? undefined : { id: row.id, userId: row.user_id ?? undefined };
}

/** @returns `false` when another request was first */
export async function takeConsoleLink({ db }: Store, id: number): Promise<boolean> {
  const { numDeletedRows } = await db
    .deleteFrom('console_link')
    .where('id', '=', id)
    .executeTakeFirstOrThrow();
  return numDeletedRows > 0n;
}

export async function deleteConsoleLinksOfKind({ db }: Store, kind: ConsoleLinkKind): Promise<void> {
  await db.deleteFrom('console_link').where('kind', '=', kind).execute();
}

export async function deleteConsoleLinksOfUser({ db }: Store, userId: UserId): Promise<void> {
  await db.deleteFrom('console_link').where('user_id', '=', userId).execute();
}

/** Deletes links that have expired, and the oldest past the first `kept` ones. */
export async function deleteOldConsoleLinks({ db }: Store, kept: number): Promise<void> {
  await db.deleteFrom('console_link').where('expires_s', '<=', nowSeconds()).execute();
  const first = await db
    .selectFrom('console_link')
    .select('id')
    .orderBy('id', 'desc')
    .offset(kept)
    .limit(1)
    .executeTakeFirst();
  if (first !== undefined) await db.deleteFrom('console_link').where('id', '<=', first.id).execute();
}

function nowSeconds(): number {
  return Math.floor(Date.now() / 1000);
}

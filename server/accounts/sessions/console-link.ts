import type { Store } from '../../database/store.js';
import { DogearError } from '../../domain/dogear-error.js';
import type { UserSummary } from '../user.js';
import { findUserByName, firstOwner } from '../user-repository.js';
import { deleteOldConsoleLinks, insertConsoleLink } from './console-link-repository.js';
import { canOwnerSignIn } from './owner-state.js';
import { newSecret } from './random-secret.js';

const SETUP_SECONDS = 24 * 60 * 60;
const SIGN_IN_SECONDS = 10 * 60;
/** Each start of a server makes a link while no owner can sign in; one that is restarted all the time makes many. */
const LINKS = 100;

/** A text that lets a browser in. It is not stored, so it must be shown now. */
export type ConsoleLink =
  | { readonly kind: 'setup'; readonly token: string }
  | { readonly kind: 'sign-in'; readonly token: string; readonly owner: UserSummary };

/**
 * A link with which a browser makes the first owner who can sign in, good for 24 hours. When there is such an owner, all
 * links of this kind are void.
 *
 * @returns `undefined` when there is such an owner already
 */
export async function makeSetupLink(store: Store): Promise<ConsoleLink | undefined> {
  if (await canOwnerSignIn(store)) return undefined;
  return { kind: 'setup', token: await insertLink(store, 'setup', undefined) };
}

/**
 * For the operator: a link that signs an owner in once, within ten minutes; or the link above while no owner can sign in and
 * none is named.
 *
 * @param name of the owner; `undefined`: the one who has been there longest
 * @throws DogearError `user-not-found`, `owner-needed`
 */
export async function makeConsoleLink(store: Store, name: string | undefined): Promise<ConsoleLink> {
  const setup = name === undefined ? await makeSetupLink(store) : undefined;
  if (setup !== undefined) return setup;
  const owner =
    name === undefined
      ? await firstOwner(store, { withoutPassword: false })
      : await findUserByName(store, name);
  if (owner === undefined) {
    throw new DogearError(
      'user-not-found',
      name === undefined ? 'There is no owner.' : `There is no user "${name}".`,
    );
  }
  if (!owner.isOwner || owner.isDisabled) {
    throw new DogearError(
      'owner-needed',
      `"${owner.name}" is no owner, or is disabled. Others sign in with their passwords.`,
    );
  }
  return { kind: 'sign-in', token: await insertLink(store, 'sign-in', owner), owner };
}

async function insertLink(
  store: Store,
  kind: ConsoleLink['kind'],
  user: UserSummary | undefined,
): Promise<string> {
  const { text, sha256 } = newSecret();
  const seconds = kind === 'setup' ? SETUP_SECONDS : SIGN_IN_SECONDS;
  await insertConsoleLink(store, {
    secretSha256: sha256,
    kind,
    userId: user?.id,
    expiresSeconds: Math.floor(Date.now() / 1000) + seconds,
  });
  await deleteOldConsoleLinks(store, LINKS);
  return text;
}

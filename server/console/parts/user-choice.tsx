import { useId } from 'preact/hooks';
import { type ApiError, get, type Reply } from '../api.js';
import { query, setQuery } from '../router.js';
import { may, useMe } from '../session.js';
import { allPages, PAGE_ITEMS } from './all-pages.js';
import { useResource } from './resource.js';

type User = Reply<'/users', 'get'>['items'][number];

/** Stands for all users in the address. */
const EVERYBODY = 'all';

export interface ChosenUser {
  /** For the API: `undefined` is the signed-in user. */
  readonly id: number | undefined;
  /** Of somebody else; `undefined` while it is not known. */
  readonly name: string | undefined;
  readonly isEverybody: boolean;
  /** Who may be chosen; empty for those who see only themselves. */
  readonly users: readonly User[];
  /** Why they could not be loaded. The page shows it unless it shows another error: mostly it is the same one. */
  readonly error: ApiError | undefined;
  /** For links to pages about the same user: `?user=5`, or nothing. */
  readonly search: string;
}

/** The user whom the address names (`?user=5`). Only those with `user:manage` see others. */
export function useChosenUser(): ChosenUser {
  const me = useMe();
  const isManager = may(me, 'user:manage');
  const users = useResource(
    `users ${String(isManager)}`,
    (signal) =>
      isManager
        ? allPages((cursor) => get('/users', { query: { cursor, limit: PAGE_ITEMS }, signal }))
        : Promise.resolve([]),
    ['users'],
  );
  const asked = isManager ? (query.value.get('user') ?? '') : '';
  const id = /^[1-9]\d*$/.test(asked) && Number(asked) !== me.user_id ? Number(asked) : undefined;
  return {
    id,
    name: users.value?.find((user) => user.id === id)?.name,
    isEverybody: asked === EVERYBODY,
    users: users.value ?? [],
    error: users.error,
    search: id === undefined ? '' : `?user=${String(id)}`,
  };
}

interface UserChoiceProps {
  readonly chosen: ChosenUser;
  /** "Whose devices" */
  readonly label: string;
  readonly withEverybody?: boolean;
}

/** Chooses whose things a page shows. Nothing where there is no choice. */
export function UserChoice({ chosen, label, withEverybody }: UserChoiceProps) {
  const me = useMe();
  const id = useId();
  const others = chosen.users.filter((user) => user.id !== me.user_id);
  if (others.length === 0 && chosen.id === undefined && !chosen.isEverybody) return null;
  const value = chosen.isEverybody ? EVERYBODY : chosen.id === undefined ? '' : String(chosen.id);
  return (
    <div class="user-choice">
      <label for={id}>{label}</label>
      <select id={id} value={value} onChange={(event) => setQuery('user', event.currentTarget.value)}>
        <option value="">{me.name} (you)</option>
        {withEverybody === true ? <option value={EVERYBODY}>Everybody</option> : null}
        {others.map((user) => (
          <option key={user.id} value={String(user.id)}>
            {user.name}
          </option>
        ))}
        {chosen.id === undefined || others.some((user) => user.id === chosen.id) ? null : (
          <option value={value}>User {value}</option>
        )}
      </select>
    </div>
  );
}

import { get, type Reply } from '../api.js';
import { usePagedList } from '../parts/paged-list.js';
import { permissionWords } from '../parts/permission-words.js';
import { Ago } from '../parts/time.jsx';
import { VirtualList } from '../parts/virtual-list.jsx';
import { hrefOf } from '../router.js';

type User = Reply<'/users', 'get'>['items'][number];

const ROW_PX = 68;

export function Users() {
  const list = usePagedList(
    'users',
    (cursor, signal) => get('/users', { query: { cursor, limit: 200 }, signal }),
    ['users', 'devices'],
  );
  return (
    <>
      <header class="page-head">
        <h1>Users</h1>
        <a class="button main" href={hrefOf('users/new')}>
          Add a user
        </a>
      </header>
      <VirtualList
        list={list}
        label="Users"
        rowPx={ROW_PX}
        keyOf={(user) => user.id}
        row={(user) => <UserRow user={user} />}
        empty={null}
      />
    </>
  );
}

function UserRow({ user }: { readonly user: User }) {
  return (
    <>
      <div class="line tight">
        <a class="cut whole" href={hrefOf(`users/${String(user.id)}`)}>
          <b>{user.name}</b>
        </a>
        <UserTags user={user} />
      </div>
      <p class="faint small cut">
        {user.last_seen_at === null ? (
          'No reader has synced yet'
        ) : (
          <>
            Last synced <Ago time={user.last_seen_at} />
          </>
        )}
        {user.owner ? '' : ` · ${permissionWords(user.permissions)}`}
      </p>
    </>
  );
}

export function UserTags({ user }: { readonly user: Pick<User, 'owner' | 'disabled'> }) {
  return (
    <span>
      {user.owner ? <span class="tag">owner</span> : null}{' '}
      {user.disabled ? <span class="tag warning">disabled</span> : null}
    </span>
  );
}

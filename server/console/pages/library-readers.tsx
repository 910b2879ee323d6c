import { useSignal } from '@preact/signals';
import { useId } from 'preact/hooks';
import { get, put, remove } from '../api.js';
import { Form, useAction } from '../parts/action.jsx';
import { MoreButton } from '../parts/more-button.jsx';
import { usePagedList } from '../parts/paged-list.js';
import { Loading, Problem } from '../parts/problem.jsx';
import { say } from '../parts/toast.jsx';
import { may, useMe } from '../session.js';

/** The users who may see a restricted library. */
export function LibraryReaders({ libraryId: id }: { readonly libraryId: number }) {
  const readers = usePagedList(
    `readers of ${String(id)}`,
    (cursor, signal) =>
      get('/libraries/{id}/readers', { params: { id }, query: { cursor, limit: 200 }, signal }),
    ['libraries', 'users'],
  );
  const action = useAction();
  const canList = may(useMe(), 'user:manage');
  return (
    <section class="sheet" aria-label="Readers">
      <h2>Its readers</h2>
      {readers.items === undefined ? (
        <Loading unless={readers.error} />
      ) : readers.items.length === 0 ? (
        <p class="faint">Nobody yet: only whoever manages libraries sees it.</p>
      ) : (
        <ul class="lined">
          {readers.items.map(({ user_id: userId, name }) => (
            <li key={userId} class="line">
              <bdi>{name}</bdi>
              <button
                type="button"
                aria-disabled={action.isRunning}
                aria-label={`Remove ${name}`}
                onClick={() =>
                  void action.run(async () => {
                    await remove('/libraries/{id}/readers/{user_id}', { params: { id, user_id: userId } });
                    say(`${name} sees it no longer.`);
                    readers.reload();
                  })
                }
              >
                Remove
              </button>
            </li>
          ))}
        </ul>
      )}
      <MoreButton list={readers} />
      <Problem error={action.error} />
      {canList ? (
        <AddReader
          libraryId={id}
          readers={new Set(readers.items?.map((reader) => reader.user_id))}
          onAdded={readers.reload}
        />
      ) : (
        <p class="hint">Whoever manages users can add readers.</p>
      )}
    </section>
  );
}

interface AddReaderProps {
  readonly libraryId: number;
  readonly readers: ReadonlySet<number>;
  readonly onAdded: () => void;
}

function AddReader({ libraryId, readers, onAdded }: AddReaderProps) {
  const id = useId();
  const users = usePagedList(
    'users',
    (cursor, signal) => get('/users', { query: { cursor, limit: 200 }, signal }),
    ['users'],
  );
  const chosen = useSignal('');
  const action = useAction();
  const others = users.items?.filter((user) => !readers.has(user.id)) ?? [];
  if (others.length === 0 && !users.hasMore) return <Problem error={users.error} />;
  return (
    <Form
      action={action}
      submit="Add the reader"
      onSubmit={() =>
        put('/libraries/{id}/readers/{user_id}', { params: { id: libraryId, user_id: chosen.value } })
      }
      onDone={() => {
        say('Added.');
        chosen.value = '';
        onAdded();
      }}
    >
      <div class="field">
        <label for={id}>Let another user see it</label>
        <select
          id={id}
          required
          value={chosen.value}
          onChange={(event) => (chosen.value = event.currentTarget.value)}
        >
          <option value="">Choose…</option>
          {others.map((user) => (
            <option key={user.id} value={String(user.id)}>
              {user.name}
            </option>
          ))}
        </select>
      </div>
      <Problem error={users.error} />
      {users.hasMore ? (
        <button type="button" onClick={users.more}>
          Load more users
        </button>
      ) : null}
    </Form>
  );
}

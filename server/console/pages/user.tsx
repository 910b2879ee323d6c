import { useSignal } from '@preact/signals';
import { ApiError, get, patch, put, remove, type Reply } from '../api.js';
import { Form, useAction } from '../parts/action.jsx';
import { ConfirmDialog } from '../parts/dialog.jsx';
import { CheckField, TextField, useEdited } from '../parts/field.jsx';
import { day } from '../parts/format.js';
import { NewPasswordField } from '../parts/new-password-field.jsx';
import { useTitle } from '../parts/page-title.js';
import { isFullOwner, PermissionFields } from '../parts/permission-fields.jsx';
import { PERMISSION_NAMES } from '../parts/permission-words.js';
import { Loading, Problem } from '../parts/problem.jsx';
import { useResource } from '../parts/resource.js';
import { Ago } from '../parts/time.jsx';
import { say } from '../parts/toast.jsx';
import type { PageProps } from '../pages.jsx';
import { closeDialog, go, hrefOf, openDialog, query } from '../router.js';
import { checkSession, may, useMe } from '../session.js';
import { HeaderWarning } from './header-warning.jsx';
import { UserTags } from './users.jsx';

type ShownUser = Reply<'/users/{id}', 'get'>;

/** One user, for those who manage users. */
export function User({ params: [id = ''] }: PageProps) {
  const { value, error, reload } = useResource(
    id,
    (signal) => get('/users/{id}', { params: { id }, signal }),
    ['users'],
  );
  const isGone = error?.status === 404;
  useTitle(value?.name);
  return (
    <div class="stack narrow">
      <header class="page-head">
        <h1>{value?.name ?? 'User'}</h1>
        {value === undefined ? null : <UserTags user={value} />}
      </header>
      {error === undefined ? null : (
        <Problem error={error}>
          <a href={hrefOf('users')}>To all users</a>
        </Problem>
      )}
      {value === undefined && error === undefined ? <Loading /> : null}
      {value === undefined || isGone ? null : <Parts user={value} onChange={reload} />}
    </div>
  );
}

interface PartProps {
  readonly user: ShownUser;
  readonly onChange: () => void;
}

function Parts({ user, onChange }: PartProps) {
  const me = useMe();
  const isSelf = user.id === me.user_id;
  const refusal = refusalOf(user);
  return (
    <>
      <section class="sheet">
        <dl class="facts">
          <dt>Added</dt>
          <dd>{day(user.created_at)}</dd>
          <dt>Last synced</dt>
          <dd>{user.last_seen_at === null ? 'never' : <Ago time={user.last_seen_at} />}</dd>
          <dt>Signs in</dt>
          <dd>
            {user.disabled
              ? 'not at all: the user is disabled'
              : user.has_password
                ? 'with a password or an API key'
                : 'with an API key only'}
          </dd>
        </dl>
        <div class="buttons">
          {[
            ['reading', 'Reading'],
            ['devices', 'Devices'],
            ['api-keys', 'API keys'],
          ].map(([page, words]) => (
            <a key={page} class="button" href={hrefOf(`${String(page)}?user=${String(user.id)}`)}>
              {words}
            </a>
          ))}
        </div>
      </section>
      {refusal === undefined ? (
        <>
          <Change user={user} onChange={onChange} />
          {isSelf ? (
            <p>
              You change your password in <a href={hrefOf('account')}>your account</a>.
            </p>
          ) : (
            <Password user={user} onChange={onChange} />
          )}
          <Ending user={user} onChange={onChange} />
        </>
      ) : (
        <p>{refusal}</p>
      )}
    </>
  );

  function refusalOf({ owner, permissions }: ShownUser): string | undefined {
    if (isSelf) return undefined;
    if (owner && !isFullOwner(me)) return 'Only an owner can change an owner.';
    if (permissions.every((each) => may(me, each))) return undefined;
    return 'This user may do things that you may not, so you cannot change what the user may do.';
  }
}

function Change({ user, onChange }: PartProps) {
  const me = useMe();
  const name = useEdited(user.name);
  const isOwner = useEdited(user.owner);
  // In the order of the checkboxes, which the edited ones have.
  const known = PERMISSION_NAMES.filter((each) => user.permissions.includes(each));
  const permissions = useEdited(known);
  const loser = useSignal<string | null>(null);
  const action = useAction();
  return (
    <section class="sheet">
      <h2>Name and permissions</h2>
      <HeaderWarning loser={loser.value} />
      <Form
        action={action}
        submit="Save"
        onSubmit={async () => {
          const changed = await patch('/users/{id}', {
            params: { id: user.id },
            // What was not edited here may have been changed elsewhere, and stays.
            body: {
              ...(name.value === user.name ? {} : { name: name.value }),
              ...(isOwner.value === user.owner ? {} : { owner: isOwner.value }),
              ...(String(permissions.value) === String(known) ? {} : { permissions: [...permissions.value] }),
            },
          });
          loser.value = changed.takes_header_of;
          say(`${changed.name} is saved.`);
          onChange();
          if (user.id === me.user_id) await checkSession();
        }}
      >
        <TextField
          label="Name"
          value={name}
          autoComplete="off"
          autoCapitalize="none"
          required
          hint="Readers that log in with name and password need the new name."
        />
        {isOwner.value ? null : <PermissionFields label="What they may do" value={permissions} giver={me} />}
        {isFullOwner(me) ? (
          <CheckField label="Owner" value={isOwner} hint="May do everything, also with other owners." />
        ) : null}
      </Form>
    </section>
  );
}

function Password({ user, onChange }: PartProps) {
  const password = useSignal('');
  const isRemoving = useSignal(false);
  const action = useAction();
  const params = { id: user.id };
  return (
    <section class="sheet">
      <h2>Password</h2>
      <Form
        action={action}
        submit={user.has_password ? 'Change the password' : 'Set the password'}
        buttons={
          user.has_password ? (
            <button type="button" onClick={() => (isRemoving.value = true)}>
              Remove the password
            </button>
          ) : null
        }
        onSubmit={async () => {
          await put('/users/{id}/password', { params, body: { password: password.value } });
          password.value = '';
          say(`The password of ${user.name} is set.`);
          onChange();
        }}
      >
        <input type="text" hidden autoComplete="username" value={user.name} readOnly />
        <NewPasswordField
          label="New password"
          value={password}
          hint={`It signs ${user.name} out of all browsers. Readers that log in with it need the new one.`}
        />
      </Form>
      {isRemoving.value ? (
        <ConfirmDialog
          title={`Remove the password of ${user.name}?`}
          confirm="Remove the password"
          onConfirm={async () => {
            await put('/users/{id}/password', { params, body: { password: null } });
            say(`${user.name} has no password any more.`);
            onChange();
          }}
          onClose={() => (isRemoving.value = false)}
        >
          <p>
            {user.name} is signed out of all browsers, and readers can no longer log in with the password. API
            keys go on working.
          </p>
        </ConfirmDialog>
      ) : null}
    </section>
  );
}

function Ending({ user, onChange }: PartProps) {
  const asked = query.value.get('do');
  const close = (): void => closeDialog('do');
  const enabling = useAction();
  const params = { id: user.id };
  const setDisabled = async (disabled: boolean): Promise<void> => {
    await patch('/users/{id}', { params, body: { disabled } });
    say(`${user.name} is ${disabled ? 'disabled' : 'enabled'}.`);
    onChange();
  };
  return (
    <section class="sheet">
      <h2>Disable or remove</h2>
      <p>
        {user.disabled
          ? 'While the user is disabled, neither the password nor any API key works. Nothing is lost.'
          : 'A disabled user can neither sign in nor sync until you enable the user again. Nothing is lost.'}
      </p>
      <Problem error={enabling.error} />
      <div class="buttons">
        {user.disabled ? (
          <button
            type="button"
            aria-disabled={enabling.isRunning}
            onClick={() => void enabling.run(() => setDisabled(false))}
          >
            Enable
          </button>
        ) : (
          <button type="button" onClick={() => openDialog('do', 'disable')}>
            Disable
          </button>
        )}
        <button type="button" class="danger" onClick={() => openDialog('do', 'remove')}>
          Remove
        </button>
      </div>
      {asked === 'disable' ? (
        <ConfirmDialog
          title={`Disable ${user.name}?`}
          confirm="Disable"
          onConfirm={() => setDisabled(true)}
          onClose={close}
        >
          <p>{user.name} is signed out of all browsers, and the readers stop syncing.</p>
        </ConfirmDialog>
      ) : null}
      {asked === 'remove' ? (
        <ConfirmDialog
          title={`Remove ${user.name}?`}
          confirm="Remove for ever"
          onConfirm={async () => {
            await remove('/users/{id}', { params }).catch(ignoreGone);
            say(`${user.name} is removed.`);
            go('users', { replace: true });
          }}
          onClose={close}
        >
          <p>These go too, and cannot be brought back:</p>
          <ul class="points">
            <li>all reading positions of {user.name}, and their history</li>
            <li>API keys: readers that use one stop syncing</li>
            <li>devices and their names</li>
            <li>the sign-ins of all browsers</li>
          </ul>
          <p>Books and libraries stay. To keep everything, disable the user instead.</p>
        </ConfirmDialog>
      ) : null}
    </section>
  );
}

/** Somebody else was faster. */
function ignoreGone(error: unknown): void {
  if (!(error instanceof ApiError) || error.code !== 'user-not-found') throw error;
}

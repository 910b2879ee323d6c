import { useSignal } from '@preact/signals';
import { post, type Reply } from '../api.js';
import { Form, useAction } from '../parts/action.jsx';
import { CopyField } from '../parts/copy-field.jsx';
import { CheckField, TextField } from '../parts/field.jsx';
import { NewPasswordField } from '../parts/new-password-field.jsx';
import { useArrival } from '../parts/page-title.js';
import { isFullOwner, PermissionFields } from '../parts/permission-fields.jsx';
import { hrefOf } from '../router.js';
import { HeaderWarning } from './header-warning.jsx';
import { type Permission, useMe } from '../session.js';

type AddedUser = Reply<'/users', 'post'>;

export function NewUser() {
  const me = useMe();
  const name = useSignal('');
  const password = useSignal('');
  const permissions = useSignal<readonly Permission[]>(['feature:koreader_sync', 'feature:api_keys']);
  const isOwner = useSignal(false);
  const added = useSignal<AddedUser | undefined>(undefined);
  const action = useAction();
  if (added.value !== undefined) return <Added user={added.value} />;
  return (
    <div class="stack narrow">
      <header class="page-head">
        <h1>Add a user</h1>
      </header>
      <Form
        action={action}
        submit="Add the user"
        buttons={
          <a class="button" href={hrefOf('users')}>
            Cancel
          </a>
        }
        onSubmit={async () => {
          added.value = await post('/users', {
            body: {
              name: name.value,
              password: password.value === '' ? null : password.value,
              permissions: permissions.value.filter((each) => me.permissions.includes(each)),
              owner: isOwner.value,
            },
          });
        }}
      >
        <TextField label="Name" value={name} autoComplete="off" autoCapitalize="none" required />
        <NewPasswordField
          value={password}
          required={false}
          hint="Without a password, only API keys that you make let the user in."
        />
        {isOwner.value ? null : <PermissionFields label="What they may do" value={permissions} giver={me} />}
        {isFullOwner(me) ? (
          <CheckField label="Owner" value={isOwner} hint="May do everything, also with other owners." />
        ) : null}
      </Form>
    </div>
  );
}

/** What to tell the new user. */
function Added({ user }: { readonly user: AddedUser }) {
  const title = `${user.name} is added`;
  useArrival(title, '');
  return (
    <div class="stack narrow">
      <header class="page-head">
        <h1>{title}</h1>
      </header>
      <HeaderWarning loser={user.takes_header_of} />
      {user.has_password ? (
        <>
          <p>Tell them the password, and where to sign in:</p>
          <CopyField label="Address" value={`${globalThis.location.origin}${hrefOf('')}`} />
        </>
      ) : (
        <p>
          They have no password.{' '}
          <a href={hrefOf(`api-keys?user=${String(user.id)}&new=1`)}>Make an API key for their reader</a>{' '}
          next.
        </p>
      )}
      <div class="buttons">
        <a class="button main" href={hrefOf(`users/${String(user.id)}`)}>
          To {user.name}
        </a>
        <a class="button" href={hrefOf('users')}>
          To all users
        </a>
      </div>
    </div>
  );
}

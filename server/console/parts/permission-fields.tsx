import type { Signal } from '@preact/signals';
import { type Me, may, type Permission } from '../session.js';
import { CheckField } from './field.jsx';
import { PERMISSION_NAMES, PERMISSION_WORDS } from './permission-words.js';

const HINTS: Readonly<Partial<Record<Permission, string>>> = {
  'feature:api_keys': 'For readers and programs of their own.',
  'library:manage': 'Sees libraries that are restricted, too.',
  'user:manage': 'Sees what everybody reads, too.',
};

interface PermissionFieldsProps {
  readonly label: string;
  readonly value: Signal<readonly Permission[]>;
  /** Whoever gives the permissions: nobody can give what they do not have. */
  readonly giver: Me;
}

/** A checkbox for each permission. */
export function PermissionFields({ label, value, giver }: PermissionFieldsProps) {
  return (
    <fieldset>
      <legend>{label}</legend>
      {PERMISSION_NAMES.map((permission) => (
        <CheckField
          key={permission}
          label={PERMISSION_WORDS[permission]}
          hint={HINTS[permission]}
          disabled={!may(giver, permission)}
          value={{
            get value() {
              return value.value.includes(permission);
            },
            set value(isGiven) {
              value.value = PERMISSION_NAMES.filter((each) =>
                each === permission ? isGiven : value.value.includes(each),
              );
            },
          }}
        />
      ))}
    </fieldset>
  );
}

/** Whether somebody may make and change owners: an owner who signed in with an API key may do less. */
export function isFullOwner(me: Me): boolean {
  return me.owner && PERMISSION_NAMES.every((each) => may(me, each));
}

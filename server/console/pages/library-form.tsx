import { useSignal, type Signal } from '@preact/signals';
import { useMemo } from 'preact/hooks';
import { patch, post, type Reply } from '../api.js';
import { Form, useAction } from '../parts/action.jsx';
import { CancelButton } from '../parts/dialog.jsx';
import { CheckField, TextField } from '../parts/field.jsx';
import { FolderPicker } from './folder-picker.jsx';

export type LibraryDetails = Reply<'/libraries/{id}', 'get'>;

interface Fields {
  readonly name: Signal<string>;
  readonly root: Signal<string>;
  readonly extensions: Signal<string>;
  readonly hashes: Signal<boolean>;
  readonly restricted: Signal<boolean>;
}

interface AddProps {
  readonly onAdded: (added: LibraryDetails) => void;
  readonly onCancel: () => void;
}

export function AddLibrary({ onAdded, onCancel }: AddProps) {
  const fields = useFields();
  const action = useAction();
  return (
    <Form
      action={action}
      submit="Add"
      buttons={<CancelButton onCancel={onCancel} />}
      onSubmit={async () => {
        const body = {
          name: fields.name.value,
          root: fields.root.value,
          extensions: extensionsOf(fields.extensions.value),
          koreader_hashes: fields.hashes.value,
          restricted: fields.restricted.value,
        };
        onAdded(await post('/libraries', { body }));
      }}
    >
      <LibraryFields fields={fields} />
      <p class="faint small">Nothing is read yet. The first scan finds the books.</p>
    </Form>
  );
}

interface ChangeProps {
  readonly library: LibraryDetails;
  readonly onChanged: () => void;
  readonly onCancel: () => void;
}

/** Sends only what was changed, so that it undoes nothing that somebody else changed meanwhile. */
export function ChangeLibrary({ library, onChanged, onCancel }: ChangeProps) {
  // As it was when the dialog opened: the library may be loaded again meanwhile.
  const before = useMemo(
    () => ({
      name: library.name,
      root: library.root?.text ?? '',
      extensions: library.extensions?.join(', ') ?? '',
      koreader_hashes: library.koreader_hashes,
      restricted: library.restricted,
    }),
    [],
  );
  const fields = useFields(before);
  const action = useAction();
  return (
    <Form
      action={action}
      submit="Save"
      buttons={<CancelButton onCancel={onCancel} />}
      onDone={onChanged}
      onSubmit={() =>
        patch('/libraries/{id}', {
          params: { id: library.id },
          body: {
            ...(fields.name.value === before.name ? {} : { name: fields.name.value }),
            ...(fields.root.value === before.root ? {} : { root: fields.root.value }),
            ...(fields.extensions.value === before.extensions
              ? {}
              : { extensions: extensionsOf(fields.extensions.value) }),
            ...(fields.hashes.value === before.koreader_hashes
              ? {}
              : { koreader_hashes: fields.hashes.value }),
            ...(fields.restricted.value === before.restricted ? {} : { restricted: fields.restricted.value }),
          },
        })
      }
    >
      <LibraryFields fields={fields} />
      <p class="faint small">
        The next scan acts on another folder, extensions or hashes. Books of a folder that was moved keep
        their digests and everybody's places.
      </p>
    </Form>
  );
}

function useFields(
  before = { name: '', root: '', extensions: '', koreader_hashes: true, restricted: false },
): Fields {
  return {
    name: useSignal(before.name),
    root: useSignal(before.root),
    extensions: useSignal(before.extensions),
    hashes: useSignal(before.koreader_hashes),
    restricted: useSignal(before.restricted),
  };
}

function LibraryFields({ fields }: { readonly fields: Fields }) {
  const isPicking = useSignal(false);
  const { name, root, extensions, hashes, restricted } = fields;
  return (
    <>
      <TextField label="Folder on the server" value={root} placeholder="/books" required maxLength={4096} />
      <div class="buttons">
        <button
          type="button"
          aria-expanded={isPicking.value}
          onClick={() => (isPicking.value = !isPicking.value)}
        >
          {isPicking.value ? 'Close the folders' : 'Choose a folder…'}
        </button>
      </div>
      {isPicking.value ? (
        <FolderPicker
          start={root.value}
          onOpen={(path) => {
            const named = lastPart(root.value);
            if (name.value === '' || name.value === named) name.value = lastPart(path);
            root.value = path;
          }}
        />
      ) : null}
      <TextField label="Name" value={name} required maxLength={200} />
      <TextField
        label="File extensions"
        value={extensions}
        placeholder="epub, pdf, cbz"
        autoCapitalize="none"
        spellcheck={false}
        hint="Only files with these are books. Empty: everything that KOReader opens."
      />
      <CheckField
        label="Make KOReader hashes"
        value={hashes}
        hint="Without them the books are listed, but readers do not find them."
      />
      <CheckField
        label="Only its readers may see it"
        value={restricted}
        hint="You choose the readers on the library's page. Whoever manages libraries sees all of them."
      />
    </>
  );
}

function lastPart(path: string): string {
  return path.replace(/\/+$/, '').split('/').at(-1) ?? '';
}

function extensionsOf(text: string): string[] | null {
  const words = text.split(/[\s,;]+/).filter((word) => word !== '');
  return words.length === 0 ? null : words;
}

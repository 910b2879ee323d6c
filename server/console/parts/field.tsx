import { useSignal, type Signal } from '@preact/signals';
import type { ComponentChildren, TargetedInputEvent } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';

interface FieldProps {
  readonly label: string;
  /** A signal, or a part of one. */
  readonly value: { value: string };
  readonly type?: 'password' | 'search' | 'text';
  readonly autoComplete?: string;
  readonly autoCapitalize?: 'none';
  readonly spellcheck?: boolean;
  readonly required?: boolean;
  readonly minLength?: number;
  /** In UTF-16 code units, as browsers count: an emoji has two. */
  readonly maxLength?: number;
  readonly placeholder?: string;
  /** What people may want to know before they type. */
  readonly hint?: ComponentChildren;
}

/** A line of text with its label. */
export function TextField({ label, value, hint, type = 'text', ...input }: FieldProps) {
  const id = useId();
  const isShown = useSignal(false);
  const all = {
    id,
    ...input,
    value: value.value,
    'aria-describedby': hint === undefined ? undefined : `${id}-hint`,
    onInput: (event: TargetedInputEvent<HTMLInputElement>) => {
      value.value = event.currentTarget.value;
    },
  };
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {type === 'password' ? (
        <div class="secret">
          {isShown.value ? (
            <input type="text" {...all} spellcheck={false} autoCapitalize="none" />
          ) : (
            <input type="password" {...all} />
          )}
          <button
            type="button"
            aria-pressed={isShown.value}
            aria-label="Show the characters"
            onClick={() => (isShown.value = !isShown.value)}
          >
            Show
          </button>
        </div>
      ) : type === 'search' ? (
        <input type="search" {...all} />
      ) : (
        <input type="text" {...all} />
      )}
      {hint === undefined ? null : (
        <p class="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
    </div>
  );
}

/** Several lines of text with their label. */
export function LinesField({ label, value, hint }: Pick<FieldProps, 'label' | 'value' | 'hint'>) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <textarea
        id={id}
        rows={3}
        spellcheck={false}
        autoCapitalize="none"
        aria-describedby={`${id}-hint`}
        value={value.value}
        onInput={(event) => (value.value = event.currentTarget.value)}
      />
      <p class="hint" id={`${id}-hint`}>
        {hint}
      </p>
    </div>
  );
}

interface CheckProps {
  readonly label: string;
  /** A signal, or a part of one. */
  readonly value: { value: boolean };
  readonly hint?: string | undefined;
  readonly disabled?: boolean;
}

export function CheckField({ label, value, hint, disabled }: CheckProps) {
  const id = useId();
  return (
    <div class="check">
      <input
        id={id}
        type="checkbox"
        checked={value.value}
        disabled={disabled}
        aria-describedby={hint === undefined ? undefined : `${id}-hint`}
        onChange={(event) => {
          value.value = event.currentTarget.checked;
        }}
      />
      <label for={id}>{label}</label>
      {hint === undefined ? null : (
        <p class="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
    </div>
  );
}

/** A field that follows what the server knows until somebody edits it. */
export function useEdited<Value>(known: Value): Signal<Value> {
  const edited = useSignal(known);
  const text = JSON.stringify(known);
  const followed = useRef(text);
  useEffect(() => {
    if (JSON.stringify(edited.value) === followed.current) edited.value = known;
    followed.current = text;
  }, [text]);
  return edited;
}

import { LARGEST_FONT_PERCENT, SMALLEST_FONT_PERCENT, THEMES } from './appearance.js';
import type { Appearance } from './book-view.js';

const THEME_WORDS: Readonly<Record<Appearance['theme'], string>> = {
  auto: 'As the system has it',
  light: 'Light',
  sepia: 'Sepia',
  dark: 'Dark',
};
const FLOW_WORDS: Readonly<Record<Appearance['flow'], string>> = {
  pages: 'Page by page',
  scroll: 'Scroll through a chapter',
};
const FLOWS = ['pages', 'scroll'] as const;
const FONT_STEP_PERCENT = 10;

interface AppearanceFormProps {
  readonly appearance: Appearance;
  readonly onChange: (appearance: Appearance) => void;
}

/** How books look in this browser. Every change shows at once. */
export function AppearanceForm({ appearance, onChange }: AppearanceFormProps) {
  const { theme, flow, fontPercent, hasOwnStyles } = appearance;
  const resize = (by: number): void => {
    const next = Math.min(LARGEST_FONT_PERCENT, Math.max(SMALLEST_FONT_PERCENT, fontPercent + by));
    onChange({ ...appearance, fontPercent: next });
  };
  return (
    <form onSubmit={(event) => event.preventDefault()}>
      <fieldset>
        <legend>Colours</legend>
        {THEMES.map((name) => (
          <label key={name} class="check">
            <input
              type="radio"
              name="theme"
              checked={theme === name}
              onChange={() => onChange({ ...appearance, theme: name })}
            />
            {THEME_WORDS[name]}
          </label>
        ))}
      </fieldset>
      <fieldset>
        <legend>Size of the letters</legend>
        <div class="line middle">
          <button type="button" onClick={() => resize(-FONT_STEP_PERCENT)}>
            Smaller
          </button>
          <output>{fontPercent} %</output>
          <button type="button" onClick={() => resize(FONT_STEP_PERCENT)}>
            Larger
          </button>
        </div>
      </fieldset>
      <fieldset>
        <legend>Going on</legend>
        {FLOWS.map((name) => (
          <label key={name} class="check">
            <input
              type="radio"
              name="flow"
              checked={flow === name}
              onChange={() => onChange({ ...appearance, flow: name })}
            />
            {FLOW_WORDS[name]}
          </label>
        ))}
      </fieldset>
      <label class="check">
        <input
          type="checkbox"
          checked={hasOwnStyles}
          onChange={(event) => onChange({ ...appearance, hasOwnStyles: event.currentTarget.checked })}
        />
        The book’s own style sheets
      </label>
    </form>
  );
}

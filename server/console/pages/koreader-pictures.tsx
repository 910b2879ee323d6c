import type { ComponentChildren } from 'preact';

/** Drawings of KOReader's screens, with the words of its menus. What is to be tapped is framed. */

const WIDTH = 320;

interface ScreenProps {
  readonly label: string;
  readonly height: number;
  readonly children: ComponentChildren;
}

function Screen({ label, height, children }: ScreenProps) {
  return (
    <svg class="screen" role="img" aria-label={label} viewBox={`0 0 ${String(WIDTH)} ${String(height)}`}>
      <rect class="paper" x="1" y="1" width={WIDTH - 2} height={height - 2} rx="10" />
      {children}
    </svg>
  );
}

interface MenuLineProps {
  readonly y: number;
  readonly text: string;
  readonly isPicked?: boolean;
}

function MenuLine({ y, text, isPicked }: MenuLineProps) {
  return (
    <>
      <text x="24" y={y}>
        {text}
      </text>
      {isPicked === true ? (
        <rect class="picked" x="12" y={y - 20} width={WIDTH - 24} height="29" rx="5" />
      ) : null}
    </>
  );
}

/** Simple signs of KOReader's row of menus, in its order. */
const SIGNS = [
  'M3 5h18M3 12h18M3 19h18',
  'M4 19 10 5l6 14M6 14h8M18 19v-9',
  'M12 8a4 4 0 1 0 .1 0M12 2v4M12 18v4M2 12h4M18 12h4',
  'M5 5l14 14M19 5 5 19',
  'M10 4a6 6 0 1 0 .1 0M15 15l6 6',
];
const TOOLS = 3;

export function MenuPicture() {
  return (
    <Screen label="KOReader's menu: the sign of Tools, and in it Progress sync" height={190}>
      {SIGNS.map((sign, index) => (
        <path
          key={sign}
          class={index === TOOLS ? 'sign tools' : 'sign'}
          d={sign}
          transform={`translate(${String(22 + index * 60)} 14)`}
        />
      ))}
      <rect class="picked" x={12 + TOOLS * 60} y="6" width="44" height="40" rx="5" />
      <path class="rule" d={`M1 54H${String(WIDTH - 1)}`} />
      <MenuLine y={82} text="Reading statistics" />
      <MenuLine y={116} text="Progress sync" isPicked />
      <MenuLine y={150} text="Cloud storage" />
      <path class="rule" d={`M24 170H${String(WIDTH - 24)}`} />
    </Screen>
  );
}

/** How much of the address fits into the drawing. */
const ADDRESS_CHARACTERS = 34;

export function AddressPicture({ address }: { readonly address: string }) {
  const shown =
    address.length > ADDRESS_CHARACTERS ? `${address.slice(0, ADDRESS_CHARACTERS - 1)}…` : address;
  return (
    <Screen label="Custom sync server, and the field for its address" height={190}>
      <MenuLine y={36} text="Custom sync server" isPicked />
      <rect class="window" x="16" y="56" width={WIDTH - 32} height="116" rx="6" />
      <text class="strong" x="30" y="80">
        Custom progress sync server address
      </text>
      <rect class="input" x="30" y="92" width={WIDTH - 60} height="30" />
      <text class="typed" x="36" y="112">
        {shown}
      </text>
      <text x="76" y="154">
        Cancel
      </text>
      <text x="222" y="154">
        OK
      </text>
      <rect class="picked" x="206" y="134" width="56" height="30" rx="5" />
    </Screen>
  );
}

export function LoginPicture() {
  return (
    <Screen label="Register / Login: any name, any password, Login" height={218}>
      <MenuLine y={36} text="Register / Login" isPicked />
      <rect class="window" x="16" y="56" width={WIDTH - 32} height="146" rx="6" />
      <text class="strong" x="30" y="80">
        Register/login to KOReader server
      </text>
      <rect class="input" x="30" y="92" width={WIDTH - 60} height="26" />
      <text class="typed" x="36" y="110">
        any name
      </text>
      <rect class="input" x="30" y="124" width={WIDTH - 60} height="26" />
      <text class="typed" x="36" y="142">
        any password
      </text>
      <text x="40" y="184">
        Cancel
      </text>
      <text x="136" y="184">
        Login
      </text>
      <rect class="picked" x="122" y="164" width="66" height="30" rx="5" />
      <text x="222" y="184">
        Register
      </text>
    </Screen>
  );
}

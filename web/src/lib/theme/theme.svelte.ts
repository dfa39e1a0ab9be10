/* Light, dark, or as the system. theme.js applies the stored choice before the first paint. */
export type Theme = 'system' | 'light' | 'dark';
const STORED = 'mai.theme';
const BACKGROUND = { light: '#fbfbf9', dark: '#131614' };

function read(): Theme {
  try {
    const value = localStorage.getItem(STORED);
    return value === 'light' || value === 'dark' ? value : 'system';
  } catch {
    return 'system';
  }
}

const system = matchMedia('(prefers-color-scheme: dark)');
const state = $state<{ choice: Theme; is_dark: boolean }>({ choice: read(), is_dark: false });

function apply(): void {
  state.is_dark = state.choice === 'dark' || (state.choice === 'system' && system.matches);
  const name = state.is_dark ? 'dark' : 'light';
  document.documentElement.dataset['theme'] = name;
  document.querySelector('meta[name="theme-color"]')?.setAttribute('content', BACKGROUND[name]);
}

system.addEventListener('change', apply);
apply();

export const theme = {
  get choice(): Theme {
    return state.choice;
  },
  get is_dark(): boolean {
    return state.is_dark;
  },
  set(choice: Theme): void {
    state.choice = choice;
    apply();
    try {
      if (choice === 'system') localStorage.removeItem(STORED);
      else localStorage.setItem(STORED, choice);
    } catch {
      /* lasts for this page then */
    }
  },
};

/* Whether the sidebar is shown: remembered on wide screens, a drawer on narrow ones. */
const STORED = 'mai.sidebar';
const narrow = matchMedia('(max-width: 860px)');

function read(): boolean {
  try {
    return localStorage.getItem(STORED) !== 'closed';
  } catch {
    return true;
  }
}

const state = $state({ is_open: read(), is_drawer_open: false, is_narrow: narrow.matches });
narrow.addEventListener('change', () => {
  state.is_narrow = narrow.matches;
  state.is_drawer_open = false;
});

export const layout = {
  get is_narrow(): boolean {
    return state.is_narrow;
  },
  get is_open(): boolean {
    return state.is_narrow ? state.is_drawer_open : state.is_open;
  },
  toggle(): void {
    if (state.is_narrow) {
      state.is_drawer_open = !state.is_drawer_open;
      return;
    }
    state.is_open = !state.is_open;
    try {
      localStorage.setItem(STORED, state.is_open ? 'open' : 'closed');
    } catch {
      /* lasts for this page then */
    }
  },
  show(): void {
    if (!layout.is_open) layout.toggle();
  },
  closeDrawer(): void {
    state.is_drawer_open = false;
  },
};

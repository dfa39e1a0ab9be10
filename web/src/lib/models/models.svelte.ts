/* The models a person may choose, the own favourites and the default; remembered with the person. */
import { fetchModels } from '$lib/api/connections';
import type { Model } from '$lib/api/types';
import { fetchUiSettings, saveUiSettings, type UiSettings } from '$lib/api/users';

type Phase = 'idle' | 'loading' | 'ready' | 'failed';
const LAST = 'mai.model';
const FALLBACK = 'openai/gpt-4o-mini';

const state = $state<{ phase: Phase; all: Model[]; ui: UiSettings; error: unknown }>({
  phase: 'idle',
  all: [],
  ui: {},
  error: null,
});

function last(): string | null {
  try {
    return localStorage.getItem(LAST);
  } catch {
    return null;
  }
}

async function change(part: Partial<UiSettings>): Promise<void> {
  const before = state.ui;
  state.ui = { ...before, ...part };
  try {
    await saveUiSettings(state.ui);
  } catch (error) {
    state.ui = before;
    throw error;
  }
}

export const models = {
  get phase(): Phase {
    return state.phase;
  },
  get all(): readonly Model[] {
    return state.all;
  },
  get error(): unknown {
    return state.error;
  },
  get favourites(): readonly string[] {
    return state.ui.favourite_models ?? [];
  },
  get default_id(): string | null {
    return state.ui.default_model ?? null;
  },

  async load(): Promise<void> {
    if (state.phase !== 'ready') state.phase = 'loading';
    try {
      const [list, settings] = await Promise.all([fetchModels(), fetchUiSettings().catch(() => null)]);
      state.all = list.data.filter((model) => !model.is_embedding);
      state.ui = settings?.ui ?? state.ui;
      state.phase = 'ready';
    } catch (error) {
      state.error = error;
      if (state.phase !== 'ready') state.phase = 'failed';
    }
  },

  find: (id: string | null | undefined): Model | undefined => state.all.find((model) => model.id === id),
  name: (id: string | null | undefined): string => models.find(id)?.name ?? id ?? '',

  /* For a new chat: the default, else the last one used, else a cheap well-known one, else the first. */
  preferred(): string | null {
    const wishes = [state.ui.default_model, last(), FALLBACK];
    return wishes.find((id) => id && models.find(id)) ?? state.all[0]?.id ?? null;
  },

  remember(id: string): void {
    try {
      localStorage.setItem(LAST, id);
    } catch {
      /* not important enough to tell */
    }
  },

  toggleFavourite(id: string): Promise<void> {
    const list = models.favourites;
    return change({ favourite_models: list.includes(id) ? list.filter((other) => other !== id) : [...list, id] });
  },

  makeDefault: (id: string): Promise<void> => change({ default_model: id }),
};

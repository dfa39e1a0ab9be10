/* Who is signed in, and what the server says about itself. The token is a cookie that no script can read. */
import * as auths from '$lib/api/auths';
import { ApiError, listenToApi } from '$lib/api/http';
import type { Config, Role, Session } from '$lib/api/types';
import { events } from '$lib/events/person.svelte';
import { hasOwnLocale, isLocale, setLocale } from '$lib/i18n/index.svelte';
import { navigate, route } from '$lib/router/router.svelte';
import { safeNext } from '$lib/router/match';
import { upstream } from './upstream.svelte';

interface State {
  phase: 'starting' | 'ready' | 'failed';
  config: Config | null;
  user: Session | null;
  is_expired: boolean;
}
const state = $state<State>({ phase: 'starting', config: null, user: null, is_expired: false });

const SEEN = 'mai.signed_in';

export function wasSignedIn(): boolean {
  try {
    return localStorage.getItem(SEEN) !== null;
  } catch {
    return false;
  }
}

function rememberSignedIn(is_in: boolean): void {
  try {
    if (is_in) localStorage.setItem(SEEN, '1');
    else localStorage.removeItem(SEEN);
  } catch {
    /* only a hint for speed */
  }
}

function adopt(user: Session | null): void {
  const changed = state.user?.id !== user?.id;
  if (state.user && user && state.user.role !== user.role) events.stop();
  state.user = user;
  rememberSignedIn(user?.permissions.chat ?? false);
  if (!user) return events.stop();
  state.is_expired = false;
  if (changed && isLocale(user.locale) && !hasOwnLocale()) void setLocale(user.locale);
  if (!user.must_change_password) events.start(user.id);
}

function lost(): void {
  if (!state.user) return;
  const next = route.path + location.search;
  adopt(null);
  state.is_expired = true;
  navigate(`/signin?next=${encodeURIComponent(next)}`, { replace: true });
}

async function currentUser(): Promise<Session | null> {
  try {
    return await auths.fetchSession();
  } catch (error) {
    if (error instanceof ApiError && (error.status === 401 || error.status === 403)) return null;
    throw error;
  }
}

export const session = {
  get phase(): State['phase'] {
    return state.phase;
  },
  get config(): Config | null {
    return state.config;
  },
  get user(): Session | null {
    return state.user;
  },
  get is_expired(): boolean {
    return state.is_expired;
  },
  get name(): string {
    return state.config?.name ?? 'mAI';
  },
  get role(): Role | null {
    return state.user?.role ?? null;
  },

  async start(): Promise<void> {
    state.phase = 'starting';
    try {
      const [config, user] = await Promise.all([auths.fetchConfig(), currentUser()]);
      state.config = config;
      upstream.set(config.upstream.state, config.upstream.since);
      adopt(user);
      state.phase = 'ready';
    } catch {
      state.phase = 'failed';
    }
  },

  /* After signing in or up: on to where the person wanted to go. */
  enter(user: Session): void {
    if (state.config) state.config.onboarding = false;
    adopt(user);
    const on_door = route.path === '/signin' || route.path === '/signup' || route.path.startsWith('/invite/');
    if (on_door) navigate(safeNext(route.search.get('next')), { replace: true });
  },

  async refresh(): Promise<void> {
    try {
      adopt(await auths.fetchSession());
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) lost();
    }
  },

  async leave(): Promise<void> {
    try {
      await auths.signOut();
    } finally {
      adopt(null);
      navigate('/signin', { replace: true });
    }
  },
};

listenToApi({
  onUnauthorized: lost,
  onMustChangePassword: () => {
    if (state.user) state.user.must_change_password = true;
  },
});
events.on('session:ended', lost);
events.on('connection', () => void session.refresh());

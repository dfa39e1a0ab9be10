/* What each state of a key means: its name, a sentence, and how it looks. One row per state. */
import type { KeyState } from '$lib/api/types';
import type { PlainKey } from '$lib/i18n/index.svelte';
import type { IconName } from '$lib/ui/icons';

export interface KeyStateView {
  name: PlainKey;
  text: PlainKey;
  icon: IconName;
  kind: 'plain' | 'ok' | 'warn' | 'danger' | 'accent';
}

export const KEY_STATES: Record<KeyState, KeyStateView> = {
  none: { name: 'connections.state_none', text: 'connections.state_none_text', icon: 'key', kind: 'plain' },
  checking: { name: 'connections.state_checking', text: 'connections.state_checking_text', icon: 'clock', kind: 'accent' },
  verified: { name: 'connections.state_verified', text: 'connections.state_verified_text', icon: 'check', kind: 'ok' },
  refused: { name: 'connections.state_refused', text: 'connections.state_refused_text', icon: 'close', kind: 'danger' },
  unreachable: { name: 'connections.state_unreachable', text: 'connections.state_unreachable_text', icon: 'warning', kind: 'warn' },
  'belongs to another organization': {
    name: 'connections.state_foreign',
    text: 'connections.state_foreign_text',
    icon: 'close',
    kind: 'danger',
  },
  'waiting for approval': { name: 'connections.state_approval', text: 'connections.state_approval_text', icon: 'clock', kind: 'warn' },
};

/* A state this version does not know yet is shown as the unknown it is. */
export function viewOf(state: KeyState): KeyStateView {
  return KEY_STATES[state] ?? KEY_STATES.unreachable;
}

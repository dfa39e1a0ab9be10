/* Which pages a person sees in the navigation, and where one starts. */
import type { Session } from '$lib/api/types';
import type { PlainKey } from '$lib/i18n/index.svelte';
import type { IconName } from '$lib/ui/icons';

export interface NavLink {
  href: string;
  label: PlainKey;
  icon: IconName;
}
export interface NavGroup {
  label: PlainKey;
  links: NavLink[];
}

export function groupsFor(user: Session): NavGroup[] {
  const groups: NavGroup[] = [];
  if (user.role === 'provider') {
    groups.push({
      label: 'nav.provider',
      links: [
        { href: '/provider/clients', label: 'nav.clients', icon: 'building' },
        { href: '/provider/settings', label: 'nav.provider_settings', icon: 'key' },
        { href: '/provider/system', label: 'nav.system', icon: 'server' },
      ],
    });
  }
  const personal: NavLink[] = [{ href: '/settings/account', label: 'nav.account', icon: 'user' }];
  if (user.organization) personal.push({ href: '/settings/usage', label: 'nav.usage', icon: 'chart' });
  groups.push({ label: 'nav.settings', links: personal });
  if (user.permissions.admin && user.organization) {
    personal.push({ href: '/settings/connections', label: 'nav.connections', icon: 'key' });
    groups.push({
      label: 'nav.organization',
      links: [
        { href: '/admin/users', label: 'nav.users', icon: 'users' },
        { href: '/admin/invitations', label: 'nav.invitations', icon: 'link' },
      ],
    });
  }
  return groups;
}

export function homeOf(user: Session, path: string): string {
  if (path.startsWith('/admin') && user.permissions.admin) return '/admin/users';
  if (user.role === 'provider' && !path.startsWith('/settings')) return '/provider/clients';
  return path.startsWith('/settings') || !user.permissions.chat ? '/settings/account' : '/';
}

/* Checks of forms before they are sent; the server checks again. */
import { t } from '$lib/i18n/index.svelte';

export const PASSWORD_MIN = 8;

export function checkRequired(value: string): string {
  return value.trim() === '' ? t('auth.required') : '';
}

export function checkEmail(value: string): string {
  if (value.trim() === '') return t('auth.required');
  return /^[^\s@]+@[^\s@]+$/.test(value.trim()) ? '' : t('auth.email_invalid');
}

export function checkPassword(value: string): string {
  if (value === '') return t('auth.required');
  return [...value].length < PASSWORD_MIN ? t('auth.password_short') : '';
}

/* Moves to the first field that is marked wrong. */
export function focusFirstError(form: HTMLFormElement): void {
  requestAnimationFrame(() => form.querySelector<HTMLElement>('[aria-invalid=true]')?.focus());
}

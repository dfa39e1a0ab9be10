/* A failure in words for people. The server's own sentence wins, unless there is none. */
import { t, type PlainKey } from '$lib/i18n/index.svelte';
import { ApiError } from './http';

const BY_STATUS: Record<number, PlainKey> = {
  0: 'error.network',
  403: 'error.forbidden',
  404: 'error.not_found',
  413: 'error.too_large',
  429: 'error.too_many',
};

export function errorText(error: unknown): string {
  if (!(error instanceof ApiError)) return t('error.unknown');
  if (error.message !== '') return error.message;
  const key = BY_STATUS[error.status];
  if (key) return t(key);
  return error.status >= 500 ? t('error.server') : t('error.unknown');
}

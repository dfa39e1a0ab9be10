/* Why an answer failed, as a sentence for people. The server's own sentence is kept beside it. */
import { ApiError } from '$lib/api/http';
import type { PlainKey } from '$lib/i18n/index.svelte';

const BY_CODE: Record<string, PlainKey> = {
  insufficient_quota: 'chat.error_limit',
  limit_exceeded: 'chat.error_limit',
  budget_exceeded: 'chat.error_limit',
  model_not_found: 'chat.error_model',
  context_length_exceeded: 'chat.error_size',
  rate_limit_exceeded: 'chat.error_rate',
};

const BY_STATUS: Record<number, PlainKey> = {
  0: 'chat.error_network',
  402: 'chat.error_limit',
  404: 'chat.error_model',
  413: 'chat.error_size',
  429: 'chat.error_rate',
  502: 'chat.error_upstream',
  503: 'chat.error_upstream',
  504: 'chat.error_upstream',
};

export function reasonKey(error: unknown): PlainKey {
  if (!(error instanceof ApiError)) return 'chat.error_other';
  return BY_CODE[error.code ?? ''] ?? BY_STATUS[error.status] ?? 'chat.error_other';
}

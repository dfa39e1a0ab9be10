/* One way to talk to the server. Every failure is an ApiError with a status (0: the server was not
 * reached) and the server's own sentence. Listeners hear of lost sessions and of an absent server. */

export class ApiError extends Error {
  readonly status: number;
  readonly field: string | null;
  readonly code: string | null;

  constructor(status: number, message: string, field: string | null = null, code: string | null = null) {
    super(message);
    this.name = 'ApiError';
    this.status = status;
    this.field = field;
    this.code = code;
  }
}

interface Listeners {
  onUnauthorized: () => void;
  onMustChangePassword: () => void;
  onReached: () => void;
  onUnreachable: () => void;
}

const listeners: Listeners = {
  onUnauthorized: () => {},
  onMustChangePassword: () => {},
  onReached: () => {},
  onUnreachable: () => {},
};

export function listenToApi(parts: Partial<Listeners>): void {
  Object.assign(listeners, parts);
}

type Json = Record<string, unknown>;

function isRecord(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

/* Reads both shapes of errors: {"detail"} and OpenAI's {"error":{"message"}}. */
export function errorOf(status: number, body: unknown): ApiError {
  if (!isRecord(body)) return new ApiError(status, '');
  const inner = isRecord(body['error']) ? body['error'] : {};
  const message = text(body['detail']) ?? text(inner['message']) ?? text(body['message']) ?? '';
  const code = text(body['code']) ?? text(inner['code']) ?? text(inner['type']);
  return new ApiError(status, message, text(body['field']) ?? text(inner['param']), code);
}

async function failureOf(response: Response): Promise<ApiError> {
  const body: unknown = await response.json().catch(() => null);
  return errorOf(response.status, body);
}

export interface CallOptions {
  body?: unknown;
  signal?: AbortSignal;
  /* A 401 means a wrong password here, not a lost session. */
  is_sign_in?: boolean;
  accept?: string;
}

/* The raw response of a successful call; used for streams. */
export async function send(method: string, path: string, options: CallOptions = {}): Promise<Response> {
  const headers: Record<string, string> = { Accept: options.accept ?? 'application/json' };
  if (options.body !== undefined) headers['Content-Type'] = 'application/json';
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      headers,
      body: options.body === undefined ? undefined : JSON.stringify(options.body),
      signal: options.signal,
      credentials: 'same-origin',
      cache: 'no-store',
    });
  } catch (error) {
    if (options.signal?.aborted) throw error;
    listeners.onUnreachable();
    throw new ApiError(0, '');
  }
  listeners.onReached();
  if (response.ok) return response;
  const failure = await failureOf(response);
  if (failure.status === 401 && !options.is_sign_in) listeners.onUnauthorized();
  if (failure.code === 'must_change_password') listeners.onMustChangePassword();
  throw failure;
}

/* The answer's JSON. The caller names its type; the contract is docs/openapi.yaml. */
export async function call<T>(method: string, path: string, options: CallOptions = {}): Promise<T> {
  const response = await send(method, path, options);
  if (response.status === 204) return undefined as T;
  return (await response.json()) as T;
}

export const get = <T>(path: string, signal?: AbortSignal): Promise<T> => call<T>('GET', path, { signal });
export const post = <T>(path: string, body?: unknown): Promise<T> => call<T>('POST', path, { body: body ?? {} });
export const patch = <T>(path: string, body: unknown): Promise<T> => call<T>('PATCH', path, { body });
export const remove = <T>(path: string): Promise<T> => call<T>('DELETE', path);

export function query(parts: Record<string, string | number | null | undefined>): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(parts)) {
    if (value !== null && value !== undefined && value !== '') search.set(name, String(value));
  }
  const out = search.toString();
  return out === '' ? '' : `?${out}`;
}

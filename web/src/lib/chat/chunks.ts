/* One event of a streamed completion (OpenAI's chunk), reduced to what the page needs. Foreign bytes:
 * everything is checked, nothing is trusted. */
import { errorOf, type ApiError } from '$lib/api/http';
import type { TokenUsage } from '$lib/api/types';

export interface Piece {
  content: string;
  reasoning: string;
  usage: TokenUsage | null;
  error: ApiError | null;
}

type Json = Record<string, unknown>;
const isRecord = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value);
const text = (value: unknown): string => (typeof value === 'string' ? value : '');
const count = (value: unknown): number => (typeof value === 'number' && Number.isFinite(value) ? value : 0);

export function usageOf(value: unknown): TokenUsage | null {
  if (!isRecord(value)) return null;
  const cost = value['cost'];
  return {
    prompt_tokens: count(value['prompt_tokens']),
    completion_tokens: count(value['completion_tokens']),
    total_tokens: count(value['total_tokens']),
    cost: typeof cost === 'number' ? cost : null,
  };
}

function failureOf(value: unknown): ApiError | null {
  if (!isRecord(value)) return null;
  const code = value['code'];
  const status = typeof code === 'number' ? code : Number.parseInt(text(code), 10) || 500;
  return errorOf(status, { error: value });
}

export function pieceOf(data: string): Piece | null {
  let json: unknown;
  try {
    json = JSON.parse(data);
  } catch {
    return null;
  }
  if (!isRecord(json)) return null;
  const choice: unknown = Array.isArray(json['choices']) ? json['choices'][0] : null;
  const holder = isRecord(choice) ? (choice['delta'] ?? choice['message']) : null;
  const delta = isRecord(holder) ? holder : {};
  return {
    content: text(delta['content']),
    reasoning: text(delta['reasoning']) || text(delta['reasoning_content']),
    usage: usageOf(json['usage']),
    error: failureOf(json['error']),
  };
}

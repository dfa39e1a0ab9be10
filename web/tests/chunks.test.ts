import { describe, expect, it } from 'vitest';
import { errorOf } from '../src/lib/api/http';
import { pieceOf, usageOf } from '../src/lib/chat/chunks';
import { reasonKey } from '../src/lib/chat/reasons';

describe('pieces of a stream', () => {
  it('reads content, reasoning and usage', () => {
    expect(pieceOf('{"choices":[{"delta":{"content":"a"}}]}')?.content).toBe('a');
    expect(pieceOf('{"choices":[{"delta":{"reasoning":"r"}}]}')?.reasoning).toBe('r');
    expect(pieceOf('{"choices":[{"delta":{"reasoning_content":"r"}}]}')?.reasoning).toBe('r');
    expect(pieceOf('{"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3,"cost":0.5}}')?.usage).toEqual({
      prompt_tokens: 1, completion_tokens: 2, total_tokens: 3, cost: 0.5,
    });
    expect(pieceOf('{"choices":[{"message":{"content":"whole"}}]}')?.content).toBe('whole');
  });

  it.each(['', 'null', '1', '[]', '"x"', '{', '{"choices":3}', '{"choices":[null]}', '{"choices":[{"delta":7}]}', '{"choices":[{"delta":{"content":5}}]}'])(
    'survives %s',
    (data) => {
      expect(pieceOf(data)?.content ?? '').toBe('');
    },
  );

  it('knows that a missing cost is not zero', () => {
    expect(usageOf({ total_tokens: 3 })?.cost).toBeNull();
    expect(usageOf({ total_tokens: 3, cost: 0 })?.cost).toBe(0);
    expect(usageOf(null)).toBeNull();
  });

  it('turns an error in the stream into a failure', () => {
    const error = pieceOf('{"error":{"code":502,"message":"Provider disconnected"},"choices":[{"delta":{"content":""}}]}')?.error;
    expect(error?.status).toBe(502);
    expect(error?.message).toBe('Provider disconnected');
    expect(reasonKey(error)).toBe('chat.error_upstream');
  });
});

describe('errors of the server', () => {
  it('reads both shapes', () => {
    expect(errorOf(422, { detail: 'Taken.', field: 'email' })).toMatchObject({ status: 422, message: 'Taken.', field: 'email' });
    expect(errorOf(402, { error: { message: 'Limit.', type: 'insufficient_quota', code: 'insufficient_quota' } })).toMatchObject({
      message: 'Limit.', code: 'insufficient_quota',
    });
    expect(errorOf(403, { detail: 'Change it.', code: 'must_change_password' }).code).toBe('must_change_password');
    expect(errorOf(500, '<html>')).toMatchObject({ status: 500, message: '' });
  });

  it('gives a plain reason', () => {
    expect(reasonKey(errorOf(402, {}))).toBe('chat.error_limit');
    expect(reasonKey(errorOf(404, {}))).toBe('chat.error_model');
    expect(reasonKey(errorOf(503, {}))).toBe('chat.error_upstream');
    expect(reasonKey(new Error('x'))).toBe('chat.error_other');
  });
});

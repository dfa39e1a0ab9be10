import { describe, expect, it } from 'vitest';
import { readEvents, SseParser, type ServerEvent } from '../src/lib/sse/parser';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function parse(parts: Uint8Array[]): ServerEvent[] {
  const out: ServerEvent[] = [];
  const parser = new SseParser((event) => out.push(event));
  for (const part of parts) parser.push(part);
  return out;
}

const STREAMS: [string, string, string[]][] = [
  ['plain', 'data: a\n\ndata: b\n\n', ['a', 'b']],
  ['CRLF', 'data: a\r\n\r\ndata: b\r\n\r\n', ['a', 'b']],
  ['CR', 'data: a\r\rdata: b\r\r', ['a', 'b']],
  ['comments', ': OPENROUTER PROCESSING\n\ndata: a\n\n: keep\n\n', ['a']],
  ['several lines', 'data: a\ndata: b\n\n', ['a\nb']],
  ['no space', 'data:a\n\n', ['a']],
  ['two spaces', 'data:  a\n\n', [' a']],
  ['empty data', 'data\n\n', ['']],
  ['unfinished', 'data: a\n\ndata: lost\n', ['a']],
  ['other fields', 'event: x\nid: 7\nretry: 10\nfoo: bar\ndata: a\n\n', ['a']],
  ['letters of many bytes', 'data: zażółć 🚀 gęślą\n\n', ['zażółć 🚀 gęślą']],
  ['JSON', 'data: {"choices":[{"delta":{"content":"a: b"}}]}\n\ndata: [DONE]\n\n', ['{"choices":[{"delta":{"content":"a: b"}}]}', '[DONE]']],
];

describe('SseParser', () => {
  it.each(STREAMS)('reads %s whole', (_name, text, want) => {
    expect(parse([bytes(text)]).map((event) => event.data)).toEqual(want);
  });

  it.each(STREAMS)('reads %s split at every byte', (_name, text, want) => {
    const all = bytes(text);
    for (let at = 0; at <= all.length; at++) {
      expect(parse([all.slice(0, at), all.slice(at)]).map((event) => event.data)).toEqual(want);
    }
  });

  it.each(STREAMS)('reads %s byte by byte', (_name, text, want) => {
    expect(parse([...bytes(text)].map((byte) => Uint8Array.of(byte))).map((event) => event.data)).toEqual(want);
  });

  it('keeps the name and the id of an event', () => {
    expect(parse([bytes('event: usage\nid: 7\ndata: a\n\ndata: b\n\n')])).toEqual([
      { event: 'usage', data: 'a', id: '7' },
      { event: 'message', data: 'b', id: '7' },
    ]);
  });
});

describe('readEvents', () => {
  it('reads a response to its end', async () => {
    const seen: string[] = [];
    await readEvents(new Response('data: a\n\ndata: [DONE]\n\n'), (event) => seen.push(event.data));
    expect(seen).toEqual(['a', '[DONE]']);
  });

  it('rejects when the connection breaks', async () => {
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(bytes('data: a\n\n'));
        controller.error(new TypeError('network error'));
      },
    });
    await expect(readEvents(new Response(body), () => {})).rejects.toThrow('network error');
  });
});

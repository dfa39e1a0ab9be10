/* One endless event stream with reconnecting. A silent stream is a dead one: the server sends a comment
 * every 15 seconds, so 40 without a byte mean a new connection. */
import { ApiError, send } from '$lib/api/http';
import { SseParser } from '$lib/sse/parser';

const SILENCE_MS = 40_000;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 20_000;

export interface StreamHandlers {
  onOpen: () => void;
  onData: (data: string) => void;
  onLost: () => void;
}

async function readOnce(path: string, signal: AbortSignal, handlers: StreamHandlers): Promise<void> {
  const stop = new AbortController();
  const onAbort = (): void => stop.abort();
  signal.addEventListener('abort', onAbort);
  let timer = setTimeout(onAbort, SILENCE_MS);
  try {
    const response = await send('GET', path, { signal: stop.signal, accept: 'text/event-stream' });
    const reader = response.body?.getReader();
    if (!reader) return;
    handlers.onOpen();
    const parser = new SseParser((event) => handlers.onData(event.data));
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      clearTimeout(timer);
      timer = setTimeout(onAbort, SILENCE_MS);
      parser.push(value);
    }
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
  }
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true });
  });
}

/* Runs until the signal. Ends early when the session is gone, because asking again cannot help. */
export async function keepReading(path: string, signal: AbortSignal, handlers: StreamHandlers): Promise<void> {
  let pause = FIRST_PAUSE_MS;
  while (!signal.aborted) {
    const began = Date.now();
    try {
      await readOnce(path, signal, handlers);
    } catch (error) {
      if (error instanceof ApiError && (error.status === 401 || error.status === 403)) return;
    }
    if (signal.aborted) return;
    handlers.onLost();
    pause = Date.now() - began > 10_000 ? FIRST_PAUSE_MS : Math.min(pause * 2, LONGEST_PAUSE_MS);
    await sleep(pause * (0.75 + Math.random() / 2), signal);
  }
}
